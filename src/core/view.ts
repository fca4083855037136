/** What a view shows of what is told: the same frame, less of it. */
import type { Entry, PresenceFrame } from "../protocol/frames.ts"
import type { View } from "../protocol/views.ts"

/** The view that a connection gets: what it asks for, or the count alone in a room of which `fullViews` watch already. */
export function grantedView(asked: View, connected: number, fullViews: number): View {
  return connected >= fullViews ? "count" : asked
}

/** `data` is left empty, not out: a reader needs no other schema. */
export function withoutData(entry: Entry): Entry {
  return { ...entry, data: {} }
}

/** A presence frame for those who want no data, or null: then it holds nothing for them. */
export function membersOnly({ leave, enter, status }: PresenceFrame): PresenceFrame | null {
  if (leave === undefined && enter === undefined && status === undefined) return null
  const frame: PresenceFrame = { type: "presence" }
  if (leave !== undefined) frame.leave = leave
  if (enter !== undefined) frame.enter = enter.map(withoutData)
  if (status !== undefined) frame.status = status
  return frame
}

/** Whether the occupancy may be another after this frame. */
export function movesCount({ leave, enter }: PresenceFrame): boolean {
  return leave !== undefined || enter !== undefined
}
