/** Numbers that are the same for the same seed (mulberry32), so that a schedule can be drawn again. */

export class Random {
  #state: number

  constructor(seed: number) {
    // Neighbouring seeds must not begin alike.
    this.#state = Math.imul(seed ^ 0x9e3779b9, 0x85ebca6b) | 0
  }

  /** From 0 up to, not including, 1. */
  next(): number {
    this.#state = (this.#state + 0x6d2b79f5) | 0
    const state = this.#state
    let t = Math.imul(state ^ (state >>> 15), 1 | state)
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t
    return ((t ^ (t >>> 14)) >>> 0) / 4_294_967_296
  }

  chance(probability: number): boolean {
    return this.next() < probability
  }

  int(from: number, to: number): number {
    return from + Math.floor(this.next() * (to - from + 1))
  }

  /** One of the names, each as often as its weight says. */
  weighted<T extends string>(weights: Readonly<Record<T, number>>): T {
    const names = Object.keys(weights).filter((name): name is T => name in weights)
    const sum = names.reduce((total, name) => total + weights[name], 0)
    let at = this.next() * sum
    for (const name of names) {
      at -= weights[name]
      if (at < 0) return name
    }
    throw new Error("nothing to choose from")
  }
}

/** Picks by a number from 0 to 1 that was drawn before. */
export function pickBy<T>(list: readonly T[], share: number): T {
  const picked = list[Math.min(list.length - 1, Math.floor(share * list.length))]
  if (picked === undefined) throw new Error("nothing to pick from")
  return picked
}

export function between(from: number, to: number, share: number): number {
  return Math.round(from + (to - from) * share)
}
