import { describe, expect, it } from "vitest"
import {
  memberDetailSchema,
  memberPageSchema,
  messageBodySchema,
  pageQuerySchema,
  placementSchema,
  roomStatsSchema,
  tokenBodySchema,
} from "../../src/protocol/admin.ts"

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

describe("a page", () => {
  it("[AD7] is of 100 when limit is left out, and of 1 to 1,000", () => {
    const limit = (asked: unknown) => pageQuerySchema.safeParse({ limit: asked }).data?.limit ?? null
    expect([limit(undefined), limit("1"), limit("1000")]).toEqual([100, 1, 1000])
    for (const bad of ["0", "1001", "-1", "1.5", "x", "", "0x10", "1e2", "Infinity"]) expect(limit(bad)).toBeNull()
  })

  it("[AD7] has a cursor, which is null on the last", () => {
    expect(memberPageSchema.safeParse({ members: [], cursor: null }).success).toBe(true)
    expect(memberPageSchema.safeParse({ members: [{ member: "anna", info: {}, connections: [] }], cursor: "anna" }).success).toBe(true)
    expect(memberPageSchema.safeParse({ members: [] }).success).toBe(false)
  })

  it("[AD7] shows a member by itself with present and last seen", () => {
    const member = { member: "anna", info: {}, connections: [], present: false, lastSeen: null }
    expect(memberDetailSchema.parse(member)).toEqual(member)
    expect(memberDetailSchema.safeParse({ ...member, lastSeen: undefined }).success).toBe(false)
  })
})

describe("a placement", () => {
  it("[AD1] lasts a minute when ttl is left out, and a day at most", () => {
    expect(placementSchema.parse({})).toEqual({ data: {}, info: {}, ttl: 60_000 })
    const fits = (ttl: unknown) => placementSchema.safeParse({ ttl }).success
    expect([fits(1), fits(86_400_000)]).toEqual([true, true])
    for (const bad of [0, -1, 86_400_001, 1.5, "60000", null]) expect(fits(bad)).toBe(false)
  })

  it("[AD10] says objects of itself, and nothing else", () => {
    for (const bad of [null, [], "x", 1]) {
      expect(placementSchema.safeParse({ data: bad }).success).toBe(false)
      expect(placementSchema.safeParse({ info: bad }).success).toBe(false)
    }
  })
})

describe("a message's and a token's body", () => {
  it("[AD5] has an event, and may have data and recipients", () => {
    expect(messageBodySchema.parse({ event: "e" })).toEqual({ event: "e" })
    expect(messageBodySchema.parse({ event: "e", data: null, to: ["anna"], from: 7 })).toEqual({ event: "e", data: null, to: ["anna"] })
    for (const bad of [{}, { event: 1 }, { event: "e", to: "anna" }, { event: "e", to: [1] }])
      expect(messageBodySchema.safeParse(bad).success).toBe(false)
  })

  it("[AD9] names a member and rooms with capabilities of the contract", () => {
    const body = { member: "anna", rooms: { "*": ["subscribe"] } }
    expect(tokenBodySchema.parse(body)).toMatchObject({ ...body, info: {} })
    for (const bad of [
      { ...body, member: "" },
      { ...body, rooms: undefined },
      { ...body, rooms: { "*": ["admin"] } },
      { ...body, ttl: 0 },
      { ...body, info: [] },
    ]) {
      expect(tokenBodySchema.safeParse(bad).success).toBe(false)
    }
  })
})
