/** Refusals of this isolate's requests since they were last told: merged, so that a storm of them costs as much as one. Pure. */
import type { ErrorCode } from "../protocol/errors.ts"

export type Refusals = { readonly counts: Readonly<Partial<Record<ErrorCode, number>>>; readonly forMs: number }

export class RefusalCounter {
  readonly #counts = new Map<ErrorCode, number>()
  #since = 0
  #toldAt = Number.NEGATIVE_INFINITY

  add(code: ErrorCode, now: number, count = 1): void {
    if (this.#counts.size === 0) this.#since = now
    this.#counts.set(code, (this.#counts.get(code) ?? 0) + count)
  }

  /** All of them, if there are any and the last were taken `everyMs` ago; counting begins anew. Else null. */
  take(everyMs: number, now: number): Refusals | null {
    // A clock that was set back must not silence it.
    const isEarly = now >= this.#toldAt && now - this.#toldAt < everyMs
    if (this.#counts.size === 0 || isEarly) return null
    const taken = { counts: Object.fromEntries(this.#counts), forMs: Math.max(0, now - this.#since) }
    this.#counts.clear()
    this.#toldAt = now
    return taken
  }
}
