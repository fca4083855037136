import fc from "fast-check"
import { describe, expect, it } from "vitest"
import { awakeShare } from "../../bench/cost/awake.ts"
import { billOf, tiered } from "../../bench/cost/bill.ts"
import { readLoad, sections } from "../../bench/cost/command.ts"
import { wakeMs } from "../../bench/cost/counts.ts"
import { DEFAULTS, type Load, monthOf, type Usage } from "../../bench/cost/load.ts"
import { quotes } from "../../bench/cost/peers.ts"
import { ABLY, OBJECT_GB } from "../../bench/cost/prices.ts"
import { HOUR, steadyHour } from "../../bench/cost/steady-hour.ts"
import { LOADS } from "../../bench/cost/tables.ts"
import { NUMBERS } from "../../src/config/config.ts"
import { afterFlush, flushAt, RESTED } from "../../src/core/pace.ts"
import { textOf } from "../imports-of.ts"

const NONE: Usage = { workerRequests: 0, workerCpuMs: 0, objectRequests: 0, gbSeconds: 0, rowsWritten: 0, rowsRead: 0, storedGb: 0 }

describe("the bill", () => {
  it("[CS1] is that of the pricing page's own examples, but for their rounding up to whole millions", () => {
    const bill = billOf({ ...NONE, objectRequests: 3_750_000, gbSeconds: 86_400_000 * OBJECT_GB })
    expect(bill.lines.slice(0, 2).map(({ used, dollars }) => [used, dollars])).toEqual([
      [3_750_000, expect.closeTo(0.4125)],
      [11_059_200, expect.closeTo(133.24)],
    ])
    expect(bill.dollars).toBeCloseTo(5 + 0.4125 + 133.24)
    expect(billOf({ ...NONE, objectRequests: 21_610_000, gbSeconds: 552_960 }).dollars).toBeCloseTo(5 + 3.0915 + 1.912)
  })

  it("[CS1] is the plan's minimum within what is included, and never falls when more is used", () => {
    expect(billOf({ ...NONE, objectRequests: 1e6, gbSeconds: 400_000, rowsWritten: 50e6, rowsRead: 25e9, storedGb: 5 }).dollars).toBe(5)
    const usage = fc.record(Object.fromEntries(Object.keys(NONE).map((name) => [name, fc.double({ min: 0, max: 1e12, noNaN: true })])))
    fc.assert(
      fc.property(usage, usage, (a, b) => {
        const more = Object.fromEntries(Object.entries(a).map(([name, used]) => [name, used + (b[name] ?? 0)]))
        expect(billOf({ ...NONE, ...more }).dollars).toBeGreaterThanOrEqual(billOf({ ...NONE, ...a }).dollars)
      }),
    )
  })

  it("[CS1] adds tiers as Ably's page does in its examples", () => {
    expect(tiered(49e6, ABLY.perMessage)).toBeCloseTo(122.5)
    expect(tiered(120e6, ABLY.perMessage)).toBeCloseTo(282.5)
    expect(tiered(140e6, ABLY.perMinute)).toBeCloseTo(129.5)
  })

  it("[CS1] without hibernation is at least as high, and a room is never awake for longer than somebody is there", () => {
    const load = fc.record({
      connections: fc.integer({ min: 1, max: 2000 }),
      hours: fc.integer({ min: 1, max: 24 }),
      share: fc.double({ min: 0, max: 1, noNaN: true }),
      rate: fc.double({ min: 0, max: 60, noNaN: true }),
      joins: fc.integer({ min: 0, max: 5 }),
      perRoom: fc.integer({ min: 1, max: 40 }),
    })
    const check = fc.property(load, ({ connections, hours, share, rate, joins, perRoom }) => {
      const rooms = Math.max(1, Math.floor(connections / perRoom))
      const month = monthOf({ ...DEFAULTS, connections, rooms, hours, moving: hours * share, rate, joins })
      expect(month.awake).toBeLessThanOrEqual(1)
      expect(billOf(month.sleepless).dollars).toBeGreaterThanOrEqual(billOf(month.usage).dollars)
      for (const used of Object.values(month.usage)) expect(used).toBeGreaterThanOrEqual(0)
    })
    fc.assert(check, { numRuns: 40 })
  })

  it("[CS1] counts a twentieth of a request for a frame, and one for a connect, an alarm and a report", () => {
    const load: Load = { ...DEFAULTS, connections: 20, rooms: 1, hours: 24, moving: 0, rate: 0, joins: 0 }
    const hour = steadyHour({ members: 20, ...load, doing: "ping", joinsEveryMs: (0.9637 * HOUR) / 20, settlesMs: HOUR })
    const hours = 24 * 30
    const { usage } = monthOf(load)
    expect(usage.objectRequests).toBeCloseTo(hours * (hour.alarmRuns + hour.reports + (hour.tokens + hour.pings) / 20))
    const free = monthOf({ ...load, arePingsBilled: false }).usage.objectRequests
    expect(usage.objectRequests - free).toBeCloseTo((hours * hour.pings) / 20)
    const moved = monthOf({ ...load, joins: 1 }).usage
    expect(moved.workerRequests).toBe(20 * 30)
  })
})

describe("a room's time", () => {
  it("[CS4] awake because of its tick is what the room's pace makes of frames that come at random", () => {
    for (const [members, framesPerS, tickMs] of [
      [20, 200, 25],
      [5, 5, 25],
      [50, 100, 100],
      [2000, 400, 25],
    ] as const) {
      const limits = { tickMs, fanoutPerSecond: NUMBERS.FANOUT_PER_SECOND.default }
      expect(awakeShare(members, framesPerS, limits)).toBeCloseTo(simulatedShare(members, framesPerS, limits), 1)
    }
    expect(awakeShare(20, 0, { tickMs: 25, fanoutPerSecond: 20_000 })).toBe(0)
  })

  it("[CS4] to wake up lies between the measured sizes and grows beyond them", () => {
    expect([1, 200, 1000].map(wakeMs)).toEqual([4.5, 11, 58])
    expect(wakeMs(100)).toBeGreaterThan(4.5)
    expect(wakeMs(100)).toBeLessThan(11)
    expect(wakeMs(2000)).toBeGreaterThan(100)
  })
})

/** The share of time in which a flush is waited for, with the room's own pace. */
function simulatedShare(members: number, framesPerS: number, limits: { tickMs: number; fanoutPerSecond: number }): number {
  let seed = 1
  const random = () => {
    seed = (Math.imul(seed, 1_664_525) + 1_013_904_223) >>> 0
    return (seed + 1) / 2 ** 32
  }
  let now = 0
  let pace = RESTED
  let pendingUntil = 0
  let pending = 0
  for (let frames = 0; frames < 20_000; frames++) {
    now -= (Math.log(random()) * 1000) / framesPerS
    if (now < pendingUntil) continue
    if (pendingUntil > 0) pace = afterFlush(pace, members, true, limits, pendingUntil)
    pendingUntil = 0
    const at = flushAt(pace, true, limits)
    if (at <= now) pace = afterFlush(pace, members, true, limits, now)
    else {
      pending += at - now
      pendingUntil = at
    }
  }
  return pending / now
}

describe("what others publish", () => {
  it("[CS1] is a plan that holds the load, or nothing", () => {
    const of = (service: string, load: Load) => quotes(load).find((quote) => quote.service.startsWith(service))?.dollars
    const [idle, busy, , million] = LOADS.map(({ load }) => load)
    if (idle === undefined || busy === undefined || million === undefined) throw new Error("no loads")
    expect(of("Pusher", idle)).toBe(99)
    expect(of("Pusher", busy)).toBeNull()
    expect(of("PubNub, by users", { ...idle, connections: 1001, rooms: 51 })).toBe(370)
    expect(of("PubNub, by users", million)).toBeNull()
    expect(of("Liveblocks", idle)).toBe(30)
    expect(of("Liveblocks", busy)).toBeCloseTo(1000 * 8 * 60 * 30 * 0.002)
    expect(of("Ably", idle)).toBeCloseTo(29 + 60_000 * 21 * 2.5e-6 + 10 + 33.2 * 0.95 + 2.16)
  })
})

describe("npm run cost", () => {
  it("[CS5] takes a load of one's own, and says what it would have liked", () => {
    expect(readLoad([]).load).toBeNull()
    expect(readLoad(["--write"])).toEqual({ load: null, write: true, help: false })
    const { load } = readLoad(["--connections", "500", "--rooms", "10", "--rate", "2.5", "--free-pings"])
    expect(load).toMatchObject({ connections: 500, rooms: 10, rate: 2.5, hours: 8, arePingsBilled: false })
    for (const [args, sentence] of [
      [["--rooms", "none"], "--rooms is none; 1 to 1000000000 rooms are allowed"],
      [["--hours", "25"], "--hours is 25; 0 to 24 hours a day are allowed"],
      [["--hours", "2", "--moving", "3"], "--moving is 3; no more than --hours (2) are allowed"],
      [["--rooms", "2000"], "--rooms is 2000; no more than --connections (1000) are allowed"],
      [["--timeout", "30"], "--timeout is 30; twice --heartbeat (30) at least is allowed"],
      [["--connections", "100000", "--rooms", "1"], "more --rooms are needed"],
    ] as const) {
      expect(() => readLoad(args)).toThrow(sentence)
    }
  })

  it("[CS5] docs/cost.md shows what it prints: npm run cost -- --write puts it there", () => {
    const page = textOf("docs/cost.md")
    for (const [name, content] of Object.entries(sections())) {
      const [, shown] = page.split(`<!-- ${name}: begin, written by the benchmark -->`)
      expect(shown?.split(`<!-- ${name}: end -->`)[0]?.trim()).toBe(content)
    }
  })
})
