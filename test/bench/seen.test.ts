import * as fc from "fast-check"
import { describe, expect, it } from "vitest"
import { OwnSight, SharedSight } from "../../bench/load/seen.ts"

/** A frame of any content: what it tells, and its bytes, which differ where what it tells does. */
const frame = fc.array(fc.tuple(fc.nat(5), fc.nat(50)), { minLength: 1, maxLength: 4 }).map((pairs) => ({
  states: pairs.flat(),
  bytes: Buffer.from(JSON.stringify(pairs)),
}))
type Frame = { readonly states: number[]; readonly bytes: Buffer }

function shared(root: SharedSight, frames: readonly Frame[], read: (states: number[]) => number[] = (states) => states): SharedSight {
  return frames.reduce((sight, { states, bytes }) => sight.told(bytes, 0, bytes.length, () => read(states)), root)
}

/** What the last frame says of each member counts. */
function expected(frames: readonly Frame[]): Map<number, number> {
  const newest = new Map<number, number>()
  for (const { states } of frames) {
    const told = new Map<number, number>()
    for (let i = states.length - 2; i >= 0; i -= 2) told.set(states[i] ?? 0, states[i + 1] ?? 0)
    for (const [index, seq] of told) newest.set(index, seq)
  }
  return newest
}

describe("[BN2] what members have been told", () => {
  it("is the last that any frame said of each", () => {
    fc.assert(
      fc.property(fc.array(frame, { maxLength: 12 }), (frames) => {
        const newest = expected(frames)
        const sorted = (map: ReadonlyMap<number, number>) => [...map].sort(([a], [b]) => a - b)
        expect(sorted(shared(new SharedSight(), frames).newest(6))).toEqual(sorted(newest))
      }),
    )
  })

  it("is one for all who were told the same, and each frame is read once", () => {
    fc.assert(
      fc.property(fc.array(frame, { maxLength: 12 }), fc.nat(12), (frames, until) => {
        const root = new SharedSight()
        let reads = 0
        const read = (states: number[]) => {
          reads++
          return states
        }
        const first = shared(root, frames, read)
        expect(shared(root, frames, read)).toBe(first)
        expect(reads).toBe(frames.length)
        const late = shared(root, frames.slice(0, until), read)
        expect(late === first).toBe(until >= frames.length)
      }),
    )
  })

  it("is by itself where each is told something else, and no older state takes a newer one's place", () => {
    const own = new OwnSight()
    own.told([1, 5, 2, 1])
    own.told([1, 4])
    expect([...own.newest()]).toEqual([
      [1, 5],
      [2, 1],
    ])
  })
})
