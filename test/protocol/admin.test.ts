import { describe, expect, it } from "vitest"
import { roomStatsSchema } from "../../src/protocol/admin.ts"

const stats = {
  room: "doc-1",
  members: 2,
  connections: 3,
  observers: 1,
  since: 1_760_000_000_000,
  peak: { members: 5, at: 1_760_000_000_500 },
  rates: { framesIn: 0.25, framesOut: 1.5 },
  liveness: { nextAlarmAt: null, sweeps: 4, lost: 1, idle: 0 },
  cache: { hits: 7, misses: 2, reclaimed: 1, live: 1 },
  wakeups: 1,
}

describe("a room's stats", () => {
  it("[ST1] have the shape of the contract and no field beyond it", () => {
    expect(roomStatsSchema.parse(stats)).toEqual(stats)
    expect(Object.keys(roomStatsSchema.parse({ ...stats, secret: 1 }))).toEqual(Object.keys(stats))
  })

  it("[ST1] count in whole numbers from zero on", () => {
    expect(roomStatsSchema.safeParse({ ...stats, members: -1 }).success).toBe(false)
    expect(roomStatsSchema.safeParse({ ...stats, wakeups: 1.5 }).success).toBe(false)
    expect(roomStatsSchema.safeParse({ ...stats, liveness: { ...stats.liveness, nextAlarmAt: 1 } }).success).toBe(true)
  })

  it.each(Object.keys(stats))("[ST1] do not go without %s", (field) => {
    expect(roomStatsSchema.safeParse({ ...stats, [field]: undefined }).success).toBe(false)
  })
})
