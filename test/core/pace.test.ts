import fc from "fast-check"
import { describe, expect, it, vi } from "vitest"
import { afterFlush, CROWD, flushAt, framesWorth, maxWaitingMessages, type Pace, type PaceLimits, RESTED } from "../../src/core/pace.ts"

// Properties take their time on a busy machine.
vi.setConfig({ testTimeout: 60_000 })

const limits: PaceLimits = { tickMs: 25, fanoutPerSecond: 20_000 }

const anyLimits = fc.record({ tickMs: fc.constantFrom(0, 1, 25, 100, 1000), fanoutPerSecond: fc.constantFrom(10, 100, 1000, 20_000) })

/** A room in virtual time in which something waits at every instant given, as `fan-out.ts` paces it. */
function presenceAt(pace: PaceLimits, connections: number, changes: readonly number[]): number[] {
  let state: Pace = RESTED
  const flushes: number[] = []
  let next: number | null = null
  for (const at of [...changes].sort((a, b) => a - b)) {
    if (next !== null && next > at) continue
    const due = Math.max(at, flushAt(state, true, pace))
    state = afterFlush(state, connections, true, pace, due)
    flushes.push(due)
    next = due
  }
  return flushes
}

function gaps(instants: readonly number[]): number[] {
  return instants.slice(1).map((at, i) => at - (instants[i] ?? 0))
}

describe("the tick", () => {
  it("[PC1] does not hold the first change after a pause", () => {
    fc.assert(
      fc.property(anyLimits, fc.integer({ min: 1, max: 10_000 }), fc.nat(1_000_000), (pace, connections, now) => {
        expect(flushAt(RESTED, true, pace)).toBeLessThanOrEqual(now)
        const after = afterFlush(RESTED, connections, true, pace, now)
        const pause = Math.max(pace.tickMs, (connections * 1000) / pace.fanoutPerSecond)
        expect(flushAt(after, true, pace)).toBeLessThanOrEqual(now + pause)
      }),
    )
  })

  it("[PC2] keeps presence frames at least a tick apart, however the changes come", () => {
    fc.assert(
      fc.property(anyLimits, fc.integer({ min: 1, max: 500 }), fc.array(fc.nat(3000), { maxLength: 200 }), (pace, connections, changes) => {
        for (const gap of gaps(presenceAt(pace, connections, changes))) expect(gap).toBeGreaterThanOrEqual(pace.tickMs - 1e-6)
      }),
    )
  })

  it.each([
    [1, 25],
    [500, 25],
    [1000, 50],
    [5000, 250],
    [10_000, 500],
  ])("[PC3] stretches for %i connections to %i ms", (connections, tick) => {
    const flushes = presenceAt(
      limits,
      connections,
      Array.from({ length: 5000 }, (_, i) => i),
    )
    const found = gaps(flushes)
    expect(Math.min(...found)).toBeCloseTo(tick, 6)
    expect(Math.max(...found)).toBeCloseTo(tick, 6)
  })

  it.each([
    [50, 25],
    [100, 40],
    [250, 100],
    [1000, 150],
    [5000, 250],
  ])("[PC7] stretches for %i connections, while a crowd keeps coming or going, to %i ms", (connections, tick) => {
    const after = afterFlush(RESTED, connections, true, limits, 1000, CROWD)
    expect(flushAt(after, true, limits, 1000 + tick)).toBeCloseTo(1000 + tick, 6)
    const usual = afterFlush(RESTED, connections, true, limits, 1000)
    expect(afterFlush(RESTED, connections, true, limits, 1000, CROWD - 1)).toEqual(usual)
    // Something hurries.
    expect(flushAt(after, true, limits)).toBe(flushAt(usual, true, limits))
  })

  it("[PC7] is six at most for a crowd, two ticks after the last of it, and no frame more is sent for it", () => {
    fc.assert(
      fc.property(
        anyLimits,
        fc.integer({ min: 1, max: 10_000 }),
        fc.integer({ min: CROWD, max: 1000 }),
        fc.nat(2000),
        (pace, connections, moved, movedAt) => {
          const usual = afterFlush(RESTED, connections, true, pace, 0)
          const crowded = afterFlush(RESTED, connections, true, pace, 0, moved)
          expect(crowded.paidAt).toBe(usual.paidAt)
          const [without, at] = [flushAt(usual, true, pace), flushAt(crowded, true, pace, movedAt)]
          expect(at).toBeGreaterThanOrEqual(without)
          expect(at).toBeLessThanOrEqual(Math.max(without, Math.min(6 * pace.tickMs, movedAt + 2 * pace.tickMs)))
        },
      ),
    )
  })

  it.each([
    [200, 100, 25],
    [1000, 100, 50.07],
    [1000, 12_000, 58.14],
    [1000, 73_728, 100],
    [1000, 1_000_000, 728.17],
  ])("[PC8] stretches for %i connections and frames of %i characters to %d ms", (connections, length, tick) => {
    const after = afterFlush(RESTED, connections * framesWorth(length), true, limits, 0)
    expect(after.presenceAt).toBeCloseTo(tick, 1)
  })

  it.each([
    [5, 25, 0],
    [5, 40, 15],
    [5, 5000, 100],
    [1000, 25, 0],
    [1000, 75, 50],
    [5000, 125, 0],
    [5000, 5000, 100],
  ])("[PC9] waits longer, for %i connections after one that came %i ms late, by %i ms, and no message does", (connections, late, rest) => {
    const usual = afterFlush(RESTED, connections, true, limits, 1000, 0, 0)
    const after = afterFlush(RESTED, connections, true, limits, 1000, 0, late)
    expect(flushAt(after, true, limits, 0)).toBeCloseTo(flushAt(usual, true, limits, 0) + rest, 6)
    expect(flushAt(after, true, limits)).toBe(flushAt(usual, true, limits))
    expect(flushAt(after, false, limits)).toBe(flushAt(usual, false, limits))
  })

  it("[PC9] forgets by halves that a tick came late, where no timer tells, and at once where one is on time", () => {
    const late = afterFlush(RESTED, 5, true, limits, 1000, 0, 90)
    expect(late.rest).toBe(65)
    const after = afterFlush(late, 5, true, limits, 2000)
    expect(after.rest).toBe(32.5)
    expect(afterFlush(after, 5, false, limits, 2010).rest).toBe(32.5)
    expect(afterFlush(after, 5, true, limits, 3000, 0, 3).rest).toBe(0)
  })

  it("[PC5] is nothing at TICK_MS 0, as long as the fan-out allows", () => {
    const at = presenceAt({ tickMs: 0, fanoutPerSecond: 20_000 }, 1, [10, 10.5, 11, 12])
    expect(at).toEqual([10, 10.5, 11, 12])
    expect(gaps(presenceAt({ tickMs: 0, fanoutPerSecond: 1000 }, 500, [0, 1, 600, 601]))).toEqual([500, 500])
  })
})

describe("messages", () => {
  it("[PC1] do not hold the first change after a pause", () => {
    const after = afterFlush(RESTED, 2, false, limits, 1000)
    expect(flushAt(after, true, limits)).toBeLessThanOrEqual(1000)
  })
})

describe("the budget of frames", () => {
  const flush = fc.record({ pause: fc.nat(400), presence: fc.boolean(), messages: fc.nat(3) })

  it("[PC4] spends what it has and a tick's worth more, messages included, before each flush", () => {
    fc.assert(
      fc.property(anyLimits, fc.integer({ min: 1, max: 300 }), fc.array(flush, { maxLength: 80 }), (pace, connections, flushes) => {
        let state: Pace = RESTED
        let now = 0
        const sent: { at: number; frames: number }[] = []
        for (const { pause, presence, messages } of flushes) {
          if (!presence && messages === 0) continue
          now = Math.max(now + pause, flushAt(state, presence, pace))
          const frames = connections * (messages + (presence ? 1 : 0))
          state = afterFlush(state, frames, presence, pace, now)
          sent.push({ at: now, frames })
        }
        for (const [i, first] of sent.entries()) {
          let frames = 0
          for (const { at, frames: more } of sent.slice(i)) {
            const allowed = (pace.fanoutPerSecond * (at - first.at + pace.tickMs)) / 1000
            expect(frames).toBeLessThanOrEqual(allowed + 1e-3)
            frames += more
          }
        }
      }),
    )
  })

  it("[PC4] counts no time twice: a room that rested a day has no more than a fresh one", () => {
    const busy = afterFlush(RESTED, 40_000, true, limits, 0)
    const rested = afterFlush(busy, 500, true, limits, 86_400_000)
    expect(rested).toEqual(afterFlush(RESTED, 500, true, limits, 86_400_000))
  })

  it("[MS6] lets a message that waits behind nothing go at once, also right after a presence frame", () => {
    const after = afterFlush(RESTED, 2, true, limits, 1000)
    expect(flushAt(after, false, limits)).toBeLessThanOrEqual(1000)
    expect(flushAt(after, true, limits)).toBe(1025)
  })
})

describe("messages that wait", () => {
  it("[MS8] are bounded by what the budget sends in a second, and one may wait in any case", () => {
    fc.assert(
      fc.property(anyLimits, fc.nat(32_768), (pace, connected) => {
        const most = maxWaitingMessages(connected, pace)
        expect(Number.isInteger(most)).toBe(true)
        expect(most).toBeGreaterThanOrEqual(1)
        if (most > 1) expect(most * connected).toBeLessThanOrEqual(pace.fanoutPerSecond)
        expect((most + 1) * Math.max(1, connected)).toBeGreaterThan(pace.fanoutPerSecond)
      }),
    )
  })
})
