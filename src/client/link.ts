/**
 * A room's line as the room sees it: tells the latest own state at the room's pace, never a stale one, and brings requests and their
 * answers together.
 */
import type { Entry, RoomFrame } from "../protocol/frames.ts"
import { type ConnectionOptions, connect, type Heard } from "./connection.ts"
import { RollcallError } from "./error.ts"
import type { Millis } from "./machine.ts"
import { frameBetween } from "./outgoing.ts"
import { paced } from "./pace.ts"
import type { ConnectionStatus, JsonObject, Reason } from "./types.ts"

/** What a room needs of whatever connects it. */
export type Link = {
  /** The app's own data; null: not present. Only the latest counts. */
  say(wanted: JsonObject | null): void
  send(message: Message): Promise<void>
  close(): void
}

export type Message = { readonly event: string; readonly data: unknown; readonly to: readonly string[] | undefined }

/** The frames that concern the room; the others are between the link and the service. */
export type Told = Exclude<Heard, { type: "ack" | "error" }>

/** What a link tells its room. */
export type LinkEvents = {
  /** Gives what the room shows of this client then. */
  frame(frame: Told): Entry | undefined
  /** Everybody, as the room was told. */
  present(): Entry[]
  status(status: ConnectionStatus, reason: Reason | null): void
  error(error: RollcallError): void
  /** The service refused what was said: this is what it holds. */
  corrected(data: JsonObject): void
}

/** Saying the same again is no news, but a sign that the user is there: passed on so often at most. */
export const ACTIVITY_MS = 10_000
/** After a `too_fast`. */
export const SLOW_DOWN_MS = 1000

type Request = { readonly resolve: () => void; readonly reject: (error: RollcallError) => void }

export function directLink(options: ConnectionOptions, events: LinkEvents): Link {
  const requests = new Map<number, Request>()
  let lastId = 0
  let wanted: JsonObject | null = null
  /** What the room has heard on this connection. */
  let heard: JsonObject | null = null
  /** What the room did not let in: not tried again. */
  let refused: JsonObject | null = null
  /** As the room shows this client. */
  let own: Entry | undefined
  let isToBeCorrected = false
  /** Whether the app said something, be it the same again. */
  let isSign = false
  let saidAt: Millis = -Infinity
  const saying = paced(say)

  const connection = connect(options, {
    frame(frame) {
      if (frame.type === "ack") requestOf(frame.id)?.resolve()
      else if (frame.type === "error") refusedBy(frame)
      else {
        const before = own
        own = events.frame(frame)
        compare(frame, before)
      }
    },
    error: (error) => events.error(error),
    status(status, reason) {
      if (status !== "connected") lineLost()
      events.status(status, reason)
    },
  })

  function request(frame: object): Promise<void> {
    if (!connection.isOnline()) return Promise.reject(notConnected())
    const id = ++lastId
    return new Promise((resolve, reject) => {
      requests.set(id, { resolve, reject })
      connection.send({ ...frame, id })
    })
  }

  function requestOf(id = 0): Request | undefined {
    const asked = requests.get(id)
    requests.delete(id)
    return asked
  }

  function say(): void {
    const said = wanted
    if (!connection.isOnline() || (heard === null && said === refused)) return
    const isRepeated = isSign && said !== null && Date.now() - saidAt >= ACTIVITY_MS
    isSign = false
    const frame = frameBetween(heard, said) ?? (isRepeated ? { type: "update", data: {} } : null)
    if (frame === null) return
    saidAt = Date.now()
    heard = said
    if (frame.type === "update") connection.send(frame)
    else
      request(frame).catch((error: RollcallError) => {
        // Whoever reconnects says it again; whoever was not there has left.
        if (error.code === "connection_lost" || error.code === "not_entered") return
        heard = null
        if (error.code === "too_fast") return saying.slowDown(SLOW_DOWN_MS)
        refused = said
        events.error(error)
      })
  }

  /** What the room shows of this client is compared with what was said. */
  function compare(frame: Told, before: Entry | undefined): void {
    if (frame.type === "welcome") {
      refused = null
      // The latest is said once, whole, when the room holds anything else; who may not subscribe is not told what it holds.
      const isKnown = frame.resumed && (wanted === null || (own !== undefined && frameBetween(own.data, wanted) === null))
      heard = isKnown ? (own?.data ?? heard) : null
      saying.soon()
    } else if (frame.type === "sync" && isToBeCorrected) {
      isToBeCorrected = false
      heard = own?.data ?? null
      if (own === undefined) refused = wanted
      else {
        wanted = own.data
        events.corrected(own.data)
      }
    } else if (before !== undefined && own === undefined && heard !== null) {
      // The room ended our presence: it is not for us to come in again by another door.
      heard = null
      refused = wanted
    }
  }

  /** An error without id answers an update: nothing else is sent without one that could be refused. */
  function refusedBy({ id, code, message }: Extract<RoomFrame, { type: "error" }>): void {
    const error = new RollcallError(code, message)
    const asked = requestOf(id)
    if (asked !== undefined) return void asked.reject(error)
    events.error(error)
    if (id !== undefined) connection.tell({ kind: "token-failed", message })
    else if (code === "too_fast" || code === "not_entered") {
      // It may have been any of the last updates: all is said anew.
      heard = null
      saying.slowDown(SLOW_DOWN_MS)
    } else {
      isToBeCorrected = true
      connection.send({ type: "sync" })
    }
  }

  function lineLost(): void {
    saying.stop()
    const lost = new RollcallError("connection_lost", "the connection broke before the answer: it may have been done or not")
    for (const { reject } of requests.values()) reject(lost)
    requests.clear()
  }

  return {
    say(data) {
      wanted = data
      isSign = true
      connection.tell({ kind: "user" })
      saying.soon()
    },
    send(message) {
      connection.tell({ kind: "user" })
      // What was said before a message is told before it.
      saying.flush()
      return request({ type: "send", ...message })
    },
    close: connection.stop,
  }
}

export function notConnected(): RollcallError {
  return new RollcallError("not_connected", "the room is not connected")
}
