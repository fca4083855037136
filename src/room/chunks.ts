/**
 * The entries of a room in pieces, by their refs: those in which nobody changed, came or went are encoded and compressed once,
 * however often the room is. Who comes changes the last one alone, as refs are given out in order.
 */
import type { Ref } from "../core/connection.ts"
import type { Entry } from "../protocol/frames.ts"
import { deflatedPart } from "./deflate.ts"

export type Chunk = {
  readonly key: number
  readonly entries: readonly Entry[]
  /** The entries, with commas between them. */
  readonly text: string
  /** With what follows it, which is another at the end of the room. */
  deflated: { readonly isLast: boolean; readonly bytes: Uint8Array } | null
}

/** Some 20 KB of short entries: of much less, DEFLATE finds less to refer back to. */
export const CHUNK_REFS = 128

/** `before` are the chunks of an older state of the same room and view: as many of them are kept as still hold. */
export function chunksOf(entries: Iterable<Entry>, before: readonly Chunk[], textOf: (entry: Entry) => string): Chunk[] {
  const known = new Map(before.map((chunk) => [chunk.key, chunk]))
  return Array.from(runs(entries), ([key, run]) => {
    const old = known.get(key)
    if (old !== undefined && isSame(old.entries, run)) return old
    return { key, entries: run, text: run.map(textOf).join(","), deflated: null }
  })
}

/** `[entry,…]` */
export function textOfChunks(chunks: readonly Chunk[]): string {
  return `[${chunks.map(({ text }) => text).join(",")}]`
}

/** Of the text, but for what stands between and around the chunks. */
export function lengthOfChunks(chunks: readonly Chunk[]): number {
  return chunks.reduce((sum, { text }) => sum + text.length, 0)
}

/** `entry,…]}`, the end of a frame, as parts of one DEFLATE stream. Of an empty room there is none. */
export function deflatedChunks(chunks: readonly Chunk[]): Uint8Array[] {
  return chunks.map((chunk, i) => {
    const isLast = i === chunks.length - 1
    if (chunk.deflated?.isLast !== isLast) chunk.deflated = { isLast, bytes: deflatedPart(chunk.text + (isLast ? "]}" : ","), isLast) }
    return chunk.deflated.bytes
  })
}

function* runs(entries: Iterable<Entry>): Generator<[number, Entry[]]> {
  let key = -1
  let run: Entry[] = []
  for (const entry of entries) {
    const next = keyOf(entry.ref)
    if (next !== key && run.length > 0) {
      yield [key, run]
      run = []
    }
    key = next
    run.push(entry)
  }
  if (run.length > 0) yield [key, run]
}

function keyOf(ref: Ref): number {
  return Math.floor(ref / CHUNK_REFS)
}

function isSame(a: readonly Entry[], b: readonly Entry[]): boolean {
  return a.length === b.length && a.every((entry, i) => entry === b[i])
}
