/**
 * The peer `naive`: presence on a bare Durable Object that hibernates, and no more: sockets, an attachment for each, one frame
 * for each change to each member, and pings that the runtime answers. Below `/bare/` is the peer `bare`: the same, except that
 * nobody is told who comes, goes or is here, so that a connection to it takes the platform's share and nothing else.
 */
import { DurableObject } from "cloudflare:workers"

type Member = { readonly id: string; readonly n: string; readonly c: string; readonly x: unknown; readonly y: unknown }
type Update = { readonly type?: string; readonly x?: unknown; readonly y?: unknown }
type Env = { readonly Room: DurableObjectNamespace<Room> }

const BARE = "/bare/"

export class Room extends DurableObject<Env> {
  constructor(ctx: DurableObjectState, env: Env) {
    super(ctx, env)
    ctx.setWebSocketAutoResponse(new WebSocketRequestResponsePair("ping", "pong"))
  }

  override fetch(request: Request): Response {
    const { pathname, searchParams } = new URL(request.url)
    const text = (name: string) => searchParams.get(name) ?? ""
    const { 0: client, 1: socket } = new WebSocketPair()
    const member: Member = { id: text("_pk"), n: text("n"), c: text("c"), x: 0, y: 0 }
    this.ctx.acceptWebSocket(socket)
    socket.serializeAttachment(member)
    const response = new Response(null, { status: 101, webSocket: client })
    if (pathname.startsWith(BARE)) {
      socket.send('{"type":"sync","n":0,"members":[]}')
      return response
    }
    const members: Member[] = this.ctx.getWebSockets().map((each) => each.deserializeAttachment())
    socket.send(`{"type":"sync","n":${members.length},"members":${JSON.stringify(members)}}`)
    this.#broadcast({ type: "join", id: member.id, state: member }, socket)
    return response
  }

  override webSocketMessage(socket: WebSocket, message: string | ArrayBuffer): void {
    const { type, x, y }: Update = JSON.parse(String(message))
    if (type !== "update") return
    const member: Member = socket.deserializeAttachment()
    socket.serializeAttachment({ ...member, x, y })
    this.#broadcast({ type, id: member.id, x, y }, socket)
  }

  override webSocketClose(socket: WebSocket): void {
    const { id }: Member = socket.deserializeAttachment()
    this.#broadcast({ type: "leave", id }, socket)
    socket.close()
  }

  #broadcast(frame: object, except: WebSocket): void {
    const text = JSON.stringify(frame)
    for (const socket of this.ctx.getWebSockets()) if (socket !== except && socket.readyState === WebSocket.OPEN) socket.send(text)
  }
}

export default {
  fetch(request, env) {
    const { pathname } = new URL(request.url)
    return pathname === "/" ? new Response("ok") : env.Room.getByName(pathname).fetch(request)
  },
} satisfies ExportedHandler<Env>
