/** What this object has counted and not yet reported. In memory: what a crash or a sleep takes was not reported, and is not counted. */
import type { CacheCounters } from "../cache/weak-cache.ts"
import type { Change } from "../core/roster.ts"
import type { CounterName, Counters } from "../protocol/counters.ts"

export class RoomCounters {
  readonly #counts = new Map<string, number>()
  #cache: Omit<CacheCounters, "live"> = { hits: 0, misses: 0, reclaimed: 0 }

  add(name: CounterName, count = 1): void {
    if (count > 0) this.#counts.set(name, (this.#counts.get(name) ?? 0) + count)
  }

  changes(changes: readonly Change[]): void {
    for (const change of changes) {
      if (change.kind === "update") this.add("updates")
      if (change.kind === "enter" && change.isNews) this.add("enters")
      if (change.kind === "leave") this.add(`leaves.${change.reason}`)
    }
  }

  /** Whether anything was counted that is no doing of the room's own clock. */
  get isActive(): boolean {
    return this.#counts.has("framesIn")
  }

  /** All of it, and counting begins anew; the cache counts by itself. */
  take(cache: CacheCounters): Counters {
    this.add("cacheHits", cache.hits - this.#cache.hits)
    this.add("cacheMisses", cache.misses - this.#cache.misses)
    this.add("cacheReclaimed", cache.reclaimed - this.#cache.reclaimed)
    this.#cache = cache
    const taken = Object.fromEntries(this.#counts)
    this.#counts.clear()
    return taken
  }

  /** What could not be reported is counted again. */
  giveBack(counters: Counters): void {
    for (const [name, count] of Object.entries(counters)) this.#counts.set(name, (this.#counts.get(name) ?? 0) + count)
  }
}
