/** Refusals of this isolate's requests since they were last told: merged, so that a storm of them costs as much as one. Pure. */
import { ERROR_CODES, type ErrorCode } from "../protocol/errors.ts"

export type RefusalCounts = Readonly<Partial<Record<ErrorCode, number>>>

/** `owed`: what was told before and did not arrive, beside `counts`, which are new. */
export type Refusals = { readonly counts: RefusalCounts; readonly owed: RefusalCounts; readonly forMs: number }

export class RefusalCounter {
  #counts: RefusalCounts = {}
  #owed: RefusalCounts = {}
  #since = 0
  #toldAt = Number.NEGATIVE_INFINITY

  add(code: ErrorCode, now: number): void {
    if (isNothing(this.#counts)) this.#since = now
    this.#counts = together(this.#counts, { [code]: 1 })
  }

  /** All of them, if there are any and the last were taken `everyMs` ago; counting begins anew. Else null. */
  take(everyMs: number, now: number): Refusals | null {
    // A clock that was set back must not silence it.
    const isEarly = now >= this.#toldAt && now - this.#toldAt < everyMs
    if ((isNothing(this.#counts) && isNothing(this.#owed)) || isEarly) return null
    const forMs = isNothing(this.#counts) ? 0 : Math.max(0, now - this.#since)
    const taken = { counts: this.#counts, owed: this.#owed, forMs }
    this.#counts = {}
    this.#owed = {}
    this.#toldAt = now
    return taken
  }

  /** They did not arrive: they go with the next. */
  giveBack({ counts, owed }: Refusals): void {
    this.#owed = together(this.#owed, together(counts, owed))
  }
}

export function together(a: RefusalCounts, b: RefusalCounts): RefusalCounts {
  const sum: Partial<Record<ErrorCode, number>> = { ...a }
  for (const code of ERROR_CODES) {
    const more = b[code]
    if (more !== undefined) sum[code] = (sum[code] ?? 0) + more
  }
  return sum
}

function isNothing(counts: RefusalCounts): boolean {
  return Object.keys(counts).length === 0
}
