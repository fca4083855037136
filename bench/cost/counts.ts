/**
 * What the service writes and runs for one event: counted in workerd by test/room/cost.test.ts, which fails when one of these is no
 * longer so. Times are measured on one machine, in local workerd.
 */

/** `alarmsSet` are billed as a row each, and not among `rows`. */
export type Counts = {
  readonly rows: number
  readonly alarmsSet: number
  readonly directoryRows: number
  readonly reports: number
  readonly alarmRuns: number
}

export type Event = "first connect" | "connect" | "enter" | "20 updates" | "goodbye" | "idle report" | "busy report"

/** Each with the report that follows from it; `enter` comes right after its connect. Of the directory's rows one is the room's, another its index's when it is new, the last holds all counters. */
export const COUNTS: Readonly<Record<Event, Counts>> = {
  "first connect": { rows: 3, alarmsSet: 1, directoryRows: 3, reports: 1, alarmRuns: 0 },
  connect: { rows: 1, alarmsSet: 0, directoryRows: 2, reports: 1, alarmRuns: 0 },
  enter: { rows: 2, alarmsSet: 2, directoryRows: 2, reports: 1, alarmRuns: 1 },
  "20 updates": { rows: 0, alarmsSet: 0, directoryRows: 0, reports: 0, alarmRuns: 0 },
  goodbye: { rows: 4, alarmsSet: 0, directoryRows: 2, reports: 1, alarmRuns: 0 },
  "idle report": { rows: 1, alarmsSet: 0, directoryRows: 2, reports: 1, alarmRuns: 0 },
  "busy report": { rows: 1, alarmsSet: 0, directoryRows: 2, reports: 1, alarmRuns: 0 },
}

/** By which the directory finds rooms that say nothing any more: written when a room is new to it, and once in each hour that it stays. */
export const INDEX_ROWS_PER_HOUR = 1

/** What a room of 20 stores, in bytes. */
export const ROOM_BYTES = 24_576

/** Rows read when a room wakes up: so many, and so many for each member. */
export const ROWS_READ_PER_WAKE = { room: 6, member: 2 }

/** From the first frame after a sleep until it is answered, in milliseconds, by the sockets of the room. */
const WAKE_MS: readonly (readonly [sockets: number, ms: number])[] = [
  [1, 4.5],
  [200, 11],
  [1000, 58],
]

/** A frame to a room that is awake, in milliseconds: the room's own CPU in docs/performance.md, of 50 and of 200 members. */
export const FRAME_MS = 0.3

/** Between the measured sizes on a straight line, and on past the last. */
export function wakeMs(sockets: number): number {
  const at = Math.max(
    1,
    WAKE_MS.findIndex(([size]) => size >= sockets),
  )
  const [from, to] = WAKE_MS.slice(WAKE_MS.some(([size]) => size >= sockets) ? at - 1 : -2)
  if (from === undefined || to === undefined) throw new Error("two sizes at least are measured")
  return from[1] + ((sockets - from[0]) * (to[1] - from[1])) / (to[0] - from[0])
}
