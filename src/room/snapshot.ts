/** The whole room as text, made from the entries when somebody asks, and kept only as long as the collector lets it be. */
import { type CacheCounters, WeakCache } from "../cache/weak-cache.ts"
import type { Ref } from "../core/connection.ts"
import { present, type Roster } from "../core/roster.ts"
import { withoutData } from "../core/view.ts"
import type { Entry } from "../protocol/frames.ts"
import type { View } from "../protocol/views.ts"
import { type Chunk, chunksOf, deflatedChunks, lengthOfChunks, textOfChunks } from "./chunks.ts"
import { DEFLATE_FROM } from "./deflate.ts"

type EncodedEntry = { readonly entry: Entry; readonly text: string }
type EncodedRoom = { readonly version: number; readonly chunks: readonly Chunk[]; text: string | null }

/** How many encoded entries are held strongly; a room of that size or less is encoded once in any case. */
const STRONG_ENTRIES = 64

export class Snapshot {
  readonly #entries = new WeakCache<Ref, EncodedEntry>(STRONG_ENTRIES)
  /** One text for each view that shows entries. */
  readonly #room = new WeakCache<Exclude<View, "count">, EncodedRoom>(2)

  /** Whether anybody was sent the room since the object was constructed. */
  get wasRead(): boolean {
    const { hits, misses } = this.#room.counters()
    return hits + misses > 0
  }

  /** `[entry,…]`, for `present`. An entry that did not change since it was last encoded is not encoded again. */
  text(roster: Roster, view: Exclude<View, "count"> = "full"): string {
    const encoded = this.#encoded(roster, view)
    encoded.text ??= textOfChunks(encoded.chunks)
    return encoded.text
  }

  /**
   * `entry,…]}`, the end of a frame, compressed once for all who come while nobody changes, and anew as far as somebody did.
   * Null: it is too short to gain by it.
   */
  deflated(roster: Roster, view: Exclude<View, "count"> = "full"): readonly Uint8Array[] | null {
    const { chunks } = this.#encoded(roster, view)
    return lengthOfChunks(chunks) < DEFLATE_FROM ? null : deflatedChunks(chunks)
  }

  #encoded(roster: Roster, view: Exclude<View, "count">): EncodedRoom {
    return this.#room.get(
      view,
      ({ version }) => version === roster.version,
      (stale) => ({
        version: roster.version,
        chunks: chunksOf(present(roster), stale?.chunks ?? [], (entry) => this.#entryText(entry, view)),
        text: null,
      }),
    )
  }

  /** A connection is over: nobody will ask for its entry again. */
  forget(ref: Ref): void {
    this.#entries.delete(ref)
  }

  counters(): CacheCounters {
    const a = this.#entries.counters()
    const b = this.#room.counters()
    return { hits: a.hits + b.hits, misses: a.misses + b.misses, reclaimed: a.reclaimed + b.reclaimed, live: a.live + b.live }
  }

  /** Of an entry without its data no text is kept: it is short, and the room's is. */
  #entryText(entry: Entry, view: Exclude<View, "count">): string {
    if (view === "members") return JSON.stringify(withoutData(entry))
    return this.#entries.get(
      entry.ref,
      (encoded) => encoded.entry === entry,
      () => ({ entry, text: JSON.stringify(entry) }),
    ).text
  }
}
