/**
 * What a member has been told. Whoever was told the same frames in the same order has seen the same: such members share
 * one `SharedSight`, which reads each frame once however many get it. Where each member is told something else, it has its own.
 */

/** Pairs of a member's index and the number of its state: index, seq, index, seq, … */
export type States = ArrayLike<number>

export interface Sight {
  /** The newest state that was seen of each member: its number by the member's index. `members`: how many there may be. */
  newest(members: number): ReadonlyMap<number, number>
}

const NOTHING: States = []

export class SharedSight implements Sight {
  /** What the last frame told. */
  readonly states: States
  readonly #before: SharedSight | null
  readonly #frame: Buffer
  /** Normally one: all are told the same. */
  readonly #after: SharedSight[] = []

  constructor(before: SharedSight | null = null, frame: Buffer = Buffer.alloc(0), states: States = NOTHING) {
    this.#before = before
    this.#frame = frame
    this.states = states
  }

  /** What has been seen once this frame has come as well; `read` is called by the first who gets it. */
  told(bytes: Buffer, start: number, end: number, read: () => States): SharedSight {
    const known = this.#after.find(({ isFrame }) => isFrame(bytes, start, end))
    if (known !== undefined) return known
    const next = new SharedSight(this, Buffer.from(bytes.subarray(start, end)), read())
    this.#after.push(next)
    return next
  }

  newest(members: number): ReadonlyMap<number, number> {
    const newest = new Map<number, number>()
    for (let at: SharedSight | null = this; at !== null && newest.size < members; at = at.#before) {
      for (let i = 0; i < at.states.length; i += 2) {
        const index = at.states[i] ?? 0
        if (!newest.has(index)) newest.set(index, at.states[i + 1] ?? 0)
      }
    }
    return newest
  }

  readonly isFrame = (bytes: Buffer, start: number, end: number): boolean =>
    this.#frame.length === end - start && bytes.compare(this.#frame, 0, this.#frame.length, start, end) === 0
}

export class OwnSight implements Sight {
  readonly #newest = new Map<number, number>()

  told(states: States): void {
    for (let i = 0; i < states.length; i += 2) {
      const index = states[i] ?? 0
      const seq = states[i + 1] ?? 0
      if (seq > (this.#newest.get(index) ?? -1)) this.#newest.set(index, seq)
    }
  }

  newest(): ReadonlyMap<number, number> {
    return this.#newest
  }
}
