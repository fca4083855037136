/**
 * What waits to be told: changes merged per connection into the fewest bytes with the same effect, and messages,
 * which are never merged. A message closes the segment before it, so that what the room saw later is told later.
 */
import type { LeaveReason } from "../protocol/close-codes.ts"
import type { Entry, JsonObject, MessageFrame, PresenceFrame, Status } from "../protocol/frames.ts"
import type { MemberId, Ref } from "./connection.ts"
import { composePatches } from "./patch.ts"
import type { Change } from "./roster.ts"

/** In one presence frame `leave` applies first, then `enter`, then `update`, then `status`. */
type Segment = {
  readonly number: number
  readonly leave: Map<Ref, LeaveReason>
  readonly enter: Map<Ref, Entry>
  readonly update: Map<Ref, JsonObject>
  readonly status: Map<Ref, Status>
  readonly messages: Message[]
}

/** `to` null: everybody. Only those hear it who were connected when it was sent: their refs are below `before`. */
export type Message = { readonly frame: MessageFrame; readonly to: ReadonlySet<MemberId> | null; readonly before: Ref }

export type Outbox = { readonly segments: Segment[]; messages: number; nextSegment: number }

const MAX_IDLE_KEYS = 64

/** What to send now, in this order. */
export type Delivery =
  | { readonly kind: "presence"; readonly frame: PresenceFrame; readonly segment: number }
  | { readonly kind: "message"; readonly frame: MessageFrame; readonly message: Message }

export function emptyOutbox(): Outbox {
  return { segments: [], messages: 0, nextSegment: 1 }
}

export function isWaiting(outbox: Outbox): boolean {
  return outbox.segments.length > 0
}

export function addChange(outbox: Outbox, change: Change): void {
  const segment = openSegment(outbox)
  const { leave, enter, update, status } = segment
  const { ref } = change.entry
  switch (change.kind) {
    case "enter":
      update.delete(ref)
      status.delete(ref)
      enter.set(ref, change.entry)
      return
    case "update":
      if (enter.has(ref)) enter.set(ref, change.entry)
      else addPatch(segment, change)
      return
    case "status":
      if (enter.has(ref)) enter.set(ref, change.entry)
      else status.set(ref, change.entry.status)
      return
    case "leave":
      // Told even if its enter was not yet: a joiner's snapshot may have been taken between them.
      enter.delete(ref)
      update.delete(ref)
      status.delete(ref)
      leave.set(ref, change.reason)
      return
    default:
      change satisfies never
  }
}

/** Keys that come and go within a tick leave their nulls behind: past a bound, the entry whole is shorter. */
function addPatch({ enter, update, status }: Segment, { entry, patch }: Extract<Change, { kind: "update" }>): void {
  const merged = composePatches(update.get(entry.ref) ?? {}, patch)
  if (Object.keys(merged).length <= MAX_IDLE_KEYS + 2 * Object.keys(entry.data).length) {
    update.set(entry.ref, merged)
    return
  }
  update.delete(entry.ref)
  status.delete(entry.ref)
  enter.set(entry.ref, entry)
}

export function addMessage(outbox: Outbox, message: Message): void {
  const last = outbox.segments.at(-1) ?? newSegment(outbox)
  last.messages.push(message)
  outbox.messages++
}

/**
 * The first segment that a snapshot of this instant may be told. The one that is still open may be repeated; one that
 * a message closed is older than the snapshot, and would take its reader back.
 */
export function firstSegmentAfterSnapshot(outbox: Outbox): number {
  const last = outbox.segments.at(-1)
  return last !== undefined && last.messages.length === 0 ? last.number : outbox.nextSegment
}

/**
 * Empties the outbox as far as this tick may: everything up to the last message (no message waits longer than a
 * tick), and one presence frame in any case; changes seen after that last message wait for the next tick.
 */
export function take(outbox: Outbox): Delivery[] {
  const last = outbox.segments.length - 1
  const keepsLast = last > 0 && outbox.segments[last]?.messages.length === 0
  const taken = outbox.segments.splice(0, keepsLast ? last : last + 1)
  outbox.messages = 0
  return taken.flatMap(deliveries)
}

/** Whether the next delivery would be a presence frame, which has to wait for its tick. */
export function startsWithPresence(outbox: Outbox): boolean {
  const first = outbox.segments[0]
  return first !== undefined && first.leave.size + first.enter.size + first.update.size + first.status.size > 0
}

function deliveries(segment: Segment): Delivery[] {
  const frame = presenceFrame(segment)
  const messages = segment.messages.map((message): Delivery => ({ kind: "message", frame: message.frame, message }))
  return frame === null ? messages : [{ kind: "presence", frame, segment: segment.number }, ...messages]
}

function presenceFrame({ leave, enter, update, status }: Segment): PresenceFrame | null {
  if (leave.size + enter.size + update.size + status.size === 0) return null
  const frame: PresenceFrame = { type: "presence" }
  if (leave.size > 0) frame.leave = [...leave]
  if (enter.size > 0) frame.enter = [...enter.values()]
  if (update.size > 0) frame.update = Object.fromEntries(update)
  if (status.size > 0) frame.status = Object.fromEntries(status)
  return frame
}

function openSegment(outbox: Outbox): Segment {
  const last = outbox.segments.at(-1)
  if (last !== undefined && last.messages.length === 0) return last
  return newSegment(outbox)
}

function newSegment(outbox: Outbox): Segment {
  const segment: Segment = {
    number: outbox.nextSegment++,
    leave: new Map(),
    enter: new Map(),
    update: new Map(),
    status: new Map(),
    messages: [],
  }
  outbox.segments.push(segment)
  return segment
}
