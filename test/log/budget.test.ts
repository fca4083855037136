import fc from "fast-check"
import { describe, expect, it } from "vitest"
import { LINES, LogBudget, WINDOW_MS } from "../../src/log/budget.ts"

describe("the log's budget", () => {
  it("[LG3] lets 20 lines of an event through in 10 s, and says with the next how many it held back", () => {
    expect([LINES, WINDOW_MS]).toEqual([20, 10_000])
    const budget = new LogBudget()
    const burst = Array.from({ length: 50 }, () => budget.take("room_failed", 1000))
    expect(burst).toEqual([...Array(20).fill(0), ...Array(30).fill(null)])
    expect(budget.take("webhook_failed", 1000), "another event has its own").toBe(0)
    expect(budget.take("room_failed", 10_999)).toBe(null)
    expect(budget.take("room_failed", 11_000)).toBe(31)
    expect(budget.take("room_failed", 11_001)).toBe(0)
  })

  it("[LG3] loses no count, and never writes more than its bound, whenever lines come, also when the clock is set back", () => {
    const steps = fc.array(fc.record({ event: fc.constantFrom("a", "b"), after: fc.integer({ min: -2000, max: 3000 }) }), {
      maxLength: 300,
    })
    fc.assert(
      fc.property(steps, (lines) => {
        const budget = new LogBudget()
        let now = 1e6
        let isForward = true
        const written: Record<string, number[]> = { a: [], b: [] }
        const lost: Record<string, number> = { a: 0, b: 0 }
        for (const { event, after } of lines) {
          now += after
          isForward &&= after >= 0
          const heldBack = budget.take(event, now)
          if (heldBack === null) lost[event] = (lost[event] ?? 0) + 1
          else {
            expect(heldBack).toBe(lost[event])
            lost[event] = 0
            written[event]?.push(now)
          }
        }
        for (const times of isForward ? Object.values(written) : []) {
          // A window begins with its first line, so that two of them may touch.
          for (const at of times) expect(times.filter((time) => time >= at && time < at + WINDOW_MS).length).toBeLessThanOrEqual(2 * LINES)
        }
      }),
    )
  })
})
