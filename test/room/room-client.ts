/** A client of a room inside workerd: it speaks through the Worker, as all do, and keeps the picture that its frames draw. */
import { evictDurableObject, runDurableObjectAlarm } from "cloudflare:test"
import { env, exports } from "cloudflare:workers"
import { expect, vi } from "vitest"
import type { Entry, JsonObject, RoomFrame } from "../../src/protocol/frames.ts"
import { PONG } from "../../src/protocol/names.ts"
import type { Room } from "../../src/room/room.ts"
import { type Claims, mintToken } from "../../src/token/token.ts"

const SECRET = "test-token-secret-test-token-secret"
export const HOUR = 3_600_000

type FrameOf<T extends RoomFrame["type"]> = Extract<RoomFrame, { type: T }>

export function stubOf(room: string): DurableObjectStub<Room> {
  return env.ROOM.getByName(room)
}

/** Hibernates the room now, as ten idle seconds would. */
export async function hibernate(room: string): Promise<void> {
  await evictDurableObject(stubOf(room))
}

/** Kills the room: its sockets end, and no handler of its runs. */
export async function crash(room: string): Promise<void> {
  await evictDurableObject(stubOf(room), { webSockets: "close" })
}

export async function runAlarm(room: string): Promise<void> {
  await runDurableObjectAlarm(stubOf(room))
}

let rooms = 0
/** A room that no other test uses. */
export function newRoom(): string {
  return `room-${++rooms}-${crypto.randomUUID()}`
}

export function tokenFor(member: string, claims: Partial<Claims> = {}): Promise<string> {
  const exp = Math.floor((Date.now() + HOUR) / 1000)
  const all: Claims = { sub: member, exp, info: { name: member }, rooms: { "*": ["subscribe", "presence", "message"] }, ...claims }
  return mintToken(all, SECRET)
}

export async function requestConnect(room: string, token: string, session?: string, view = "full", have?: number): Promise<Response> {
  const query = new URLSearchParams({
    view,
    ...(session === undefined ? {} : { session }),
    ...(have === undefined ? {} : { have: String(have) }),
  })
  return exports.default.fetch(`https://rollcall.test/v1/rooms/${room}/connect?${query}`, {
    headers: { upgrade: "websocket", "sec-websocket-protocol": `rollcall.v1, token.${token}` },
  })
}

export type RoomClient = {
  readonly welcome: FrameOf<"welcome">
  readonly frames: RoomFrame[]
  /** What the frames say so far: entries by ref. */
  readonly picture: Map<number, Entry>
  /** The code of its close, once it is closed. */
  readonly closed: { code: number | null }
  send(frame: JsonObject | string | ArrayBuffer): void
  /** Sends a request and awaits its ack or error. */
  ask(frame: JsonObject): Promise<FrameOf<"ack"> | FrameOf<"error">>
  next<T extends RoomFrame["type"]>(type: T, fits?: (frame: FrameOf<T>) => boolean): Promise<FrameOf<T>>
  /** The room's own word on who is present, by asking. */
  sync(): Promise<Entry[]>
  /** Texts that are no frames: the runtime's `pong`. */
  onText(heard: (text: string) => void): void
  close(code?: number): void
}

export async function connect(
  room: string,
  member: string,
  options: { session?: string; view?: string; have?: number; claims?: Partial<Claims> } = {},
): Promise<RoomClient> {
  const response = await requestConnect(room, await tokenFor(member, options.claims), options.session, options.view, options.have)
  const socket = response.webSocket
  if (socket === null) throw new Error(`refused with ${response.status}: ${await response.text()}`)
  const frames: RoomFrame[] = []
  const picture = new Map<number, Entry>()
  const closed: { code: number | null } = { code: null }
  let hear: (text: string) => void = () => undefined
  socket.addEventListener("message", ({ data }) => {
    if (data === PONG) {
      hear(data)
      return
    }
    const frame: RoomFrame = JSON.parse(String(data))
    frames.push(frame)
    apply(picture, frame)
  })
  socket.addEventListener("close", ({ code }) => {
    closed.code = code
  })
  socket.accept()
  let lastId = 0
  let read = 0
  const next: RoomClient["next"] = async (type, fits = () => true) => {
    let found: ReturnType<typeof find<typeof type>>
    const from = read
    await vi.waitFor(() => {
      found = find(frames, type, fits, from)
      if (found === undefined) throw new Error(`no ${type} in ${JSON.stringify(frames.slice(from))}`)
    }, WAIT)
    if (found === undefined) throw new Error(`no ${type}`)
    read = found.at + 1
    return found.frame
  }
  const send: RoomClient["send"] = (frame) =>
    socket.send(typeof frame === "string" || frame instanceof ArrayBuffer ? frame : JSON.stringify(frame))
  const ask: RoomClient["ask"] = async (frame) => {
    const id = ++lastId
    send({ ...frame, id })
    return vi.waitFor(() => {
      const answer = frames.find((told) => (told.type === "ack" || told.type === "error") && told.id === id)
      if (answer?.type !== "ack" && answer?.type !== "error") throw new Error(`no answer to ${JSON.stringify(frame)}`)
      return answer
    }, WAIT)
  }
  const welcome = await next("welcome")
  return {
    welcome,
    frames,
    picture,
    closed,
    send,
    ask,
    next,
    async sync() {
      const before = frames.length
      // A large room is not sent again at once: then it is asked again.
      await vi.waitFor(async () => expect((await ask({ type: "sync" })).type).toBe("ack"), { timeout: 5000, interval: 100 })
      const told = find(frames, "sync", () => true, before)
      if (told === undefined) throw new Error("no sync")
      return told.frame.present
    },
    onText: (heard) => {
      hear = heard
    },
    close: (code) => socket.close(code),
  }
}

const WAIT = { timeout: 3000, interval: 2 }

function find<T extends RoomFrame["type"]>(frames: readonly RoomFrame[], type: T, fits: (frame: FrameOf<T>) => boolean, from: number) {
  for (let at = from; at < frames.length; at++) {
    const frame = frames[at]
    if (frame !== undefined && isOf(frame, type) && fits(frame)) return { frame, at }
  }
  return undefined
}

function isOf<T extends RoomFrame["type"]>(frame: RoomFrame, type: T): frame is FrameOf<T> {
  return frame.type === type
}

/** In one frame `leave` applies first, then `enter`, `update` and `status`; an unknown ref is ignored. */
function apply(picture: Map<number, Entry>, frame: RoomFrame): void {
  if ((frame.type === "welcome" || frame.type === "sync") && frame.present !== undefined) {
    picture.clear()
    for (const entry of frame.present) picture.set(entry.ref, entry)
  }
  if (frame.type !== "presence") return
  for (const [ref] of frame.leave ?? []) picture.delete(ref)
  for (const entry of frame.enter ?? []) picture.set(entry.ref, entry)
  for (const [key, patch] of Object.entries(frame.update ?? {})) {
    const entry = picture.get(Number(key))
    if (entry === undefined) continue
    const data = Object.fromEntries(Object.entries({ ...entry.data, ...patch }).filter(([, value]) => value !== null))
    picture.set(entry.ref, { ...entry, data })
  }
  for (const [key, status] of Object.entries(frame.status ?? {})) {
    const entry = picture.get(Number(key))
    if (entry !== undefined) picture.set(entry.ref, { ...entry, status })
  }
}
