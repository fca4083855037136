/** What the book concludes from a line that broke. */
import { expect, it } from "vitest"
import { clocksOfWave } from "./clocks.ts"
import { Life } from "./life.ts"

const clocks = clocksOfWave(3)

/** Heard at 10,000 for the last time, and cut so many milliseconds later; the instant until which it may certainly come back. */
function keptAfter(silentMs: number, late = 0): number {
  const life = new Life({ id: "c", member: "anna", session: "s", expiresAt: Number.POSITIVE_INFINITY, askedAt: 10_000 }, 10_000)
  life.lineCut(10_000 + silentMs, clocks, late)
  return life.keptUntil
}

it("[FT3] a line that is cut keeps its grace, but not when the room may have found it silent for too long before", () => {
  expect(keptAfter(500)).toBe(10_500 + clocks.grace)
  // The goodbye may have been on its way, and was cut off with the line.
  expect(keptAfter(clocks.timeout + 581)).toBe(10_000 + clocks.timeout + 581)
  expect(keptAfter(clocks.timeout - 50)).toBe(10_000 + clocks.timeout - 50)
})

it("[FT3] what a busy service has not read yet it has not heard", () => {
  expect(keptAfter(500, 100)).toBe(10_500 + clocks.grace)
  expect(keptAfter(500, 600)).toBe(10_500)
})
