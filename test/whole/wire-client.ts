/** A client that knows nothing but the wire: it keeps every frame, checks its shape, and lets a test await them one by one. */
import { randomUUID } from "node:crypto"
import type { IncomingMessage } from "node:http"
import { inflateRawSync } from "node:zlib"
import { type JWTPayload, SignJWT } from "jose"
import { WebSocket } from "ws"
import { DEV_ADMIN_KEY, DEV_SECRET } from "./service.ts"
import {
  type Entry,
  type FrameOf,
  type FrameType,
  frameSchema,
  Picture,
  type RoomFrame,
  type Stats,
  statsSchema,
  violations,
} from "./wire-frames.ts"

const FRAME_LIMIT_MS = 6000
/** How long a client waits for the transport's end after a Close frame; locally it may come 10 s late. */
const CLOSE_LIMIT_MS = 400

export const EVERYTHING = ["subscribe", "presence", "message"] as const

export type Where = { readonly url: string }

export type Asking = {
  readonly room: string
  /** The token's `sub`. */
  readonly member?: string
  /** Laid over the usual claims; one that is undefined is left out of the token. */
  readonly claims?: Readonly<Record<string, unknown>>
  /** Instead of a token made from `member` and `claims`; null sends none at all. */
  readonly token?: string | null
  readonly session?: string
  /** Where the token travels; the subprotocol when left out. */
  readonly by?: "subprotocol" | "header" | "query"
  readonly headers?: Readonly<Record<string, string>>
  /** Offers `rollcall.v1.deflate` as well. */
  readonly deflate?: boolean
  /** Offers the WebSocket's own compression. */
  readonly perMessageDeflate?: boolean
  /** More of the query. */
  readonly query?: Readonly<Record<string, string>>
  readonly closeLimitMs?: number
}

export type End = { readonly code: number; readonly reason: string }
type Answer = FrameOf<"ack"> | FrameOf<"error">
type Waiter = { readonly wake: () => void }

let rooms = 0
/** A name that no other test uses. */
export function freshRoom(): string {
  return `room-${process.pid}-${++rooms}-${randomUUID().slice(0, 8)}`
}

export async function tokenFor(member: string, claims: Asking["claims"] = {}, secret = DEV_SECRET, alg = "HS256"): Promise<string> {
  const usual = { sub: member, exp: Math.floor(Date.now() / 1000) + 3600, rooms: { "*": EVERYTHING } }
  const payload: JWTPayload = { ...usual, ...claims }
  for (const name of Object.keys(payload)) if (payload[name] === undefined) delete payload[name]
  return new SignJWT(payload).setProtectedHeader({ alg }).sign(new TextEncoder().encode(secret))
}

export async function statsOf(where: Where, room: string): Promise<Stats> {
  const response = await fetch(`${where.url}/v1/admin/rooms/${room}`, { headers: { authorization: `Bearer ${DEV_ADMIN_KEY}` } })
  const body: unknown = await response.json()
  if (response.status !== 200) throw new Error(`stats: ${response.status} ${JSON.stringify(body)}`)
  return statsSchema.parse(body)
}

/** The upgrade request as a socket of `ws`, not yet open. */
export async function dial(where: Where, asking: Asking): Promise<WebSocket> {
  const { room, member = "anna", claims, session, by = "subprotocol", headers = {}, closeLimitMs = CLOSE_LIMIT_MS } = asking
  const token = asking.token === undefined ? await tokenFor(member, claims) : asking.token
  const url = new URL(`${where.url.replace("http", "ws")}/v1/rooms/${room}/connect`)
  for (const [name, value] of Object.entries(asking.query ?? {})) url.searchParams.set(name, value)
  if (session !== undefined) url.searchParams.set("session", session)
  if (by === "query" && token !== null) url.searchParams.set("token", token)
  const protocols = [
    ...(asking.deflate === true ? ["rollcall.v1.deflate"] : []),
    "rollcall.v1",
    ...(by === "subprotocol" && token !== null ? [`token.${token}`] : []),
  ]
  const authorization = by === "header" && token !== null ? { authorization: `Bearer ${token}` } : {}
  const options = {
    perMessageDeflate: asking.perMessageDeflate === true,
    headers: { ...authorization, ...headers },
    closeTimeout: closeLimitMs,
  }
  return new WebSocket(url, protocols, options)
}

/** Connected, and welcomed. */
export async function connect(where: Where, asking: Asking): Promise<WireClient> {
  const socket = await dial(where, asking)
  const client = new WireClient(socket, asking.member ?? "anna")
  await new Promise<void>((resolve, reject) => {
    socket.once("open", () => resolve())
    socket.once("unexpected-response", (_, response: IncomingMessage) => {
      let body = ""
      response.on("data", (chunk: Buffer) => {
        body += chunk.toString()
      })
      response.on("end", () => reject(new Error(`the upgrade was refused with ${response.statusCode}: ${body.slice(0, 500)}`)))
    })
    socket.once("error", reject)
  })
  await client.until(() => client.frames[0]?.type === "welcome", "the welcome")
  return client
}

/** Connected and entered, with the presence frame that says so behind it. */
export async function enter(where: Where, asking: Asking, data: Record<string, unknown> = {}): Promise<WireClient> {
  const client = await connect(where, asking)
  await client.enter(data)
  return client
}

export class WireClient {
  /** Every text as it came, `pong` included. */
  readonly texts: string[] = []
  /** When each of `frames` came, in milliseconds since 1970. */
  readonly times: number[] = []
  readonly frames: RoomFrame[] = []
  readonly picture = new Picture()
  /** How many of them came compressed. */
  deflatedFrames = 0
  readonly member: string
  readonly socket: WebSocket
  #end: End | null = null
  #taken = new Set<RoomFrame>()
  #leaves = new Map<number, number>()
  #waiters = new Set<Waiter>()
  #requests = 0

  constructor(socket: WebSocket, member: string) {
    this.socket = socket
    this.member = member
    socket.on("message", (raw, isBinary) => {
      const isDeflated = isBinary && socket.protocol === "rollcall.v1.deflate"
      if (isDeflated) this.deflatedFrames++
      if (isDeflated && raw instanceof Buffer) this.#receive(inflateRawSync(raw).toString(), false)
      else this.#receive(raw.toString(), isBinary)
    })
    socket.on("close", (code, reason) => {
      this.#end = { code, reason: reason.toString() }
      this.#wake()
    })
    // What went wrong shows in the close that follows.
    socket.on("error", () => {})
  }

  get welcome(): FrameOf<"welcome"> {
    const first = this.frames[0]
    if (first?.type !== "welcome") throw new Error(`the first frame is ${JSON.stringify(first)}, not a welcome`)
    return first
  }

  get ref(): number {
    return this.welcome.ref
  }

  get isOpen(): boolean {
    return this.#end === null && this.socket.readyState === WebSocket.OPEN
  }

  send(frame: object): void {
    this.socket.send(JSON.stringify(frame))
  }

  sendText(text: string): void {
    this.socket.send(text)
  }

  /** Sends with a fresh `id`, and awaits what answers it. */
  async request(frame: object, within = FRAME_LIMIT_MS): Promise<Answer> {
    const id = ++this.#requests
    this.send({ ...frame, id })
    return this.#answer(id, within)
  }

  /** A request that is expected to succeed. */
  async ask(frame: object): Promise<void> {
    const answer = await this.request(frame)
    if (answer.type !== "ack") throw new Error(`${JSON.stringify(frame).slice(0, 200)} was answered by ${JSON.stringify(answer)}`)
  }

  /** A request that is expected to be refused; gives the code. */
  async refused(frame: object): Promise<string> {
    const answer = await this.request(frame)
    if (answer.type !== "error") throw new Error(`${JSON.stringify(frame).slice(0, 200)} was not refused`)
    return answer.code
  }

  /** Enters, and waits until the room has said so to this client. */
  async enter(data: Record<string, unknown> = {}): Promise<void> {
    const heard = this.frames.length
    await this.ask({ type: "enter", data })
    const told = () =>
      this.frames.slice(heard).some((frame) => frame.type === "presence" && frame.enter?.some(({ ref }) => ref === this.ref))
    await this.until(told, "an entry of its own")
  }

  /** The whole room as the room tells it now, sorted by ref. */
  async sync(): Promise<Entry[]> {
    this.send({ type: "sync" })
    const { present } = await this.next("sync")
    return [...present].sort((a, b) => a.ref - b.ref)
  }

  /** The first frame of this type, of those that `next` has not given yet, for which `where` holds; waits for it. */
  async next<T extends FrameType>(
    type: T,
    where: (frame: FrameOf<T>) => boolean = () => true,
    within = FRAME_LIMIT_MS,
  ): Promise<FrameOf<T>> {
    const find = () => this.all(type).find((frame) => !this.#taken.has(frame) && where(frame))
    await this.until(() => find() !== undefined, `a frame ${type}`, within)
    const frame = find()
    if (frame === undefined) throw new Error("lost")
    this.#taken.add(frame)
    return frame
  }

  /** Waits until this ref is told to leave, once more than was asked for before, and gives the reason. */
  async leaveOf(ref: number, within = FRAME_LIMIT_MS): Promise<string> {
    const asked = this.#leaves.get(ref) ?? 0
    this.#leaves.set(ref, asked + 1)
    const reason = () =>
      this.all("presence").flatMap(({ leave = [] }) => leave.flatMap(([left, why]) => (left === ref ? [why] : [])))[asked]
    await this.until(() => reason() !== undefined, `leave of ${ref}`, within)
    return reason() ?? ""
  }

  /** All frames of a type until now. */
  all<T extends FrameType>(type: T): FrameOf<T>[] {
    return this.frames.filter((frame): frame is FrameOf<T> => frame.type === type)
  }

  /** The presence frames that name this ref, as they came. */
  presenceOf(ref: number): FrameOf<"presence">[] {
    return this.all("presence").filter(
      ({ enter = [], leave = [], update = {}, status = {} }) =>
        enter.some((entry) => entry.ref === ref) || leave.some(([left]) => left === ref) || String(ref) in update || String(ref) in status,
    )
  }

  /** Waits until the condition holds, looking again at every frame and at the end of the connection. */
  async until(condition: () => boolean, what: string, within = FRAME_LIMIT_MS): Promise<void> {
    const limit = Date.now() + within
    while (!condition()) {
      const left = limit - Date.now()
      if (left <= 0 || this.#end !== null || violations.length > 0) throw new Error(this.#missing(what, within))
      await new Promise<void>((resolve) => {
        const timer = setTimeout(wake, Math.min(left, 1000))
        const waiter = { wake }
        this.#waiters.add(waiter)
        const forget = () => this.#waiters.delete(waiter)
        function wake() {
          clearTimeout(timer)
          forget()
          resolve()
        }
      })
    }
  }

  /** Waits for `pong` number `count`. */
  async pongs(count: number): Promise<void> {
    await this.until(() => this.texts.filter((text) => text === "pong").length >= count, "a pong")
  }

  /** `bye`, then the Close frame: the same code in both, which is given, with the reason. */
  async ended(within = FRAME_LIMIT_MS): Promise<End> {
    const bye = await this.next("bye", undefined, within)
    const end = await this.closed()
    if (end.code !== bye.code) throw new Error(`bye said ${bye.code}, the Close frame ${end.code}`)
    return bye
  }

  /** The end of the connection, by whomever. */
  async closed(within = FRAME_LIMIT_MS): Promise<End> {
    const limit = Date.now() + within
    while (this.#end === null) {
      if (Date.now() > limit) throw new Error(this.#missing("the end of the connection", within))
      await new Promise((resolve) => setTimeout(resolve, 10))
    }
    return this.#end
  }

  /** A goodbye, or with another code an end that may be resumed; without a code, 1005. */
  async close(code?: number): Promise<End> {
    this.socket.close(code)
    return this.closed()
  }

  /** The transport dies without a word: 1006. */
  async drop(): Promise<void> {
    this.socket.terminate()
    await this.closed()
  }

  async #answer(id: number, within: number): Promise<Answer> {
    const find = () => this.frames.find((frame): frame is Answer => (frame.type === "ack" || frame.type === "error") && frame.id === id)
    await this.until(() => find() !== undefined, `an answer to ${id}`, within)
    const answer = find()
    if (answer === undefined) throw new Error("lost")
    return answer
  }

  #receive(text: string, isBinary: boolean): void {
    this.texts.push(text)
    if (text !== "pong") {
      const parsed = frameSchema.safeParse(isBinary ? null : JSON.parse(text))
      if (parsed.success) this.#take(parsed.data)
      else violations.push(`${text.slice(0, 300)}: ${parsed.error.message}`)
    }
    this.#wake()
  }

  #take(frame: RoomFrame): void {
    this.frames.push(frame)
    this.times.push(Date.now())
    if (frame.type === "welcome" || frame.type === "sync") this.picture.replace(frame.present)
    if (frame.type === "presence") this.picture.apply(frame)
  }

  #wake(): void {
    for (const waiter of this.#waiters) waiter.wake()
  }

  #missing(what: string, within: number): string {
    const last = this.texts.slice(-6).map((text) => text.slice(0, 300))
    return `${this.member}: no ${what} within ${within} ms; closed: ${JSON.stringify(this.#end)}; last: ${last.join(" ")}; faults: ${violations.length}`
  }
}

/** Lets a bounded time pass where the claim is that nothing comes. */
export async function silence(ms: number): Promise<void> {
  await new Promise((resolve) => setTimeout(resolve, ms))
}
