/** What this object has counted and not yet reported. It outlives a sleep on a socket (carrier.ts); what a crash takes is not counted. */
import { z } from "zod"
import type { CacheCounters } from "../cache/weak-cache.ts"
import type { Millis } from "../core/connection.ts"
import type { Change } from "../core/roster.ts"
import { type CounterName, type Counters, countersSchema } from "../protocol/counters.ts"

/** As it rides on a socket: `at` is when it was put there. */
export const carriedSchema = z.object({ at: z.number(), counts: countersSchema })
export type Carried = z.infer<typeof carriedSchema>

export class RoomCounters {
  readonly #counts = new Map<string, number>()
  /** The newest that sockets carried into this wake. */
  #carried: Carried | null = null
  /** Null: not known yet. */
  #reportedAt: Millis | null = null
  #cache: Omit<CacheCounters, "live"> = { hits: 0, misses: 0, reclaimed: 0 }

  add(name: CounterName, count = 1): void {
    this.#add(name, count)
  }

  changes(changes: readonly Change[]): void {
    for (const change of changes) {
      if (change.kind === "update") this.add("updates")
      if (change.kind === "enter" && change.isNews) this.add("enters")
      if (change.kind === "leave") this.add(`leaves.${change.reason}`)
    }
  }

  /** Whether people do anything: answers to heartbeats and fresh tokens are the clocks' doing. */
  get isActive(): boolean {
    return this.#counts.has("updates") || this.#counts.has("messages")
  }

  /** All of it, and counting begins anew. */
  take(cache: CacheCounters): Counters {
    const taken = this.pending(cache)
    this.#counts.clear()
    return taken
  }

  /** All of it, and counting goes on; the cache counts by itself. */
  pending(cache: CacheCounters): Counters {
    this.add("cacheHits", cache.hits - this.#cache.hits)
    this.add("cacheMisses", cache.misses - this.#cache.misses)
    this.add("cacheReclaimed", cache.reclaimed - this.#cache.reclaimed)
    this.#cache = cache
    return Object.fromEntries(this.#counts)
  }

  /** After a sleep: what a socket carried goes on being counted, but for what a report took, or another socket carried as well. */
  found(carried: Carried): void {
    const before = this.#carried
    if (before !== null && carried.at < before.at) return
    // Of one instant, the one that was written later holds the more.
    this.#carried = before?.at === carried.at ? { at: carried.at, counts: greatest(before.counts, carried.counts) } : carried
    if (this.#reportedAt === null || carried.at <= this.#reportedAt) return
    const known = before !== null && before.at > this.#reportedAt ? before.counts : {}
    for (const [name, count] of Object.entries(carried.counts)) this.#add(name, count - (known[name] ?? 0))
  }

  /** Only now it is known when the last report was made: what was found until then counts, if it is newer. */
  resume(reportedAt: Millis): void {
    const newest = this.#carried
    this.#carried = null
    this.#reportedAt = reportedAt
    if (newest !== null) this.found(newest)
  }

  /** What could not be reported is counted again. */
  giveBack(counters: Counters): void {
    for (const [name, count] of Object.entries(counters)) this.#add(name, count)
  }

  #add(name: string, count: number): void {
    if (count > 0) this.#counts.set(name, (this.#counts.get(name) ?? 0) + count)
  }
}

function greatest(first: Counters, second: Counters): Counters {
  const counts = { ...first }
  for (const [name, count] of Object.entries(second)) counts[name] = Math.max(count, counts[name] ?? 0)
  return counts
}
