/**
 * The service under a random, reproducible schedule of faults; each seed is one. `FAULT_SEEDS=200` runs that many,
 * `SEED=17` that one alone (with `FAULT_SEEDS`, from there on). A seed that fails is printed with its schedule.
 */
import { beforeAll, describe, expect, it } from "vitest"
import type { Invariant, Tally, Violation } from "./book.ts"
import { clocksOfWave } from "./clocks.ts"
import { killsOf, printed, scheduleOf } from "./schedule.ts"
import { runWave, SEEDS_PER_WAVE } from "./wave.ts"

const DEFAULT_SEEDS = 64
const MINUTES_MS = 60_000
const UNHEARD_SHARE = 0.01
/** In the calm nearly every end is noted at once; where only sweeps find them, half are late. */
const LATE_SHARE = 0.2

const first = Number(process.env["SEED"] ?? 0)
const count = Number(process.env["FAULT_SEEDS"] ?? (process.env["SEED"] === undefined ? DEFAULT_SEEDS : 1))
const seeds = Array.from({ length: count }, (_, i) => first + i)

const tally: Tally = new Map()
const found: Violation[] = []

beforeAll(
  async () => {
    for (const [wave, of] of Map.groupBy(seeds, (seed) => Math.floor(seed / SEEDS_PER_WAVE))) {
      for (const { seed, violations } of await runWave(of, tally)) {
        found.push(...violations)
        if (violations.length === 0) continue
        const list = violations.slice(0, 12).map(({ invariant, at, what }) => `  ${at} ms [${invariant}] ${what}`)
        console.error(
          `seed ${seed} (clocks: ${clocksOfWave(wave).name})\n${list.join("\n")}\n  ${printed(scheduleOf(seed), killsOf(wave))}`,
        )
      }
    }
    console.warn(`${seeds.length} seeds: ${Array.from(tally, ([what, times]) => `${times} ${what}`).join(", ")}`)
  },
  (seeds.length / 10 + 2) * MINUTES_MS,
)

function brokenBy(invariant: Invariant): string[] {
  return found.filter((violation) => violation.invariant === invariant).map(({ seed, at, what }) => `SEED=${seed}, ${at} ms: ${what}`)
}

/** Whether a check was really made, and how often at least per seed. */
function madeAtLeast(what: string, perSeed: number): void {
  expect(tally.get(what) ?? 0, what).toBeGreaterThanOrEqual(Math.floor(perSeed * seeds.length))
}

describe("under faults", () => {
  it("[FT1] convergence: every picture equals sync and GET presence, once it is quiet", () => {
    expect(brokenBy("convergence")).toEqual([])
    madeAtLeast("rooms converged", 2)
    madeAtLeast("rooms compared", 10)
    madeAtLeast("data compared", 10)
    if (seeds.some((seed) => clocksOfWave(Math.floor(seed / SEEDS_PER_WAVE)).idle === 0)) madeAtLeast("apps compared", 0.3)
  })

  it("[FT2] no ghosts: who is gone is gone from every picture within its bound", () => {
    expect(brokenBy("no ghosts")).toEqual([])
    madeAtLeast("entries watched", 100)
    const inVain = tally.get("ends looked up in vain") ?? 0
    expect(inVain, "ends unheard").toBeLessThanOrEqual(Math.max(1, (tally.get("ends looked up") ?? 0) / 4))
    const late = tally.get("ends noted late in the calm") ?? 0
    expect(late, "ends unheard in the calm").toBeLessThanOrEqual(Math.max(2, (tally.get("lines broken in the calm") ?? 0) * LATE_SHARE))
    if (seeds.some((seed) => clocksOfWave(Math.floor(seed / SEEDS_PER_WAVE)).grace > 0)) madeAtLeast("lines broken in the calm", 1)
    // The runtime's doing, not the room's: a few of hundreds. A room that took no notice of ends would have all of them here.
    expect(tally.get("ends unheard") ?? 0, "ends unheard").toBeLessThanOrEqual(Math.max(2, (tally.get("lines ended") ?? 0) * UNHEARD_SHARE))
  })

  it("[FT3] no flap: who resumes in time is never seen to go, and nobody is seen to go too early", () => {
    expect(brokenBy("no flap")).toEqual([])
    madeAtLeast("leaves judged", 3)
    madeAtLeast("resumes", 1)
  })

  it("[FT4] no leak: nothing reaches another room, who may not hear, or whom it is not for", () => {
    expect(brokenBy("no leak")).toEqual([])
    madeAtLeast("frames heard", 100)
  })

  it("[FT5] bounded: what is too much gets a clear answer, and the others lose nothing", () => {
    expect(brokenBy("bounded")).toEqual([])
    madeAtLeast("deliveries checked", 0.5)
    madeAtLeast("answers", 20)
  })

  it("[FT6] free when idle: while nothing happens, sweeps and wake-ups are within their bounds and nothing is written", () => {
    expect(brokenBy("free when idle")).toEqual([])
    madeAtLeast("quiet rooms", 1.5)
    madeAtLeast("sleeps", 0.2)
  })

  it("[FT7] nothing left: when all have left and the retention is over, the storage is empty", () => {
    expect(brokenBy("nothing left")).toEqual([])
    madeAtLeast("rooms left", 2)
  })
})
