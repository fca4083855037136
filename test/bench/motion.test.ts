import * as fc from "fast-check"
import { expect, it } from "vitest"
import { positionOf, seqOf } from "../../bench/load/motion.ts"

const index = fc.nat(20_000)
const seq = fc.nat(100_000)

it("[BN1] a state's number is told from x and y alone, given the last one that was sent", () => {
  fc.assert(
    fc.property(index, seq, fc.nat(1919), (member, last, behind) => {
      fc.pre(behind <= last)
      expect(seqOf(member, positionOf(member, last - behind), last)).toBe(last - behind)
    }),
  )
})

it("[BN1] a place where the member never was is no state", () => {
  fc.assert(
    fc.property(index, seq, fc.nat(1919), fc.integer({ min: 1, max: 1079 }), (member, last, behind, off) => {
      const { x, y } = positionOf(member, Math.max(0, last - behind))
      expect(seqOf(member, { x, y: (y + off) % 1080 }, last)).toBeNull()
    }),
  )
  expect(seqOf(3, positionOf(3, 5), 4)).toBeNull()
})
