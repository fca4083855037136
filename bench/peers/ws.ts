/**
 * The peer `ws`: presence as it is mostly written on bare ws in Node. JSON, one frame for each change to each member,
 * encoded once. What a frame to a socket costs Node is its floor.
 */
import { createServer } from "node:http"
import { type RawData, WebSocket, WebSocketServer } from "ws"
import { isRecord } from "../adapters/adapter.ts"

type Member = {
  readonly id: string
  readonly socket: WebSocket
  readonly name: string
  readonly color: string
  x: unknown
  y: unknown
}

const rooms = new Map<string, Set<Member>>()
const http = createServer((_, response) => response.end("ok"))
const server = new WebSocketServer({ server: http, perMessageDeflate: false, maxPayload: 65_536 })

server.on("connection", (socket, request) => {
  const { pathname, searchParams } = new URL(request.url ?? "/", "http://localhost")
  const text = (name: string) => searchParams.get(name) ?? ""
  const member: Member = { id: text("_pk"), socket, name: text("n"), color: text("c"), x: 0, y: 0 }
  const room = rooms.get(pathname) ?? new Set()
  rooms.set(pathname, room)
  room.add(member)
  const members = Array.from(room, described)
  socket.send(`{"type":"sync","n":${members.length},"members":${JSON.stringify(members)}}`)
  broadcast(room, { type: "join", id: member.id, state: described(member) }, member)
  socket.on("message", (data) => heard(room, member, data))
  socket.on("close", () => {
    room.delete(member)
    if (room.size === 0) rooms.delete(pathname)
    else broadcast(room, { type: "leave", id: member.id }, member)
  })
  socket.on("error", () => socket.terminate())
})

function heard(room: ReadonlySet<Member>, member: Member, data: RawData): void {
  const text = data.toString()
  if (text === "ping") {
    member.socket.send("pong")
    return
  }
  const frame: unknown = JSON.parse(text)
  if (!isRecord(frame) || frame["type"] !== "update") return
  const { x, y } = frame
  member.x = x
  member.y = y
  broadcast(room, { type: "update", id: member.id, x, y }, member)
}

function described({ id, name, color, x, y }: Member): object {
  return { id, n: name, c: color, x, y }
}

function broadcast(room: ReadonlySet<Member>, frame: object, except: Member): void {
  const text = Buffer.from(JSON.stringify(frame))
  for (const member of room) {
    if (member !== except && member.socket.readyState === WebSocket.OPEN) member.socket.send(text, { binary: false })
  }
}

http.listen(Number(process.env["PORT"]), "127.0.0.1", 4096)
