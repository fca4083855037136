/**
 * A service in virtual time whose lines are as bad as a test wants them: it is made of the room's own core, spoken to by sockets that delay,
 * break, die silently or are refused. Time is the faked `Date` and `setTimeout`.
 */
import type { Grants } from "../../src/core/capability.ts"
import type { Connection, Identity } from "../../src/core/connection.ts"
import { authorized, receive, type Step } from "../../src/core/conversation.ts"
import { addChange, addMessage, emptyOutbox, firstSegmentAfterSnapshot, isWaiting, take } from "../../src/core/outbox.ts"
import { type Change, emptyRoster, goAway, open, present, remove, resumable, resume, startGrace } from "../../src/core/roster.ts"
import { CLOSES, type CloseCode, type LeaveReason } from "../../src/protocol/close-codes.ts"
import { ERRORS, type ErrorCode, PROBLEM_TYPE_PREFIX } from "../../src/protocol/errors.ts"
import type { Entry, RoomFrame } from "../../src/protocol/frames.ts"
import { LossySocket } from "./lossy-socket.ts"

const TICK_MS = 25
const SWEEP_MS = 500

export type LossyOptions = {
  readonly graceMs?: number
  readonly interval?: number
  readonly timeout?: number
  /** Milliseconds that a text is on its way. */
  readonly latency?: () => number
  readonly maxDataBytes?: number
  readonly maxFramesPerSecond?: number
}

/** A token is a member's name, and what else it says: `anna;observer;until=5000`. */
export function tokenOf(member: string, ...more: string[]): string {
  return [member, ...more].join(";")
}

/** What an upgrade meets: nothing in its way, a refusal, or nobody at all. */
export type Door = "open" | "gone" | { readonly code: ErrorCode; readonly retryAfter?: number }

export class LossyService {
  readonly options: Required<LossyOptions>
  readonly rooms = new Map<string, LossyRoom>()
  /** Every socket that was ever asked for, in order. */
  readonly sockets: LossySocket[] = []
  /** How often the address was asked plainly. */
  questions = 0
  door: Door = "open"
  /** Tokens that are refused, whatever they say. */
  readonly revoked = new Set<string>()
  readonly WebSocket: new (
    url: string,
    protocols: string[],
  ) => LossySocket

  constructor(options: LossyOptions = {}) {
    this.options = {
      graceMs: 10_000,
      interval: 3000,
      timeout: 20_000,
      latency: () => 0,
      maxDataBytes: 8192,
      maxFramesPerSecond: 60,
      ...options,
    }
    const service = this
    this.WebSocket = class extends LossySocket {
      constructor(url: string, protocols: string[]) {
        super(service, url, protocols)
        service.sockets.push(this)
      }
    }
  }

  /** Instead of the global one. */
  readonly fetch = async (input: string | URL | Request, init: RequestInit = {}): Promise<Response> => {
    this.questions++
    const headers = new Headers(init.headers)
    const token = headers.get("authorization")?.replace("Bearer ", "") ?? ""
    const refusal = this.refusal(token) ?? { code: "upgrade_required" as const }
    if (refusal === "gone") throw new TypeError("fetch failed")
    const { status, title } = ERRORS[refusal.code]
    const retryAfter = "retryAfter" in refusal && refusal.retryAfter !== undefined ? { "retry-after": String(refusal.retryAfter) } : {}
    const problem = { type: PROBLEM_TYPE_PREFIX + refusal.code, title, status, detail: `${refusal.code} of ${String(input)}` }
    return Response.json(problem, { status, headers: retryAfter })
  }

  /** Null: let in. */
  refusal(token: string): Exclude<Door, "open"> | null {
    if (this.door !== "open") return this.door
    return this.revoked.has(token) || expiryOf(token) <= Date.now() ? { code: "bad_token" } : null
  }

  room(name: string): LossyRoom {
    const room = this.rooms.get(name) ?? new LossyRoom(name, this.options)
    this.rooms.set(name, room)
    return room
  }

  /** Sockets that the client has not let go of, and that have not ended. */
  get open(): LossySocket[] {
    return this.sockets.filter(({ isOver }) => !isOver)
  }

  /** Those of one member, newest last. */
  of(member: string): LossySocket[] {
    return this.sockets.filter((socket) => memberOf(socket.token) === member)
  }

  /** Its process dies: lines break without a word, everybody present is in grace when it is back. */
  crash(): void {
    for (const room of this.rooms.values()) room.crash()
    for (const socket of this.open) socket.cut()
  }

  /** Nothing of it goes on. */
  stop(): void {
    for (const room of this.rooms.values()) room.stop()
  }
}

export function memberOf(token: string): string {
  return token.split(";")[0] ?? ""
}

function expiryOf(token: string): number {
  return Number(/until=(\d+)/.exec(token)?.[1] ?? Number.POSITIVE_INFINITY)
}

function identityOf(token: string): Identity {
  const grants: Grants = { subscribe: !token.includes("deaf"), presence: !token.includes("observer"), message: !token.includes("mute") }
  return { member: memberOf(token), info: { name: memberOf(token) }, grants, expiresAt: expiryOf(token) }
}

type Line = { readonly socket: LossySocket; readonly connection: Connection; heardAt: number; firstSegment: number }

export class LossyRoom {
  readonly roster = emptyRoster()
  readonly name: string
  /** Every leave that was told, in order. */
  readonly left: { readonly member: string; readonly connection: string; readonly reason: LeaveReason }[] = []
  /** Every enter, update and leave frame that clients said, by member. */
  readonly said: { readonly member: string; readonly type: string; readonly data?: unknown }[] = []
  readonly #options: Required<LossyOptions>
  readonly #outbox = emptyOutbox()
  readonly #lines = new Map<LossySocket, Line>()
  readonly #sweeper: ReturnType<typeof setInterval>
  #flushTimer: ReturnType<typeof setTimeout> | undefined
  #flushedAt = Number.NEGATIVE_INFINITY
  #sessions = 0

  constructor(name: string, options: Required<LossyOptions>) {
    this.name = name
    this.#options = options
    this.#sweeper = setInterval(() => this.#sweep(), SWEEP_MS)
  }

  get present(): Entry[] {
    return [...present(this.roster)]
  }

  entryOf(member: string): Entry | undefined {
    return this.present.find((entry) => entry.member === member)
  }

  connect(socket: LossySocket, session: string | null): void {
    const identity = identityOf(socket.token)
    const old = session === null ? null : resumable(this.roster, `c-${session}`, identity.member, Date.now())
    if (old === null) {
      const fresh = `s${++this.#sessions}`
      const connection = open(this.roster, `c-${fresh}`, identity, this.#options.maxFramesPerSecond, Date.now())
      return void this.#welcome(socket, connection, fresh, false)
    }
    for (const [other, line] of this.#lines) if (line.connection === old) this.#close(other, 4409)
    const changes = resume(this.roster, old, identity, this.#options.maxFramesPerSecond, Date.now())
    this.#welcome(socket, old, session ?? "", true)
    this.#tell(changes)
  }

  receive(socket: LossySocket, text: string): void {
    const line = this.#lines.get(socket)
    if (line === undefined) return
    line.heardAt = Date.now()
    if (text === "ping") return void socket.tell("pong")
    const { maxDataBytes, maxFramesPerSecond } = this.#options
    const limits = { maxFrameBytes: 16_384, maxDataBytes, maxFramesPerSecond, maxWaitingMessages: 1e6, waitingMessages: 0 }
    let step = receive(this.roster, line.connection, text, limits, Date.now())
    if (step.verify !== null) {
      const { token, id } = step.verify
      step = authorized(this.roster, line.connection, id, { ok: true, value: identityOf(token) }, Date.now())
      line.connection.warned = false
    }
    const frame = JSON.parse(text)
    if (["enter", "update", "leave"].includes(frame.type)) this.said.push({ member: line.connection.member, ...frame })
    this.#perform(line, step)
  }

  /** The client's end of a line. */
  ended(socket: LossySocket, code: number): void {
    const line = this.#lines.get(socket)
    if (line === undefined) return
    this.#lines.delete(socket)
    if (code === 1000 || code === 1005) this.#tell(remove(this.roster, line.connection, "left"))
    else startGrace(this.roster, line.connection, Date.now() + this.#options.graceMs)
  }

  /** Ends whoever is here as this member, as an operator would. */
  close(member: string, code: CloseCode, reason: string = CLOSES[code].name): void {
    for (const [socket, { connection }] of this.#lines) if (connection.member === member) this.#end(socket, code, reason)
  }

  /** A frame that no rule of the room made. */
  tell(frame: RoomFrame): void {
    for (const socket of this.#lines.keys()) socket.tell(JSON.stringify(frame))
  }

  turnAway(member: string): void {
    for (const connection of this.roster.connections.values()) {
      if (connection.member === member) this.#tell(goAway(this.roster, connection))
    }
  }

  crash(): void {
    for (const { connection } of this.#lines.values()) {
      if (connection.entry === null) this.roster.connections.delete(connection.id)
      else startGrace(this.roster, connection, Date.now() + this.#options.graceMs)
    }
    this.#lines.clear()
  }

  stop(): void {
    clearInterval(this.#sweeper)
    clearTimeout(this.#flushTimer)
  }

  #welcome(socket: LossySocket, connection: Connection, session: string, resumed: boolean): void {
    const line: Line = { socket, connection, heardAt: Date.now(), firstSegment: firstSegmentAfterSnapshot(this.#outbox) }
    this.#lines.set(socket, line)
    const { id, ref, member, grants } = connection
    const heartbeat = { interval: this.#options.interval, timeout: this.#options.timeout }
    const welcome: RoomFrame = {
      type: "welcome",
      protocol: 1,
      room: this.name,
      connection: id,
      ref,
      member,
      session,
      resumed,
      heartbeat,
      present: grants.subscribe ? this.present : [],
    }
    socket.tell(JSON.stringify(welcome))
  }

  #perform(line: Line, { replies, changes, message, close }: Step): void {
    const { socket } = line
    for (const reply of replies) {
      if (reply === "snapshot") {
        line.firstSegment = firstSegmentAfterSnapshot(this.#outbox)
        socket.tell(JSON.stringify({ type: "sync", present: line.connection.grants.subscribe ? this.present : [] }))
      } else socket.tell(JSON.stringify(reply))
    }
    if (message !== null) addMessage(this.#outbox, message)
    this.#tell(changes)
    if (close !== null) this.#end(socket, close, CLOSES[close].name)
  }

  #tell(changes: readonly Change[]): void {
    for (const change of changes) {
      addChange(this.#outbox, change)
      if (change.kind === "leave") {
        this.left.push({ member: change.entry.member, connection: change.entry.connection, reason: change.reason })
      }
    }
    if (!isWaiting(this.#outbox) || this.#flushTimer !== undefined) return
    const wait = Math.max(0, this.#flushedAt + TICK_MS - Date.now())
    this.#flushTimer = setTimeout(() => this.#flush(), wait)
  }

  #flush(): void {
    this.#flushTimer = undefined
    this.#flushedAt = Date.now()
    for (const delivery of take(this.#outbox)) {
      const text = JSON.stringify(delivery.frame)
      for (const { socket, connection, firstSegment } of this.#lines.values()) {
        if (!connection.grants.subscribe) continue
        if (delivery.kind === "presence" ? delivery.segment >= firstSegment : hears(connection, delivery.message.to)) socket.tell(text)
      }
    }
    this.#tell([])
  }

  /** Told why, gone at once. */
  #end(socket: LossySocket, code: CloseCode, reason: string): void {
    const line = this.#lines.get(socket)
    this.#close(socket, code, reason)
    if (line !== undefined) this.#tell(remove(this.roster, line.connection, CLOSES[code].leave ?? "closed"))
  }

  #close(socket: LossySocket, code: CloseCode, reason: string = CLOSES[code].name): void {
    this.#lines.delete(socket)
    socket.tell(JSON.stringify({ type: "bye", code, reason }))
    socket.endByRoom(code, reason)
  }

  #sweep(): void {
    const now = Date.now()
    for (const [socket, { connection, heardAt }] of [...this.#lines]) {
      if (now - heardAt >= this.#options.timeout) this.#end(socket, 4408, CLOSES[4408].name)
      else if (connection.expiresAt <= now) this.#end(socket, 4401, CLOSES[4401].name)
      else if (!connection.warned && connection.expiresAt - 60_000 <= now) {
        connection.warned = true
        socket.tell(JSON.stringify({ type: "expiring", at: connection.expiresAt }))
      }
    }
    for (const connection of [...this.roster.connections.values()]) {
      const { line } = connection
      if (line.at === "grace" && line.until <= now) this.#tell(remove(this.roster, connection, "closed"))
    }
  }
}

function hears({ member }: Connection, to: ReadonlySet<string> | null): boolean {
  return to === null || to.has(member)
}
