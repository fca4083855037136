/** Schemas of the HTTP answers; times are milliseconds since 1970. */
import { z } from "zod"

const count = z.int().nonnegative()
const millis = z.number()

export const roomStatsSchema = z.object({
  room: z.string(),
  members: count,
  connections: count,
  observers: count,
  since: millis,
  peak: z.object({ members: count, at: millis }),
  rates: z.object({ framesIn: z.number(), framesOut: z.number() }),
  liveness: z.object({ nextAlarmAt: millis.nullable(), sweeps: count, lost: count, idle: count }),
  cache: z.object({ hits: count, misses: count, reclaimed: count, live: count }),
  wakeups: count,
})

/** What an operator sees of one room. */
export type RoomStats = z.infer<typeof roomStatsSchema>
