import fc from "fast-check"
import { describe, expect, it } from "vitest"
import { evenGateways, eventHour, FANOUT_PER_S, reportsPerS, shardsFor, TICK_MS, tickOf } from "../../bench/scale/arithmetic.ts"
import { type Scenario, simulate } from "../../bench/scale/simulation.ts"
import { sections } from "../../bench/scale/tables.ts"
import { Timeline } from "../../bench/scale/timeline.ts"
import { textOf } from "../imports-of.ts"

const SMALL: Scenario = {
  watchers: 1000,
  gateways: 10,
  view: "full",
  members: 20,
  rate: 10,
  churn: 5,
  fromMs: 500,
  ms: 2000,
  limits: { tickMs: TICK_MS, fanoutPerSecond: FANOUT_PER_S },
  hopMs: 5,
  cutEveryMs: 0,
  loseEvery: 0,
  seed: 1,
}

const scenarios: fc.Arbitrary<Scenario> = fc.record({
  watchers: fc.integer({ min: 1, max: 100_000 }),
  gateways: fc.integer({ min: 1, max: 30 }),
  view: fc.oneof(
    fc.constantFrom("full" as const, "members" as const, "count" as const),
    fc.record({ first: fc.integer({ min: 1, max: 12 }) }),
  ),
  members: fc.integer({ min: 1, max: 25 }),
  rate: fc.integer({ min: 1, max: 20 }),
  churn: fc.integer({ min: 0, max: 20 }),
  fromMs: fc.constant(200),
  ms: fc.integer({ min: 300, max: 1500 }),
  limits: fc.record({ tickMs: fc.integer({ min: 0, max: 200 }), fanoutPerSecond: fc.integer({ min: 100, max: 20_000 }) }),
  hopMs: fc.integer({ min: 0, max: 100 }),
  cutEveryMs: fc.constantFrom(0, 50, 170),
  loseEvery: fc.constant(0),
  seed: fc.integer({ min: 0, max: 2 ** 32 - 1 }),
})

describe("gateways", () => {
  it("[SC1] know what the room knows once it is quiet, and so do their watchers, whatever was cut and however slow they are", {
    timeout: 60_000,
  }, () => {
    fc.assert(
      fc.property(scenarios, (scenario) => {
        expect(simulate(scenario).astray).toBe(0)
      }),
      { numRuns: 150 },
    )
  })

  it("[SC1] would be found astray if a frame were lost", () => {
    for (const view of ["full", { first: 5 }, "count"] as const) {
      expect(simulate({ ...SMALL, view, loseEvery: 20 }).astray).toBeGreaterThan(0)
      expect(simulate({ ...SMALL, view }).astray).toBe(0)
    }
  })

  it("[SC2] are told, and tell, as often as the ticks of the arithmetic say, and not oftener", { timeout: 60_000 }, () => {
    for (const gateways of [10, 700]) {
      const watchers = gateways * 800
      const few = { members: 8, churn: 0, rate: 40, fromMs: 300, ms: 1000 }
      const { framesToGateways, framesToWatchers, framesToRoom } = simulate({ ...SMALL, ...few, watchers, gateways })
      const toEach = framesToGateways / gateways
      expect(toEach).toBeGreaterThan(0.85 * (1000 / tickOf(gateways)))
      expect(toEach).toBeLessThanOrEqual(1.05 * (1000 / tickOf(gateways)))
      const slower = Math.max(tickOf(gateways), tickOf(800))
      expect(framesToWatchers / watchers).toBeGreaterThan(0.7 * (1000 / slower))
      expect(framesToWatchers / watchers).toBeLessThanOrEqual(1.05 * (1000 / slower))
      // A member's gateway merges what it says within a tick.
      expect(framesToRoom).toBeLessThanOrEqual(Math.min(gateways * (1000 / TICK_MS), 8 * 40) * 1.05)
    }
  })

  it("[SC2] cost their watchers the less the less they see", () => {
    const bytes = (["full", { first: 5 }, "members", "count"] as const).map((view) => simulate({ ...SMALL, view }).bytesToWatchers)
    expect(bytes).toEqual(bytes.toSorted((a, b) => b - a))
    expect(bytes.at(-1)).toBeGreaterThan(0)
    expect(simulate({ ...SMALL, view: "count", churn: 0 }).bytesToWatchers).toBe(0)
  })
})

describe("the arithmetic of scale", () => {
  it("[SC3] finds the number of gateways with which what is told is youngest", () => {
    const wait = (watchers: number, gateways: number) => tickOf(gateways) + tickOf(watchers / gateways)
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 10_000_000 }), fc.integer({ min: 1, max: 100_000 }), (watchers, other) => {
        expect(wait(watchers, evenGateways(watchers))).toBeLessThanOrEqual(wait(watchers, other) * 1.01)
      }),
    )
  })

  it("[SC3] asks for as many shards as bear the reports of all rooms", () => {
    expect([1, 500, 501, 5000].map(shardsFor)).toEqual([1, 1, 2, 10])
    expect(reportsPerS(3600, 0)).toBeGreaterThan(10)
    expect(reportsPerS(3600, 0)).toBeLessThan(13)
    expect(reportsPerS(60, 1)).toBe(1)
    expect(reportsPerS(1, 1e6)).toBe(1)
  })

  it("[SC3] pays for frames between objects a twentieth by sockets of what it pays by calls", () => {
    const { bySocket, byCall, awake } = eventHour({ watchers: 10_000, gateways: 100, framesToGateways: 2000, framesToRoom: 100 })
    expect(byCall).toBeCloseTo((2100 * 3600 * 0.15) / 1e6)
    expect(bySocket).toBeCloseTo(byCall / 20)
    expect(awake).toBeCloseTo((101 * 3600 * 0.128 * 12.5) / 1e6)
  })

  it("[SC3] docs/scale.md shows what npm run scale prints: npm run scale -- --write puts it there", { timeout: 120_000 }, () => {
    const page = textOf("docs/scale.md")
    for (const [name, content] of Object.entries(sections())) {
      const [, shown] = page.split(`<!-- ${name}: begin, written by the benchmark -->`)
      expect(shown?.split(`<!-- ${name}: end -->`)[0]?.trim()).toBe(content)
    }
  })
})

describe("virtual time", () => {
  it("[SC1] runs what was planned in order, and in the order of planning at the same instant", () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 0, max: 20 }), { maxLength: 60 }), (delays) => {
        const timeline = new Timeline()
        const ran: (readonly [number, number])[] = []
        for (const [i, delay] of delays.entries()) timeline.after(delay, () => ran.push([timeline.now, i]))
        timeline.runUntil(100)
        expect(ran).toEqual(delays.map((delay, i) => [delay, i] as const).toSorted((a, b) => a[0] - b[0] || a[1] - b[1]))
        expect(timeline.now).toBe(100)
      }),
    )
  })
})
