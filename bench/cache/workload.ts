/** A room's entries and those who read them: single reads that favour some members, and snapshots of all. */
import type { Entry } from "../../src/protocol/frames.ts"
import { cacheFor, type EntryCache, type Strategy } from "./strategies.ts"

/** How many entries change between two snapshots: a tick's worth in a busy room. */
const CHANGED_BETWEEN_SNAPSHOTS = 50

/** So many reads are one turn of the event loop: what a turn has touched weakly stays alive until its end. */
const READS_PER_TURN = 1000

/** Neighbours in the same isolate: so many megabytes live, and one of them replaced in every turn. */
const NEIGHBOURS_MB = 32
const OBJECTS_PER_MB = 16_384

export class Workload {
  readonly #entries: Entry[]
  readonly #cache: EntryCache
  readonly #reads: Uint32Array
  readonly #neighbours: object[][] = []
  #position = 0

  /** Entries of about `bytes` of JSON each. */
  constructor(strategy: Strategy, entries: number, bytes: number) {
    this.#cache = cacheFor(strategy)
    this.#entries = Array.from({ length: entries }, (_, index) => entryOf(index, bytes))
    this.#reads = zipfian(entries)
  }

  counters(): ReturnType<EntryCache["counters"]> {
    return this.#cache.counters()
  }

  /** Reads all entries in order, in turns; returns milliseconds. */
  async scan(): Promise<number> {
    let spent = 0
    for (let from = 0; from < this.#entries.length; from += READS_PER_TURN) {
      const startedAt = performance.now()
      for (const entry of this.#entries.slice(from, from + READS_PER_TURN)) this.#cache.text(entry)
      spent += performance.now() - startedAt
      await nextTurn()
    }
    return spent
  }

  /** Reads single entries, some far more often than others; under pressure, neighbours come and go meanwhile. Returns milliseconds. */
  async read(reads: number, isUnderPressure: boolean): Promise<number> {
    let spent = 0
    for (let turn = 0; turn * READS_PER_TURN < reads; turn++) {
      if (isUnderPressure) this.#replaceNeighbour(turn)
      const startedAt = performance.now()
      for (let i = 0; i < READS_PER_TURN; i++) this.#readNext()
      spent += performance.now() - startedAt
      await nextTurn()
    }
    return spent
  }

  /** Some entries change, then the whole room is encoded in one turn; returns milliseconds. */
  async snapshots(times: number, before: () => void): Promise<number> {
    let spent = 0
    for (let i = 0; i < times; i++) {
      this.#change()
      before()
      await nextTurn()
      const startedAt = performance.now()
      const text = `[${this.#entries.map((entry) => this.#cache.text(entry)).join(",")}]`
      spent += performance.now() - startedAt
      if (text.length < this.#entries.length) throw new Error("the snapshot is too short")
      await nextTurn()
    }
    return spent
  }

  #readNext(): void {
    const index = this.#reads[this.#position++ % this.#reads.length] ?? 0
    const entry = this.#entries[index]
    if (entry === undefined || this.#cache.text(entry) === "") throw new Error("an entry has no text")
  }

  #change(): void {
    const step = Math.max(1, Math.floor(this.#entries.length / CHANGED_BETWEEN_SNAPSHOTS))
    for (let index = 0; index < this.#entries.length; index += step) {
      const entry = this.#entries[index]
      if (entry !== undefined) this.#entries[index] = { ...entry, since: entry.since + 1 }
    }
  }

  #replaceNeighbour(turn: number): void {
    this.#neighbours[turn % NEIGHBOURS_MB] = Array.from({ length: OBJECTS_PER_MB }, (_, index) => ({ index, turn, x: 0.5, y: turn + 0.5 }))
  }
}

/** The long text is one for all, so that what is held is the cache's alone. */
function entryOf(index: number, bytes: number): Entry {
  const entry: Entry = {
    ref: index,
    connection: String(index).padStart(16, "c"),
    member: `member-${index}`,
    info: { name: `Member ${index}`, color: "#3366cc" },
    data: { cursor: { x: index % 1920, y: index % 1080 } },
    status: "active",
    since: 1_795_000_000_000 + index,
  }
  const missing = bytes - JSON.stringify(entry).length
  return missing > 0 ? { ...entry, data: { ...entry.data, note: noteOf(missing) } } : entry
}

const notes = new Map<number, string>()

function noteOf(length: number): string {
  // Lengths differ by the digits of an index alone: rounded, there are only a few notes.
  const rounded = Math.ceil(length / 16) * 16
  const note = notes.get(rounded) ?? "n".repeat(rounded)
  notes.set(rounded, note)
  return note
}

/** Indices in which the k-th most popular is 1/k as frequent as the first; the same ones in every run. */
function zipfian(entries: number): Uint32Array {
  const cumulative = new Float64Array(entries)
  let total = 0
  for (let rank = 0; rank < entries; rank++) {
    total += 1 / (rank + 1)
    cumulative[rank] = total
  }
  const random = randomFrom(42)
  // Who is popular is spread over the room, not its first members.
  return Uint32Array.from({ length: 1 << 17 }, () => (firstAtLeast(cumulative, random() * total) * 7919) % entries)
}

/** The first position whose value is `wanted` or more. */
function firstAtLeast(ascending: Float64Array, wanted: number): number {
  let from = 0
  let to = ascending.length - 1
  while (from < to) {
    const middle = (from + to) >> 1
    if ((ascending[middle] ?? 0) < wanted) from = middle + 1
    else to = middle
  }
  return from
}

/** A linear congruential generator: numbers from 0 to 1. */
function randomFrom(seed: number): () => number {
  let state = seed
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0
    return state / 2 ** 32
  }
}

function nextTurn(): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, 0))
}
