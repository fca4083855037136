/** The ways to hold an entry's encoded text between two reads, behind one shape. */
import { type CacheCounters, WeakCache } from "../../src/cache/weak-cache.ts"
import type { Entry } from "../../src/protocol/frames.ts"

export type EncodedEntry = { readonly entry: Entry; readonly text: string }

export type EntryCache = {
  /** The entry's text, made anew where it is not held, or is of an older entry under the same ref. */
  readonly text: (entry: Entry) => string
  readonly counters: () => CacheCounters
}

export const STRATEGIES = ["none", "strong", "weak", "soft-16", "soft-64", "soft-256"] as const
export type Strategy = (typeof STRATEGIES)[number]

export function cacheFor(strategy: Strategy): EntryCache {
  switch (strategy) {
    case "none":
      return encodingAlways()
    case "strong":
      return holdingAll()
    case "weak":
      return holdingWeakly(0)
    default:
      return holdingWeakly(Number(strategy.slice("soft-".length)))
  }
}

function encode(entry: Entry): EncodedEntry {
  return { entry, text: JSON.stringify(entry) }
}

function encodingAlways(): EntryCache {
  const counters = { hits: 0, misses: 0, reclaimed: 0, live: 0 }
  return {
    text: (entry) => {
      counters.misses++
      return encode(entry).text
    },
    counters: () => ({ ...counters }),
  }
}

function holdingAll(): EntryCache {
  const held = new Map<number, EncodedEntry>()
  const counters = { hits: 0, misses: 0, reclaimed: 0 }
  return {
    text: (entry) => {
      const known = held.get(entry.ref)
      if (known !== undefined && known.entry === entry) {
        counters.hits++
        return known.text
      }
      counters.misses++
      const made = encode(entry)
      held.set(entry.ref, made)
      return made.text
    },
    counters: () => ({ ...counters, live: held.size }),
  }
}

function holdingWeakly(strong: number): EntryCache {
  const cache = new WeakCache<number, EncodedEntry>(strong)
  return {
    text: (entry) =>
      cache.get(
        entry.ref,
        (encoded) => encoded.entry === entry,
        () => encode(entry),
      ).text,
    counters: () => cache.counters(),
  }
}
