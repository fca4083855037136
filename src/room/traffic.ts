/** Frames in and out per second over the last minute, in memory alone, and all of them in the counters. */
import type { RoomCounters } from "./counters.ts"

const WINDOW_S = 60

export class Traffic {
  readonly #counters: RoomCounters
  readonly #in = new Map<number, number>()
  readonly #out = new Map<number, number>()

  constructor(counters: RoomCounters) {
    this.#counters = counters
  }

  received(frames: number, now: number): void {
    this.#counters.add("framesIn", frames)
    add(this.#in, frames, now)
  }

  sent(frames: number, now: number): void {
    this.#counters.add("framesOut", frames)
    add(this.#out, frames, now)
  }

  rates(now: number): { framesIn: number; framesOut: number } {
    return { framesIn: rate(this.#in, now), framesOut: rate(this.#out, now) }
  }
}

function add(perSecond: Map<number, number>, frames: number, now: number): void {
  const second = Math.floor(now / 1000)
  const known = perSecond.get(second)
  perSecond.set(second, (known ?? 0) + frames)
  if (known !== undefined) return
  for (const old of perSecond.keys()) if (old <= second - WINDOW_S) perSecond.delete(old)
}

function rate(perSecond: ReadonlyMap<number, number>, now: number): number {
  const from = Math.floor(now / 1000) - WINDOW_S
  let frames = 0
  for (const [second, count] of perSecond) if (second > from) frames += count
  return Math.round((frames / WINDOW_S) * 100) / 100
}
