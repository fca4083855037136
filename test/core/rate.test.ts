import fc from "fast-check"
import { describe, expect, it, vi } from "vitest"
import { type Bucket, fullBucket, takeFrame } from "../../src/core/rate.ts"

// Properties take their time on a busy machine.
vi.setConfig({ testTimeout: 60_000 })

/** Takes frames at the given instants; returns those at which one was allowed. */
function allowedAt(rate: number, start: number, instants: readonly number[]): number[] {
  let bucket: Bucket = fullBucket(rate, start)
  return instants.filter((now) => {
    const taken = takeFrame(bucket, rate, now)
    bucket = taken.bucket
    return taken.verdict === "allowed"
  })
}

function steps(pauses: readonly number[]): number[] {
  let now = 1000
  return pauses.map((pause) => {
    now += pause
    return now
  })
}

const rate = fc.integer({ min: 1, max: 200 })
const pauses = fc.array(fc.oneof(fc.constant(0), fc.nat(5), fc.nat(2000)), { maxLength: 300 })

describe("the token bucket", () => {
  it("[FR7] allows a burst of twice the rate, and not one frame more", () => {
    fc.assert(
      fc.property(rate, (perSecond) => {
        expect(allowedAt(perSecond, 0, Array(3 * perSecond).fill(0))).toHaveLength(2 * perSecond)
      }),
    )
  })

  it("[FR7] never allows more than the burst and the rate in any window", () => {
    fc.assert(
      fc.property(rate, pauses, (perSecond, gaps) => {
        const allowed = allowedAt(perSecond, 1000, steps(gaps))
        for (const [from, first] of allowed.entries()) {
          for (const [to, last] of allowed.entries()) {
            if (to < from) continue
            expect(to - from + 1).toBeLessThanOrEqual(2 * perSecond + (perSecond * (last - first)) / 1000 + 1e-6)
          }
        }
      }),
      { numRuns: 60 },
    )
  })

  it("[FR7] never refuses a frame that keeps to the rate", () => {
    fc.assert(
      fc.property(rate, fc.array(fc.nat(500), { maxLength: 100 }), (perSecond, extra) => {
        const instants = steps(extra.map((pause) => pause + 1000 / perSecond))
        expect(allowedAt(perSecond, 1000, instants)).toEqual(instants)
      }),
    )
  })

  it("[FR7] is full again after two seconds, and never fuller", () => {
    const drained = Array(20).fill(0)
    const refilled = (pause: number) => allowedAt(10, 0, [...drained, ...Array(50).fill(pause)]).length - 20
    expect([refilled(0), refilled(99), refilled(100), refilled(1000), refilled(2000), refilled(3_600_000)]).toEqual([0, 0, 1, 10, 20, 20])
  })

  it("[FR7] [PC10] refills nothing for a clock that is set back, and as ever from there on", () => {
    fc.assert(
      fc.property(rate, fc.array(fc.integer({ min: -3000, max: 3000 }), { maxLength: 200 }), (perSecond, jumps) => {
        const instants = steps(jumps)
        const forwards = jumps.reduce((sum, jump) => sum + Math.max(0, jump), 0)
        const allowed = allowedAt(perSecond, 1000, instants)
        expect(allowed.length).toBeLessThanOrEqual(2 * perSecond + (perSecond * forwards) / 1000 + 1e-6)
      }),
    )
    const evenly = (from: number) => Array.from({ length: 100 }, (_, i) => from + i * 100)
    expect(allowedAt(10, 3_600_000, [...evenly(3_600_000), ...evenly(0)])).toHaveLength(200)
  })

  it("[FR7] takes nothing either for a clock that goes backwards", () => {
    expect(allowedAt(10, 10_000, Array(20).fill(0))).toHaveLength(20)
    expect(allowedAt(10, 10_000, [10_000, 5000, 0, 10_000])).toHaveLength(4)
  })

  it("[FR7] is a value: a frame does not change it", () => {
    const bucket = Object.freeze(fullBucket(1, 0))
    const once = takeFrame(bucket, 1, 0)
    expect(bucket).toEqual(fullBucket(1, 0))
    expect(once).toEqual({ bucket: { tokens: 1, refused: 0, at: 0 }, verdict: "allowed" })
  })

  it("[FR7] tells who goes on regardless from who was too fast once, also when some frames of the stream pass", () => {
    const verdicts = (perSecond: number, pauseMs: number) => {
      let bucket = fullBucket(perSecond, 0)
      return Array.from({ length: 2000 }, (_, i) => {
        const taken = takeFrame(bucket, perSecond, i * pauseMs)
        bucket = taken.bucket
        return taken.verdict
      })
    }
    expect(verdicts(60, 1)).toContain("flood")
    expect(verdicts(60, 5)).toContain("flood")
    expect(new Set(verdicts(60, 14))).toEqual(new Set(["allowed", "refused"]))
    expect(new Set(verdicts(60, 1000 / 60))).toEqual(new Set(["allowed"]))
    expect(verdicts(10, 0).filter((verdict) => verdict === "refused")).toHaveLength(19)
  })
})
