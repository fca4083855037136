/** What the room answers to one frame of one connection: the frame's rules, without socket, storage or clock. */
import type { CloseCode } from "../protocol/close-codes.ts"
import type { Refusal, Result } from "../protocol/errors.ts"
import type { ClientFrame, RoomFrame } from "../protocol/frames.ts"
import { type FrameError, parseClientFrame } from "../protocol/parse.ts"
import type { Connection, Identity, Millis } from "./connection.ts"
import type { Message } from "./outbox.ts"
import { takeFrame } from "./rate.ts"
import { act, type Change, enter, leave, type Roster, reauthorize, update } from "./roster.ts"

export type Limits = {
  readonly maxFrameBytes: number
  readonly maxDataBytes: number
  readonly maxFramesPerSecond: number
  /** From pace.ts, of the moment. */
  readonly maxWaitingMessages: number
  readonly waitingMessages: number
}

/** A frame, or the whole room, which the shell has encoded already. */
export type Reply = RoomFrame | "snapshot"

/** What one frame leads to; the shell does it in the order attachment and ledger, replies, fan-out, close, alarm. */
export type Step = {
  readonly replies: readonly Reply[]
  readonly changes: readonly Change[]
  readonly message: Message | null
  /** A token that must be verified before the frame can be answered: then comes `authorized`. */
  readonly verify: { readonly token: string; readonly id: number | undefined } | null
  readonly close: CloseCode | null
}

/** The whole room is sent to one connection at this many bytes a second: what a slow reader is owed grows no faster. */
const SNAPSHOT_BYTES_PER_SECOND = 262_144
/** So much is not waited for (64 KiB): a few syncs in a row of a room of ordinary size. */
const SNAPSHOT_BURST_MS = 250

/** When a connection may ask for the whole room again, after it was sent that much of it. */
export function snapshotSent(connection: Connection, bytes: number, now: Millis): void {
  connection.syncFrom = Math.max(connection.syncFrom, now - SNAPSHOT_BURST_MS) + Math.floor((bytes * 1000) / SNAPSHOT_BYTES_PER_SECOND)
}

const SENT_JUST_NOW: Refusal = { code: "too_fast", message: "the whole room was sent just now; ask again later" }

/** So many refused frames in a row end the connection. */
export const MAX_ERRORS_IN_A_ROW = 20

/**
 * A number in JSON may be written shorter than it is printed (`1e20` has 21 digits), and a character may take three
 * bytes: six bytes per character of the frame bound its data's bytes.
 */
const MAX_BYTES_PER_CHARACTER = 6

const NOTHING: Step = { replies: [], changes: [], message: null, verify: null, close: null }

/** `raw` is the frame as it came. A refused frame changes nothing but the count of errors in a row. */
export function receive(roster: Roster, connection: Connection, raw: string | ArrayBuffer, limits: Limits, now: Millis): Step {
  connection.heardAt = now
  const parsed = parseClientFrame(raw, limits.maxFrameBytes)
  const { bucket, verdict } = takeFrame(connection.bucket, limits.maxFramesPerSecond, now)
  connection.bucket = bucket
  if (verdict !== "allowed") return tooFast(connection, parsed, verdict === "flood", limits)
  if (!parsed.ok) {
    const step = refuse(connection, parsed.error, parsed.error.id)
    return parsed.error.code === "too_large" ? { ...step, close: 4413 } : step
  }
  const frame = parsed.value
  if (frame.type === "auth") return { ...NOTHING, verify: { token: frame.token, id: frame.id } }
  const size = typeof raw === "string" ? raw.length * MAX_BYTES_PER_CHARACTER : 0
  const answered = answer(roster, connection, frame, size, limits, now)
  if (!answered.ok) return refuse(connection, answered.error, frame.id)
  connection.errors = 0
  const replies = frame.id === undefined ? [] : [acknowledge(frame.id)]
  return { ...NOTHING, ...answered.value, replies: [...(answered.value.replies ?? []), ...replies] }
}

/** The rest of an `auth` frame, once its token was verified or refused. */
export function authorized(roster: Roster, connection: Connection, id: number | undefined, identity: Result<Identity>, now: Millis): Step {
  if (!identity.ok) return refuse(connection, identity.error, id)
  if (identity.value.member !== connection.member) {
    return refuse(connection, { code: "bad_token", message: "the token is another member's; sub must stay the same" }, id)
  }
  const startsToHear = identity.value.grants.subscribe && !connection.grants.subscribe
  if (startsToHear && now < connection.syncFrom) return refuse(connection, SENT_JUST_NOW, id)
  connection.errors = 0
  const changes = reauthorize(roster, connection, identity.value)
  // Who may hear from now on begins with the whole room, as after a welcome.
  const snapshot: Reply[] = startsToHear ? ["snapshot"] : []
  return { ...NOTHING, changes, replies: [...snapshot, ...(id === undefined ? [] : [acknowledge(id)])] }
}

type Answer = Partial<Pick<Step, "replies" | "changes" | "message">>
type AnswerableFrame = Exclude<ClientFrame, { type: "auth" }>

function answer(roster: Roster, connection: Connection, frame: AnswerableFrame, size: number, limits: Limits, now: Millis): Result<Answer> {
  switch (frame.type) {
    case "enter": {
      if (!connection.grants.presence) return mayNot("presence", "enter")
      return changed(enter(roster, connection, frame.data, limits.maxDataBytes, now))
    }
    case "update": {
      if (!connection.grants.presence) return mayNot("presence", "update")
      const updated = update(roster, connection, frame.data, size, limits.maxDataBytes)
      if (!updated.ok) return updated
      return changes([...updated.value, ...act(roster, connection, now)])
    }
    case "leave": {
      if (connection.entry === null) return notEntered("leave")
      return changes(leave(roster, connection, "left"))
    }
    case "send": {
      if (!connection.grants.message) return mayNot("message", "send")
      if (limits.waitingMessages >= limits.maxWaitingMessages) {
        return { ok: false, error: { code: "too_fast", message: "too many messages wait in this room already; send again later" } }
      }
      const { event, data = null, to } = frame
      const message: Message = {
        frame: { type: "message", from: connection.ref, member: connection.member, event, data },
        to: to === undefined ? null : new Set(to),
        before: roster.nextRef,
      }
      return { ok: true, value: { message, changes: act(roster, connection, now) } }
    }
    case "sync":
      if (now < connection.syncFrom) return { ok: false, error: SENT_JUST_NOW }
      return { ok: true, value: { replies: ["snapshot"] } }
    case "pong":
      return { ok: true, value: {} }
    default:
      frame satisfies never
      return { ok: true, value: {} }
  }
}

function changes(list: readonly Change[]): Result<Answer> {
  return { ok: true, value: { changes: list } }
}

function changed(result: Result<Change[]>): Result<Answer> {
  return result.ok ? changes(result.value) : result
}

function mayNot(capability: string, type: string): { ok: false; error: Refusal } {
  return { ok: false, error: { code: "forbidden", message: `${type} needs the capability ${capability}, which the token does not grant` } }
}

function notEntered(type: string): { ok: false; error: Refusal } {
  return { ok: false, error: { code: "not_entered", message: `${type} is for those who have entered; send enter first` } }
}

function acknowledge(id: number): RoomFrame {
  return { type: "ack", id }
}

function refuse(connection: Connection, { code, message }: Refusal, id: number | undefined): Step {
  connection.errors++
  const reply: RoomFrame = id === undefined ? { type: "error", code, message } : { type: "error", id, code, message }
  // Who was only too fast may come back after a pause.
  const last = code === "too_fast" ? 4429 : 4400
  return { ...NOTHING, replies: [reply], close: connection.errors < MAX_ERRORS_IN_A_ROW ? null : last }
}

function tooFast(connection: Connection, parsed: Result<ClientFrame, FrameError>, isFlood: boolean, limits: Limits): Step {
  const id = parsed.ok ? parsed.value.id : parsed.error.id
  const message = `${limits.maxFramesPerSecond} frames a second are allowed, ${2 * limits.maxFramesPerSecond} in a burst`
  const step = refuse(connection, { code: "too_fast", message }, id)
  return isFlood ? { ...step, close: 4429 } : step
}
