/** What a backend hears of a room: members instead of connections, and nothing that nobody in the room could see. */
import type { LeaveReason } from "../protocol/close-codes.ts"
import type { JsonObject } from "../protocol/frames.ts"
import type { ConnectionId, MemberId } from "./connection.ts"
import type { Change } from "./roster.ts"

/** Who is present as far as was announced: each member's connections. Observers are nobody. */
export type Attendance = Map<MemberId, Set<ConnectionId>>

export type Announcement =
  | { readonly type: "room.occupied" | "room.vacated" }
  | { readonly type: "member.entered"; readonly member: MemberId; readonly info: JsonObject }
  | { readonly type: "member.left"; readonly member: MemberId; readonly info: JsonObject; readonly reason: LeaveReason }

/** Lays a change over the attendance, in place, and returns what is to be announced of it, in order. */
export function attend(attendance: Attendance, change: Change): Announcement[] {
  const { member, info, connection } = change.entry
  const connections = attendance.get(member)
  if (change.kind === "enter") {
    if (connections !== undefined) {
      connections.add(connection)
      return []
    }
    attendance.set(member, new Set([connection]))
    const entered: Announcement = { type: "member.entered", member, info }
    return attendance.size === 1 ? [{ type: "room.occupied" }, entered] : [entered]
  }
  if (change.kind !== "leave" || connections === undefined) return []
  connections.delete(connection)
  if (connections.size > 0) return []
  attendance.delete(member)
  const left: Announcement = { type: "member.left", member, info, reason: change.reason }
  return attendance.size === 0 ? [left, { type: "room.vacated" }] : [left]
}

/** The number of a room's next event: it grows even when the room forgot the last one, since the clock went on. */
export function nextSequence(last: number, now: number): number {
  return Math.max(last + 1, Math.floor(now))
}
