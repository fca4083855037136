/**
 * A room's line as the room sees it: tells the latest own state at the room's pace, never a stale one, and brings requests and their
 * answers together.
 */
import type { Entry } from "../protocol/frames.ts"
import { type ConnectionOptions, connect } from "./connection.ts"
import { errorOf, type RollcallError } from "./error.ts"
import type { Millis } from "./machine.ts"
import { frameBetween } from "./outgoing.ts"
import { paced } from "./pace.ts"
import { notConnected, pendingRequests } from "./requests.ts"
import type { ConnectionStatus, JsonObject, Reason } from "./types.ts"
import type { Heard, RoomFrame } from "./wire.ts"

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

export function directLink(options: ConnectionOptions, events: LinkEvents): Link {
  const requests = pendingRequests()
  let wanted: JsonObject | null = null
  /** What the room has heard on this connection. */
  let heard: JsonObject | null = null
  /** What the room did not let in: not tried again. */
  let refused: JsonObject | null = null
  /** As the room shows this client. */
  let own: Entry | undefined
  /** Asked what the room holds, after it refused something. */
  let isCorrecting = false
  let saidAt: Millis = -Infinity
  const saying = paced(() => say(true))

  const connection = connect(options, {
    frame(frame) {
      if (frame.type === "ack") requests.settle(frame.id, null)
      else if (frame.type === "error") refusedBy(frame)
      else {
        const before = own
        own = events.frame(frame)
        compare(frame, before)
      }
    },
    error: events.error,
    status(status, reason) {
      if (status !== "connected") {
        saying.stop()
        requests.lose()
      }
      events.status(status, reason)
    },
  })

  /** `isSign`: because the app said something, be it the same again. */
  function say(isSign: boolean): void {
    if (!connection.isOnline() || isCorrecting || (heard === null && wanted === refused)) return
    const isRepeated = isSign && wanted !== null && Date.now() - saidAt >= ACTIVITY_MS
    const frame = frameBetween(heard, wanted) ?? (isRepeated ? { type: "update", data: {} } : null)
    if (frame === null) return
    saidAt = Date.now()
    heard = wanted
    connection.send(frame)
  }

  /** What the room shows of this client is compared with what was said. */
  function compare(frame: Told, before: Entry | undefined): void {
    // A fresh grant brings a sync that nobody asked for, too.
    const isAnswer = isCorrecting && frame.type === "sync"
    if (isAnswer || frame.type === "welcome") isCorrecting = false
    if (frame.type === "welcome") {
      refused = null
      // Who may not subscribe is not told what the room holds.
      heard = frame.resumed ? (own?.data ?? (wanted === null ? heard : null)) : null
      // Online only once this frame has been dealt with.
      queueMicrotask(() => say(false))
    } else if (isAnswer && own !== undefined) {
      wanted = heard = own.data
      events.corrected(wanted)
    } else if (heard !== null && own === undefined && (before !== undefined || isAnswer)) {
      // The room ended our presence, or let us not in: it is not for us to try another door.
      heard = null
      refused = wanted
    }
  }

  /** An error without id answers what was said about ourselves. */
  function refusedBy(frame: Extract<RoomFrame, { type: "error" }>): void {
    const { id, code, message } = frame
    if (requests.settle(id ?? 0, frame)) return
    events.error(errorOf(frame))
    if (id !== undefined) connection.tell({ kind: "token-failed", message })
    else if (code === "too_fast" || code === "not_entered") {
      // It may have been any of the last frames: all is said anew.
      isCorrecting = false
      heard = null
      saying.slowDown(SLOW_DOWN_MS)
    } else {
      isCorrecting = true
      connection.send({ type: "sync" })
    }
  }

  return {
    say(data) {
      wanted = data
      connection.tell({ kind: "user" })
      saying.soon()
    },
    async send(message) {
      connection.tell({ kind: "user" })
      // What was said before a message is told before it.
      saying.flush()
      if (!connection.isOnline()) throw notConnected()
      return requests.add((id) => connection.send({ type: "send", id, ...message }))
    },
    close: connection.stop,
  }
}
