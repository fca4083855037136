/** Seeds that run side by side in one service, and share its crashes. */
import { violations as badFrames } from "../whole/wire-frames.ts"
import { Arena } from "./arena.ts"
import type { Tally, Violation } from "./book.ts"
import { clocksOfWave, slowness, stretched, variablesOf } from "./clocks.ts"
import { Lane } from "./lane.ts"
import { wait } from "./player-deeds.ts"
import { killsOf, scheduleOf } from "./schedule.ts"

export const SEEDS_PER_WAVE = 16

export type Outcome = { readonly seed: number; readonly violations: readonly Violation[] }

/** The seeds must be of one wave: its number decides the clocks and the crashes. */
export async function runWave(seeds: readonly number[], tally: Tally): Promise<Outcome[]> {
  const wave = Math.floor((seeds[0] ?? 0) / SEEDS_PER_WAVE)
  const clocks = stretched(clocksOfWave(wave), slowness())
  const arena = await Arena.start(variablesOf(clocks))
  try {
    const sessions = new Set<string>()
    tally.set("slowest", Math.max(tally.get("slowest") ?? 0, clocks.stretch))
    const lanes = seeds.map((seed) => new Lane(scheduleOf(seed), arena, clocks, sessions, tally))
    const startedAt = Date.now()
    // One after the other: the simulator does not restart what dies while it restarts.
    const crashes = async () => {
      for (const at of killsOf(wave)) {
        await wait(startedAt + at * clocks.stretch - Date.now())
        const killed = arena.kill()
        for (const lane of lanes) lane.crashed(Date.now())
        await killed
        tally.set("crashes", (tally.get("crashes") ?? 0) + 1)
      }
    }
    await Promise.all([...lanes.map((lane) => lane.run()), crashes()])
    const [first] = lanes
    for (const text of [...badFrames.splice(0), ...arena.errors.filter((message) => /room_failed|Uncaught/.test(message))]) {
      first?.books[0]?.report("bounded", text.slice(0, 500))
    }
    return lanes.map(({ schedule, violations }) => ({ seed: schedule.seed, violations }))
  } finally {
    await arena.stop()
  }
}
