/**
 * A room's line as the room sees it: tells the latest own state at the room's pace, never a stale one, and brings requests and their
 * answers together.
 */
import type { Entry, RoomFrame } from "../protocol/frames.ts"
import { Connection, type ConnectionOptions } from "./connection.ts"
import { RollcallError } from "./error.ts"
import type { Millis } from "./machine.ts"
import { frameBetween } from "./outgoing.ts"
import type { ConnectionStatus, JsonObject, Reason } from "./types.ts"

/** What a room needs of whatever connects it. */
export type Link = {
  /** The app's own data; null: not present. Only the latest counts. */
  readonly say: (wanted: JsonObject | null) => void
  readonly send: (event: string, data: unknown, to: readonly string[] | undefined) => Promise<void>
  readonly close: () => void
}

/** What a link tells its room. */
export type LinkEvents = {
  readonly frame: (frame: Extract<RoomFrame, { type: "welcome" | "sync" | "presence" | "message" }>) => void
  readonly status: (status: ConnectionStatus, reason: Reason | null) => void
  readonly error: (error: RollcallError) => void
  /** The room refused what was said: this is what it holds. */
  readonly corrected: (data: JsonObject) => void
}

/** The service's own tick by default: more often than that nobody would see it. */
export const TICK_MS = 25
/** Saying the same again is no news, but a sign that the user is there: passed on so often at most. */
export const ACTIVITY_MS = 10_000
/** After a `too_fast`. */
export const SLOW_DOWN_MS = 1000

type Request = { readonly resolve: () => void; readonly reject: (error: RollcallError) => void }

export class DirectLink implements Link {
  readonly #connection: Connection
  readonly #events: LinkEvents
  readonly #environment: ConnectionOptions["environment"]
  #wanted: JsonObject | null = null
  /** What the room has heard on this connection. */
  #heard: JsonObject | null = null
  /** What the room refused to let enter: not tried again. */
  #refused: JsonObject | null = null
  #own: { readonly connection: string; readonly ref: number } | null = null
  #isAway = false
  #isAskedToCorrect = false
  #saidAt: Millis = -Infinity
  #cancelFlush: (() => void) | null = null
  #requests = new Map<number, Request>()
  #lastId = 0

  constructor(options: ConnectionOptions, events: LinkEvents) {
    this.#events = events
    this.#environment = options.environment
    this.#connection = new Connection(options, {
      frame: (frame) => this.#received(frame),
      error: events.error,
      status: (status, reason) => {
        if (status !== "connected") this.#lineLost()
        events.status(status, reason)
      },
    })
    this.#connection.start()
  }

  say(wanted: JsonObject | null): void {
    this.#wanted = wanted
    this.#connection.nudge()
    this.#flushBy(this.#saidAt + TICK_MS)
  }

  send(event: string, data: unknown, to: readonly string[] | undefined): Promise<void> {
    this.#connection.nudge()
    // What was said before the message is told before it.
    if (this.#cancelFlush !== null) this.#flushNow()
    return this.#request({ type: "send", event, data, to })
  }

  close(): void {
    this.#cancelFlush?.()
    this.#connection.stop()
    this.#lineLost()
  }

  #request(frame: object): Promise<void> {
    if (!this.#connection.isOnline) return Promise.reject(new RollcallError("not_connected", "the room is not connected"))
    const id = ++this.#lastId
    return new Promise((resolve, reject) => {
      this.#requests.set(id, { resolve, reject })
      this.#connection.send({ ...frame, id })
    })
  }

  /** At once, after the app's own code has run, when the last frame was a tick ago: what one task says is one frame. */
  #flushBy(at: Millis): void {
    if (this.#cancelFlush !== null || !this.#connection.isOnline) return
    const wait = at - this.#environment.now()
    const flush = () => this.#flushNow()
    if (wait > 0) {
      this.#cancelFlush = this.#environment.after(wait, flush)
      return
    }
    let isDue = true
    this.#cancelFlush = () => {
      isDue = false
    }
    queueMicrotask(() => isDue && flush())
  }

  #flushNow(): void {
    this.#cancelFlush?.()
    this.#cancelFlush = null
    const wanted = this.#wanted
    if (!this.#connection.isOnline || (this.#heard === null && wanted === this.#refused)) return
    const now = this.#environment.now()
    const isSilent = this.#isAway || now - this.#saidAt >= ACTIVITY_MS
    const frame = frameBetween(this.#heard, wanted) ?? (wanted !== null && isSilent ? ({ type: "update", data: {} } as const) : null)
    if (frame === null) return
    this.#saidAt = now
    this.#heard = wanted
    if (frame.type === "update") return void this.#connection.send(frame)
    this.#request(frame).catch((error: RollcallError) => this.#enterRefused(error, wanted))
  }

  #enterRefused(error: RollcallError, wanted: JsonObject | null): void {
    // Whoever reconnects says it again; whoever was not there has left.
    if (error.code === "connection_lost" || error.code === "not_entered") return
    this.#heard = null
    if (error.code === "too_fast") return void this.#slowDown()
    this.#refused = wanted
    this.#events.error(error)
  }

  #slowDown(): void {
    this.#cancelFlush?.()
    this.#cancelFlush = null
    this.#flushBy(this.#environment.now() + SLOW_DOWN_MS)
  }

  #received(frame: RoomFrame): void {
    switch (frame.type) {
      case "ack":
        return void this.#answered(frame.id)?.resolve()
      case "error":
        return void this.#refusedBy(frame)
      case "welcome":
        this.#welcomed(frame)
        break
      case "presence":
        this.#seen(frame)
        break
      case "sync":
        this.#corrected(frame.present)
        break
      case "message":
        break
      default:
        return
    }
    this.#events.frame(frame)
  }

  #answered(id: number | undefined): Request | undefined {
    if (id === undefined) return undefined
    const request = this.#requests.get(id)
    this.#requests.delete(id)
    return request
  }

  /** What the room holds of us is compared with what the app wants, and the latest said once; when nothing differs, nothing. */
  #welcomed({ connection, ref, resumed, present }: Extract<RoomFrame, { type: "welcome" }>): void {
    this.#own = { connection, ref }
    const entry = present.find((one) => one.connection === connection)
    this.#isAway = entry?.status === "away"
    this.#refused = null
    const wanted = this.#wanted
    // Who may not subscribe is not told what the room holds of it.
    const held = entry?.data ?? (wanted === null ? this.#heard : null)
    const differs = !resumed || held === null || (wanted !== null && frameBetween(held, wanted) !== null)
    this.#heard = differs ? null : held
    this.#flushBy(0)
  }

  #seen({ leave = [], status = {} }: Extract<RoomFrame, { type: "presence" }>): void {
    if (this.#own === null) return
    const { ref } = this.#own
    this.#isAway = status[ref] === undefined ? this.#isAway : status[ref] === "away"
    for (const [left, reason] of leave) {
      if (left !== ref || reason === "left") continue
      // The room ended our presence: it is not for us to come in again by another door.
      this.#heard = null
      this.#refused = this.#wanted
    }
  }

  /** An error without id answers an update: nothing else is sent without one that could be refused. */
  #refusedBy({ id, code, message }: Extract<RoomFrame, { type: "error" }>): void {
    const error = new RollcallError(code, message)
    const request = this.#answered(id)
    if (request !== undefined) return void request.reject(error)
    if (id !== undefined) this.#connection.authRefused()
    this.#events.error(error)
    if (id !== undefined) return
    if (code === "not_entered" || code === "too_fast") {
      // It may have been any of the last updates: all is said anew.
      this.#heard = null
      if (code === "too_fast") this.#slowDown()
      else this.#flushBy(0)
      return
    }
    this.#isAskedToCorrect = true
    this.#connection.send({ type: "sync" })
  }

  #corrected(present: readonly Entry[]): void {
    if (!this.#isAskedToCorrect) return
    this.#isAskedToCorrect = false
    const entry = present.find(({ connection }) => connection === this.#own?.connection)
    if (entry === undefined) {
      this.#heard = null
      this.#refused = this.#wanted
      return
    }
    this.#wanted = this.#heard = entry.data
    this.#events.corrected(entry.data)
  }

  #lineLost(): void {
    this.#cancelFlush?.()
    this.#cancelFlush = null
    const lost = new RollcallError("connection_lost", "the connection broke before the room answered: it may have been done or not")
    const requests = [...this.#requests.values()]
    this.#requests.clear()
    for (const { reject } of requests) reject(lost)
  }
}
