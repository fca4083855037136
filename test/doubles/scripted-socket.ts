/**
 * A service in memory, for tests of what stands on the client: its `WebSocket` speaks the contract's frames and answers as a room would.
 * Frames of the client that the contract does not know make the test fail. What the room says by itself, the test says for it.
 */
import type { ClientOptions } from "../../src/client/index.ts"
import { applyPatch } from "../../src/core/patch.ts"
import type { ClientFrame, Entry, JsonObject, PresenceFrame, RoomFrame } from "../../src/protocol/frames.ts"
import { parseClientFrame } from "../../src/protocol/parse.ts"

type SocketConstructor = NonNullable<ClientOptions["WebSocket"]>
type SocketLike = InstanceType<SocketConstructor>

const MAX_FRAME_BYTES = 16_384

export class ScriptedService {
  /** Each that was ever made, in order. */
  readonly sockets: ScriptedSocket[] = []
  /** While set, sockets are not let in: they stay in the state of opening. */
  isHolding = false
  readonly WebSocket: SocketConstructor
  readonly #rooms = new Map<string, Map<number, Entry>>()
  #lastRef = 0

  constructor() {
    const service = this
    this.WebSocket = class extends ScriptedSocket {
      constructor(url: string) {
        super(service, url)
        service.sockets.push(this)
        queueMicrotask(() => {
          if (!service.isHolding) this.admit()
        })
      }
    }
  }

  get open(): ScriptedSocket[] {
    return this.sockets.filter((socket) => !socket.isClosed)
  }

  nextRef(): number {
    return ++this.#lastRef
  }

  present(room: string): Map<number, Entry> {
    const present = this.#rooms.get(room) ?? new Map<number, Entry>()
    this.#rooms.set(room, present)
    return present
  }

  /** Somebody comes in who is no client of the test's; returns the ref. Once more with `ref`: everything about that one anew. */
  enter(
    room: string,
    member: string,
    data: JsonObject,
    { ref = this.nextRef(), info = {} }: { ref?: number; info?: JsonObject } = {},
  ): number {
    const entry: Entry = { ref, connection: `c${ref}`, member, info, data, status: "active", since: ref }
    this.present(room).set(ref, entry)
    this.tell(room, { type: "presence", enter: [entry] })
    return ref
  }

  update(room: string, ref: number, patch: JsonObject): void {
    this.#change(room, ref, (entry) => ({ ...entry, data: applyPatch(entry.data, patch) }))
    this.tell(room, { type: "presence", update: { [ref]: patch } })
  }

  status(room: string, ref: number, status: Entry["status"]): void {
    this.#change(room, ref, (entry) => ({ ...entry, status }))
    this.tell(room, { type: "presence", status: { [ref]: status } })
  }

  leave(room: string, ref: number, reason: NonNullable<PresenceFrame["leave"]>[number][1] = "left"): void {
    if (this.present(room).delete(ref)) this.tell(room, { type: "presence", leave: [[ref, reason]] })
  }

  message(room: string, event: string, data: unknown, from: number | null = null): void {
    const member = from === null ? null : (this.present(room).get(from)?.member ?? null)
    this.tell(room, { type: "message", from, member, event, data })
  }

  /** To every connection in the room. */
  tell(room: string, frame: RoomFrame): void {
    for (const socket of this.open) if (socket.room === room) socket.tell(frame)
  }

  #change(room: string, ref: number, change: (entry: Entry) => Entry): void {
    const entry = this.present(room).get(ref)
    if (entry !== undefined) this.present(room).set(ref, change(entry))
  }
}

export class ScriptedSocket implements SocketLike {
  onopen: ((event: never) => void) | null = null
  onmessage: ((event: never) => void) | null = null
  onclose: ((event: never) => void) | null = null
  onerror: ((event: never) => void) | null = null
  readonly room: string
  /** What the client sent, pings apart. */
  readonly heard: ClientFrame[] = []
  readonly #service: ScriptedService
  #ref = 0
  #closeCode: number | null = null

  constructor(service: ScriptedService, url: string) {
    this.#service = service
    this.room = decodeURIComponent(new URL(url).pathname.split("/").at(-2) ?? "")
  }

  get isClosed(): boolean {
    return this.#closeCode !== null
  }

  /** The code that ended it; null: it is open. */
  get closeCode(): number | null {
    return this.#closeCode
  }

  get ref(): number {
    return this.#ref
  }

  /** Data of the last `enter` on this socket. */
  get entered(): JsonObject | undefined {
    return this.heard.findLast((frame) => frame.type === "enter")?.data
  }

  admit(): void {
    if (this.isClosed || this.#ref !== 0) return
    this.#ref = this.#service.nextRef()
    emit(this.onopen, {})
    this.tell({
      type: "welcome",
      protocol: 1,
      room: this.room,
      connection: `c${this.#ref}`,
      ref: this.#ref,
      member: "me",
      session: `s${this.#ref}`,
      resumed: false,
      heartbeat: { interval: 30_000, timeout: 90_000 },
      present: [...this.#service.present(this.room).values()],
    })
  }

  tell(frame: RoomFrame): void {
    if (!this.isClosed && this.#ref !== 0) emit(this.onmessage, { data: JSON.stringify(frame) })
  }

  send(text: string): void {
    if (text === "ping") return void queueMicrotask(() => emit(this.onmessage, { data: "pong" }))
    const parsed = parseClientFrame(text, MAX_FRAME_BYTES)
    if (!parsed.ok) throw new Error(`the client sent what is no frame: ${text}: ${parsed.error.message}`)
    this.heard.push(parsed.value)
    // Never within the client's own call.
    queueMicrotask(() => this.#answer(parsed.value))
  }

  close(code = 1005): void {
    if (this.isClosed) return
    this.#closeCode = code
    this.#service.leave(this.room, this.#ref)
  }

  /** The line breaks, or the room ends it. */
  end(code = 1006, reason = ""): void {
    if (this.isClosed) return
    this.close(code)
    emit(this.onclose, { code, reason })
  }

  #answer(frame: ClientFrame): void {
    if (this.isClosed) return
    const ref = this.#ref
    switch (frame.type) {
      case "enter":
        this.#service.enter(this.room, "me", frame.data, { ref, info: { name: "Me" } })
        break
      case "update":
        this.#service.update(this.room, ref, frame.data)
        break
      case "leave":
        this.#service.leave(this.room, ref)
        break
      case "send":
        this.#service.message(this.room, frame.event, frame.data, ref)
        break
    }
    if (frame.id !== undefined) this.tell({ type: "ack", id: frame.id })
  }
}

/** The client declares what it needs of an event, and what it is given here is that. */
function emit(handler: ((event: never) => void) | null, event: object): void {
  handler?.call(null, event as never)
}
