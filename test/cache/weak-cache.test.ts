import { setImmediate } from "node:timers/promises"
import fc from "fast-check"
import { describe, expect, it, vi } from "vitest"
import { WeakCache } from "../../src/cache/weak-cache.ts"
import { collect, collectNow } from "./collect.ts"

// Properties take their time on a busy machine.
vi.setConfig({ testTimeout: 60_000 })

type Made = { readonly key: string; readonly version: number }

const always = () => true

/** A cache over a truth that counts how often a value had to be made. */
function watched(strong: number) {
  const cache = new WeakCache<string, Made>(strong)
  const truth = new Map<string, number>()
  const made: string[] = []
  const get = (key: string): Made => {
    const version = truth.get(key) ?? 0
    return cache.get(
      key,
      (value) => value.version === version,
      () => {
        made.push(key)
        return { key, version }
      },
    )
  }
  return { cache, get, made, change: (key: string) => truth.set(key, (truth.get(key) ?? 0) + 1) }
}

function keys(count: number): string[] {
  return Array.from({ length: count }, (_, i) => `k${i}`)
}

describe("a value", () => {
  it("[WC1] that was collected is made anew", async () => {
    const { cache, get, made } = watched(0)
    get("a")
    await collect()
    expect(get("a")).toEqual({ key: "a", version: 0 })
    expect(made).toEqual(["a", "a"])
    expect(cache.counters()).toEqual({ hits: 0, misses: 2, reclaimed: 1, live: 1 })
  })

  it("[WC1] that somebody holds is the same one, before and after a collection", async () => {
    const { get, made } = watched(0)
    const held = get("a")
    await collect()
    expect(get("a")).toBe(held)
    expect(made).toEqual(["a"])
  })

  it("[WC1] that is no longer fresh is made anew, and the new one is kept", () => {
    const { get, made, change } = watched(1)
    get("a")
    change("a")
    expect(get("a")).toEqual({ key: "a", version: 1 })
    get("a")
    expect(made).toEqual(["a", "a"])
  })

  it("[WC1] that could not be made leaves the cache as it was", () => {
    const { cache, get } = watched(1)
    const fails = () =>
      cache.get("b", always, () => {
        throw new Error("no truth")
      })
    expect(fails).toThrow("no truth")
    expect(cache.counters().live).toBe(0)
    expect(get("b")).toEqual({ key: "b", version: 0 })
  })
})

describe("the ring", () => {
  it("[WC2] keeps the most recently used, and no more", async () => {
    const { cache, get, made } = watched(3)
    for (const key of keys(10)) get(key)
    await collect()
    expect(cache.counters()).toMatchObject({ reclaimed: 7, live: 3 })
    made.length = 0
    for (const key of ["k9", "k8", "k7"]) get(key)
    expect(made).toEqual([])
    for (const key of ["k6", "k0"]) get(key)
    expect(made).toEqual(["k6", "k0"])
  })

  it("[WC2] counts a read as a use", async () => {
    const { get, made } = watched(2)
    for (const key of ["a", "b", "a", "c"]) get(key)
    await collect()
    made.length = 0
    for (const key of ["a", "c", "b"]) get(key)
    expect(made).toEqual(["b"])
  })

  it("[WC2] of none holds nothing", async () => {
    const { cache, get } = watched(0)
    for (const key of keys(100)) get(key)
    await collect()
    expect(cache.counters().live).toBe(0)
  })

  it("[WC2] does not spend its places on values that were replaced", async () => {
    const { get, made, change } = watched(2)
    get("a")
    get("hot")
    for (let i = 0; i < 5; i++) {
      change("hot")
      get("hot")
    }
    await collect()
    made.length = 0
    for (const key of ["a", "hot"]) get(key)
    expect(made).toEqual([])
  })

  it("[WC2] lets go of a value that was deleted", async () => {
    const { cache, get } = watched(2)
    const ref = new WeakRef(get("a"))
    cache.delete("a")
    await collect()
    expect(ref.deref()).toBeUndefined()
  })
})

describe("a finalizer", () => {
  it("[WC3] of an old value spares the newer one under its key", async () => {
    const { cache, get, made, change } = watched(0)
    get("a")
    change("a")
    const newer = get("a")
    await collect()
    expect(cache.counters()).toMatchObject({ live: 1, reclaimed: 0 })
    expect(get("a")).toBe(newer)
    expect(made).toEqual(["a", "a"])
  })

  it("[WC3] of an old value spares a newer one that was made after a deletion", async () => {
    const { cache, get } = watched(0)
    get("a")
    cache.delete("a")
    const newer = get("a")
    await collect()
    expect(get("a")).toBe(newer)
    expect(cache.counters().live).toBe(1)
  })

  it("[WC6] drops the keys of the dead, however many they are", async () => {
    const { cache, get } = watched(8)
    for (let round = 0; round < 10; round++) {
      for (const key of keys(2000)) get(`${round}:${key}`)
      await collect()
      expect(cache.counters().live).toBeLessThanOrEqual(8)
    }
    expect(cache.counters()).toMatchObject({ hits: 0, misses: 20_000, live: 8, reclaimed: 19_992 })
  })

  it("[WC6] does not keep a key alive that is an object", async () => {
    const cache = new WeakCache<object, Made>(0)
    const fill = () => {
      const key = {}
      cache.get(key, always, () => ({ key: "object", version: 0 }))
      return new WeakRef(key)
    }
    const ref = fill()
    await collect()
    await collect()
    expect(ref.deref()).toBeUndefined()
  })
})

describe("the counters", () => {
  const step = fc.oneof(
    { weight: 10, arbitrary: fc.record({ do: fc.constant("get" as const), key: fc.constantFrom("a", "b", "c", "d") }) },
    {
      weight: 3,
      arbitrary: fc.record({ do: fc.constantFrom("change" as const, "delete" as const), key: fc.constantFrom("a", "b", "c", "d") }),
    },
    { weight: 1, arbitrary: fc.record({ do: fc.constant("collect" as const), key: fc.constant("") }) },
  )

  it("[WC4] add up: every read is a hit or a miss, and nothing is reclaimed that was not made", async () => {
    await fc.assert(
      fc.asyncProperty(fc.nat(3), fc.array(step, { maxLength: 40 }), async (strong, steps) => {
        const { cache, get, made, change } = watched(strong)
        let reads = 0
        for (const { do: what, key } of steps) {
          if (what === "get") get(key)
          if (what === "get") reads++
          if (what === "change") change(key)
          if (what === "delete") cache.delete(key)
          if (what === "collect") await collect()
          const { hits, misses, reclaimed, live } = cache.counters()
          expect([hits + misses, misses]).toEqual([reads, made.length])
          expect(reclaimed + live).toBeLessThanOrEqual(misses)
          expect(live).toBeLessThanOrEqual(4)
        }
      }),
      { numRuns: 40 },
    )
  })

  it("[WC4] count a value once that was found dead before its finalizer ran", async () => {
    const { cache, get } = watched(0)
    get("a")
    await setImmediate()
    collectNow()
    get("a")
    expect(cache.counters()).toEqual({ hits: 0, misses: 2, reclaimed: 1, live: 1 })
    await collect()
    expect(cache.counters()).toEqual({ hits: 0, misses: 2, reclaimed: 2, live: 0 })
  })

  it("[WC5] are all that a collection changes: every answer is the truth's, with and without one", async () => {
    await fc.assert(
      fc.asyncProperty(fc.nat(3), fc.array(step, { maxLength: 40 }), async (strong, steps) => {
        const collected = watched(strong)
        const spared = watched(strong)
        const kept: Made[] = []
        for (const { do: what, key } of steps) {
          if (what === "collect") await collect()
          if (what === "delete") for (const { cache } of [collected, spared]) cache.delete(key)
          if (what === "change") for (const { change } of [collected, spared]) change(key)
          if (what !== "get") continue
          const answer = spared.get(key)
          // What is held strongly is never collected.
          kept.push(answer)
          expect(collected.get(key)).toEqual(answer)
        }
        expect(spared.cache.counters().reclaimed).toBe(0)
      }),
      { numRuns: 40 },
    )
  })
})
