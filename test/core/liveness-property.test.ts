import fc from "fast-check"
import { describe, expect, it, vi } from "vitest"
import type { Clocks } from "../../src/core/liveness.ts"
import { audit } from "./liveness-audit.ts"
import { type Client, QUIET, SimulatedLiveness } from "./simulated-liveness.ts"

// Properties take their time on a busy machine.
vi.setConfig({ testTimeout: 60_000 })

const interval = fc.constantFrom(50, 1000, 3000, 30_000)
const ratio = fc.constantFrom(2, 2.5, 3, 5, 10)
/** In intervals; 0 turns the clock off. */
const lasting = fc.oneof(fc.constant(0), fc.double({ min: 0.05, max: 12, noNaN: true }))

const anyClocks: fc.Arbitrary<Clocks> = fc.tuple(interval, ratio, lasting, lasting).map(([beat, times, away, idle]) => ({
  interval: beat,
  timeout: beat * times,
  awayAfter: Math.round(beat * away),
  idleAfter: Math.round(beat * idle),
}))

/** Clients of a room whose clocks are `clocks`, over `span` milliseconds. */
function clientsOf({ interval: beat }: Clocks, span: number): fc.Arbitrary<Client[]> {
  const instant = fc.integer({ min: 0, max: span })
  const sometimes = <T>(arbitrary: fc.Arbitrary<T>) => fc.option(arbitrary, { freq: 1 })
  const client = fc.record<Client>({
    joinsAt: instant,
    pingsEvery: sometimes(fc.integer({ min: Math.ceil(beat / 4), max: beat })),
    answersAfter: sometimes(fc.integer({ min: 0, max: beat })),
    frames: fc.array(fc.record({ at: instant, type: fc.constantFrom("enter", "enter", "update", "leave", "sync", "pong") }), {
      maxLength: 6,
    }),
    diesAt: sometimes(instant),
    breaksAt: sometimes(instant),
    resumesAfter: sometimes(fc.integer({ min: 0, max: 3 * beat })),
    tokenLasts: fc.option(fc.integer({ min: 1, max: 2 * span }), { freq: 3 }),
  })
  return fc.array(client, { minLength: 1, maxLength: 12 })
}

const anyRoom = anyClocks.chain((clocks) => {
  const span = 4 * clocks.timeout
  return fc.record({
    clocks: fc.constant(clocks),
    span: fc.constant(span),
    graceMs: fc.constantFrom(0, 100, clocks.interval, 20_000),
    clients: clientsOf(clocks, span),
  })
})

describe("a room of clients that ping, answer, talk, fall silent and break, whatever its clocks", () => {
  it("[LV2] does everything to everybody not early, and by its bound", () => {
    fc.assert(
      fc.property(anyRoom, ({ clocks, span, graceMs, clients }) => {
        const end = 3 * span
        const { log } = new SimulatedLiveness(clocks, graceMs, clients).runUntil(end)
        expect(audit(clocks, graceMs, clients, log, end)).toEqual([])
      }),
      { numRuns: 1500 },
    )
  })

  it("[LV10] has nobody left who is gone: after the timeout, and the greater of grace and half an interval", () => {
    fc.assert(
      fc.property(anyRoom, ({ clocks, span, graceMs, clients }) => {
        const by = clocks.timeout + Math.max(graceMs, clocks.interval / 2) + 1
        const { log } = new SimulatedLiveness(clocks, graceMs, clients).runUntil(3 * span)
        for (const [index, { joinsAt, diesAt, breaksAt, resumesAfter }] of clients.entries()) {
          const isBroken = breaksAt !== null && resumesAfter === null
          const goneAt = joinsAt + Math.min(diesAt ?? Number.POSITIVE_INFINITY, isBroken ? breaksAt : Number.POSITIVE_INFINITY)
          const ends = log.filter(({ client, what }) => client === index && [4401, 4408, 4440, "forgotten"].includes(what))
          if (goneAt < span) expect(ends.length).toBe(1)
          if (goneAt < span) expect(ends[0]?.at).toBeLessThanOrEqual(goneAt + by)
        }
      }),
      { numRuns: 500 },
    )
  })

  it("[LV1] never loses a client that pings, or that answers within a quarter of an interval", () => {
    const living = anyClocks.chain((clocks) => {
      const span = 3 * clocks.timeout
      const beat = clocks.interval
      const client = fc.oneof(
        fc.record({ pingsEvery: fc.integer({ min: Math.ceil(beat / 4), max: beat }), answersAfter: fc.constant(null) }),
        fc.record({ pingsEvery: fc.constant(null), answersAfter: fc.integer({ min: 0, max: Math.floor(beat / 4) - 1 }) }),
      )
      const clients = fc.array(fc.tuple(client, fc.integer({ min: 0, max: span })), { minLength: 1, maxLength: 20 })
      return fc.record({
        clocks: fc.constant({ ...clocks, idleAfter: 0 }),
        clients: clients.map((all) => all.map(([one, joinsAt]) => ({ ...QUIET, ...one, joinsAt }))),
        end: fc.constant(3 * span),
      })
    })
    fc.assert(
      fc.property(living, ({ clocks, clients, end }) => {
        const { log } = new SimulatedLiveness(clocks, 0, clients).runUntil(end)
        expect(log.filter(({ what }) => what === 4408)).toEqual([])
      }),
      { numRuns: 300 },
    )
  })
})

describe("how often a room sweeps", () => {
  /** Away and idle no shorter than an interval: they have no sweeps of their own between two for liveness. */
  const longClocks = fc
    .tuple(interval, ratio, fc.constantFrom(0, 1, 3, 10, 40), fc.constantFrom(0, 1, 5, 60))
    .map(([beat, times, away, idle]) => ({
      interval: beat,
      timeout: beat * times,
      awayAfter: beat * away,
      idleAfter: beat * idle,
    }))

  function gapsOf(sweeps: readonly number[]): number[] {
    return sweeps.slice(1).map((at, i) => at - (sweeps[i] ?? 0))
  }

  it("[LV8] is once per half an interval at most, whatever clients do that neither break nor expire", () => {
    const room = longClocks.chain((clocks) => {
      const span = 4 * clocks.timeout
      const calm = clientsOf(clocks, span).map((clients) => clients.map((client) => ({ ...client, breaksAt: null, tokenLasts: null })))
      return fc.record({ clocks: fc.constant(clocks), span: fc.constant(span), clients: calm })
    })
    fc.assert(
      fc.property(room, ({ clocks, span, clients }) => {
        const { sweeps } = new SimulatedLiveness(clocks, 0, clients).runUntil(3 * span)
        for (const gap of gapsOf(sweeps)) expect(gap).toBeGreaterThanOrEqual(clocks.interval / 2)
      }),
      { numRuns: 600 },
    )
  })

  const pinging = longClocks.chain((clocks) => {
    const { interval: beat, timeout } = clocks
    const joinsAt = fc.integer({ min: 1, max: 3 * beat })
    const pingsEvery = fc.integer({ min: Math.ceil(beat / 2), max: Math.floor(1.05 * beat) })
    const client = fc.record({ joinsAt, pingsEvery, isPresent: fc.boolean() })
    const clients = fc
      .array(client, { minLength: 1, maxLength: 20 })
      .map((all) => all.map(({ isPresent, ...one }): Client => ({ ...QUIET, ...one, frames: isPresent ? [{ at: 0, type: "enter" }] : [] })))
    return fc.record({ clocks: fc.constant({ ...clocks, idleAfter: 0, awayAfter: 0 }), clients, end: fc.constant(20 * timeout) })
  })

  it("[LV7] is once per timeout − interval at most, once every client has pinged and goes on, with a slow ping now and then", () => {
    fc.assert(
      fc.property(pinging, ({ clocks, clients, end }) => {
        const { sweeps, log } = new SimulatedLiveness(clocks, 0, clients).runUntil(end)
        const allPinged = Math.max(
          ...clients.map((_, client) => log.find((entry) => entry.client === client && entry.what === "pinged")?.at ?? end),
        )
        for (const gap of gapsOf(sweeps.filter((at) => at > allPinged)))
          expect(gap).toBeGreaterThanOrEqual(clocks.timeout - clocks.interval)
        expect(log.some(({ what }) => what === 4408)).toBe(false)
      }),
      { numRuns: 300 },
    )
  })

  it.each([
    ["at once", 0],
    ["within a second", 1000],
    ["within an interval", 3000],
    ["within two intervals", 6000],
  ])("[LV7] is three times at most in the first 12 s of 20 clients that come %s and ping, at 3 s and 7.5 s", (_when, spread) => {
    const clocks = { interval: 3000, timeout: 7500, awayAfter: 300_000, idleAfter: 1_800_000 }
    const clients = Array.from(
      { length: 20 },
      (_, i): Client => ({
        ...QUIET,
        joinsAt: 1 + (i * spread) / 20,
        pingsEvery: 3000,
        answersAfter: 5,
        frames: [{ at: 1, type: "enter" }],
      }),
    )
    const { sweeps, log } = new SimulatedLiveness(clocks, 10_000, clients).runUntil(12_001)
    expect(sweeps.length).toBeLessThanOrEqual(3)
    expect(log.some(({ what }) => what === 4408)).toBe(false)
  })

  it.each([
    ["answer", 5, 4],
    ["answer within the same millisecond", 0, 4],
    ["do nothing at all", null, 8],
  ])("[LV8] is rare in those 12 s too when they never ping but %s", (_what, answersAfter, most) => {
    const clocks = { interval: 3000, timeout: 7500, awayAfter: 300_000, idleAfter: 1_800_000 }
    for (const spread of [0, 1000, 3000, 6000]) {
      const clients = Array.from({ length: 20 }, (_, i): Client => ({ ...QUIET, joinsAt: 1 + (i * spread) / 20, answersAfter }))
      const { sweeps, log } = new SimulatedLiveness(clocks, 10_000, clients).runUntil(12_001)
      expect(sweeps.length).toBeLessThanOrEqual(most)
      expect(log.some(({ what }) => what === 4408)).toBe(answersAfter === null)
    }
  })

  it("[LV9] is not at all where nobody is", () => {
    const clocks = { interval: 1000, timeout: 3000, awayAfter: 0, idleAfter: 0 }
    const room = new SimulatedLiveness(clocks, 500, [QUIET, { ...QUIET, joinsAt: 10, breaksAt: 100 }]).runUntil(60_000)
    const { sweeps, log, alarmAt } = room
    expect(log.filter(({ what }) => what === 4408 || what === "forgotten")).toEqual([
      { at: 610, client: 1, what: "forgotten" },
      { at: 3000, client: 0, what: 4408 },
    ])
    expect([alarmAt, sweeps.at(-1)]).toEqual([null, 3000])
    expect(new SimulatedLiveness(clocks, 500, []).runUntil(60_000).alarmAt).toBeNull()
  })
})
