/**
 * A cache that never keeps the dead alive: values are held by WeakRef, so that the collector may empty it at any
 * instant, and only a small ring of the most recently used is held strongly (a soft reference, made explicit and
 * bounded). Every read copes with "already collected" by making the value anew from the truth.
 */

export type CacheCounters = {
  /** Reads that found a fresh value, and reads that had to make one. */
  hits: number
  misses: number
  /** Values that the collector took. */
  reclaimed: number
  /** Keys whose value was not yet seen to be collected. */
  live: number
}

type Held<K, V extends object> = { readonly key: K; readonly ref: WeakRef<V> }

export class WeakCache<K, V extends object> {
  readonly #refs = new Map<K, WeakRef<V>>()
  /** In the order of use, the least recent first. */
  readonly #ring = new Set<V>()
  readonly #strong: number
  #hits = 0
  #misses = 0
  #reclaimed = 0
  // A finalizer runs long after the fact: it may only drop the very reference it was made for, never a newer one.
  readonly #finalizers = new FinalizationRegistry<Held<K, V>>(({ key, ref }) => {
    if (this.#refs.get(key) !== ref) return
    this.#refs.delete(key)
    this.#reclaimed++
  })

  /** `strong` is how many of the most recently used values are held strongly; 0 holds none. */
  constructor(strong: number) {
    this.#strong = strong
  }

  /** The cached value if it is still there and fresh, else a new one, which is cached; the stale one, if it is still there, may help to make it. */
  get(key: K, isFresh: (value: V) => boolean, make: (stale: V | undefined) => V): V {
    const held = this.#refs.get(key)
    const cached = held?.deref()
    if (cached !== undefined && isFresh(cached)) {
      this.#hits++
      this.#keep(cached)
      return cached
    }
    this.#misses++
    if (held !== undefined && cached === undefined) this.#reclaimed++
    if (cached !== undefined) this.#ring.delete(cached)
    const made = make(cached)
    const ref = new WeakRef(made)
    this.#refs.set(key, ref)
    this.#finalizers.register(made, { key, ref })
    this.#keep(made)
    return made
  }

  /** Whoever knows that a value is of no more use need not wait for the collector. */
  delete(key: K): void {
    const cached = this.#refs.get(key)?.deref()
    if (cached !== undefined) this.#ring.delete(cached)
    this.#refs.delete(key)
  }

  counters(): CacheCounters {
    return { hits: this.#hits, misses: this.#misses, reclaimed: this.#reclaimed, live: this.#refs.size }
  }

  #keep(value: V): void {
    this.#ring.delete(value)
    this.#ring.add(value)
    for (const oldest of this.#ring) {
      if (this.#ring.size <= this.#strong) return
      this.#ring.delete(oldest)
    }
  }
}
