/** A room's report as a data point of Workers Analytics Engine: docs/metrics.md has the layout. Pure. */
import type { Report } from "../directory/directory.ts"
import type { Counters } from "../protocol/counters.ts"

/** An index is so many bytes at most, and a room's name may be longer; one byte is one character of it. */
const MAX_INDEX_BYTES = 96

/**
 * The numbers of a point, twenty at most: `double1` is the first. Occupancy is what it was at the report; all else was
 * counted since the one before. Append, and never reorder: points of older releases stay as they are.
 */
export const DOUBLES: Readonly<Record<string, (report: Report) => number>> = {
  members: ({ members }) => members,
  connections: ({ connections }) => connections,
  observers: ({ observers }) => observers,
  framesIn: counted("framesIn"),
  framesOut: counted("framesOut"),
  updates: counted("updates"),
  updatesMerged: counted("updatesMerged"),
  messages: counted("messages"),
  enters: counted("enters"),
  resumes: counted("resumes"),
  leaves: sumOf("leaves."),
  "leaves.lost": counted("leaves.lost"),
  closes: sumOf("closes."),
  errors: sumOf("errors."),
  alarms: counted("alarms"),
  sweeps: counted("sweeps"),
  wakeups: counted("wakeups"),
  cacheHits: counted("cacheHits"),
  cacheMisses: counted("cacheMisses"),
  cacheReclaimed: counted("cacheReclaimed"),
}

/** `index1` samples room by room, so that a busy room does not thin out a quiet one; `blob1` is the room's whole name. */
export function pointOf(report: Report): AnalyticsEngineDataPoint {
  return {
    indexes: [report.room.slice(0, MAX_INDEX_BYTES)],
    blobs: [report.room],
    doubles: Object.values(DOUBLES).map((of) => of(report)),
  }
}

function counted(name: string): (report: Report) => number {
  return ({ counters }) => counters[name] ?? 0
}

function sumOf(prefix: string): (report: Report) => number {
  const values = (counters: Counters) => Object.entries(counters).filter(([name]) => name.startsWith(prefix))
  return ({ counters }) => values(counters).reduce((sum, [, count]) => sum + count, 0)
}
