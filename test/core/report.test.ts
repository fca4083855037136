import fc from "fast-check"
import { describe, expect, it } from "vitest"
import { isEmpty, leaseFor, NOBODY, type Occupants, type Reported, renewBy, reportAt, retryAfter } from "../../src/core/report.ts"

const LIMITS = { everyMs: 5000, leaseMs: 600_000 }
const small = fc.integer({ min: 0, max: 2 })
const occupants: fc.Arbitrary<Occupants> = fc.record({ members: small, connections: small, observers: small })
const step = fc.record({ current: occupants, after: fc.integer({ min: 0, max: 20_000 }), isSweep: fc.boolean(), hasCounted: fc.boolean() })

describe("when a room reports", () => {
  it("[DR1] at most so often, but for becoming empty; and who asks again when told gets everything told in time", () => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 40 }), (steps) => {
        let now = 0
        let last: Reported | null = null
        for (const { current, after, isSweep, hasCounted } of steps) {
          now += after
          let at = reportAt(last, current, isSweep, hasCounted, LIMITS, now)
          if (at !== null && at > now) {
            expect(at - now).toBeLessThanOrEqual(LIMITS.everyMs)
            now = at
            at = reportAt(last, current, false, hasCounted, LIMITS, now)
          }
          if (at === null) {
            expect(last === null ? isEmpty(current) : { ...last, at: 0 }).toEqual(last === null ? true : { ...current, at: 0 })
            continue
          }
          expect(at).toBeLessThanOrEqual(now)
          if (last !== null && !isEmpty(current)) expect(now - last.at).toBeGreaterThanOrEqual(LIMITS.everyMs)
          last = { ...current, at: now }
        }
      }),
    )
  })

  it("[DR2] nothing while nothing changes, until half the lease has gone, and then at a sweep", () => {
    const current = { members: 1, connections: 1, observers: 0 }
    const last = { ...current, at: 0 }
    expect(reportAt(last, current, false, true, LIMITS, 449_999)).toBeNull()
    expect(reportAt(last, current, true, false, LIMITS, 299_999)).toBeNull()
    expect(reportAt(last, current, true, false, LIMITS, 300_000)).toBe(300_000)
    expect(reportAt({ ...NOBODY, at: 0 }, NOBODY, true, true, LIMITS, 10_000_000)).toBeNull()
  })

  it("[DR8] a lease is renewed before it ends, whether or not a sweep comes", () => {
    const current = { members: 1, connections: 0, observers: 0 }
    const last = { ...current, at: 1000 }
    expect(renewBy(last, LIMITS.leaseMs)).toBe(451_000)
    expect(reportAt(last, current, false, false, LIMITS, 450_999)).toBeNull()
    expect(reportAt(last, current, false, false, LIMITS, 451_000)).toBe(451_000)
    expect([renewBy(null, LIMITS.leaseMs), renewBy({ ...NOBODY, at: 1000 }, LIMITS.leaseMs)]).toEqual([Infinity, Infinity])
    expect(leaseFor({ interval: 30_000, timeout: 90_000 }, 86_400_000)).toBe(172_800_000)
  })

  it("[DR9] a report that failed is tried again after pauses that double, within a quarter of the lease", () => {
    expect([0, 1, 2, 5, 100].map((failures) => retryAfter(failures, LIMITS))).toEqual([5000, 10_000, 20_000, 150_000, 150_000])
    expect(retryAfter(0, { everyMs: 100, leaseMs: 600_000 })).toBe(1000)
  })

  it("[DR2] a lease outlasts several sweeps", () => {
    expect(leaseFor({ interval: 30_000, timeout: 90_000 }, 1000)).toBe(600_000)
    expect(leaseFor({ interval: 1_000_000, timeout: 3_000_000 }, 1000)).toBe(8_000_000)
  })
})
