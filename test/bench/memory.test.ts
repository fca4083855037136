import * as fc from "fast-check"
import { expect, it } from "vitest"
import { KINDS, type Kind, residentBy } from "../../bench/memory/mappings.ts"

/** As Linux shows the mappings of a workerd, in short: where from, where to, mode, what file, kilobytes. */
type Shown = readonly [from: number, to: number, mode: string, file: string, kilobytes: number]

const MAPPED: Readonly<Record<Kind, readonly Shown[]>> = {
  v8: [
    [0x3fd200000000, 0x3fd2001ff000, "r--p", "", 252],
    [0x3fd2001ff000, 0x3fd200800000, "---p", "", 0],
    [0x3fd200800000, 0x3fd200940000, "rw-p", "", 804],
    [0x3fd200940000, 0x3fd300000000, "---p", "", 0],
  ],
  malloc: [
    [0x4e9040000000, 0x4e907fe00000, "---p", "", 0],
    [0x4e907fe00000, 0x4e9080000000, "rw-p", "", 512],
    // Two pieces that were reserved one below the other.
    [0x518140000000, 0x5181bfa00000, "---p", "", 0],
    [0x5181bfa00000, 0x5181c0000000, "rw-p", "", 2312],
  ],
  tables: [
    [0x7f71d4ab0000, 0x7f71f4aa0000, "---p", "", 0],
    [0x7f71f4aa0000, 0x7f71f4ab0000, "r--p", "", 64],
  ],
  rest: [
    [0x55611940e000, 0x55611d7f3000, "r-xp", "/usr/bin/workerd", 38440],
    [0x55611d9bc000, 0x55611dc7e000, "rw-p", "", 2628],
    [0x55617b3c0000, 0x55619b3c0000, "rwxp", "", 480],
    [0x7ffd56fcf000, 0x7ffd56ff0000, "rw-p", "[stack]", 64],
  ],
}

function smaps(mapped: readonly Shown[]): string {
  const inOrder = mapped.toSorted(([a], [b]) => a - b)
  return inOrder
    .map(([from, to, mode, file, kilobytes]) => {
      const inode = file.startsWith("/") ? 5308664 : 0
      return `${from.toString(16)}-${to.toString(16)} ${mode} 00000000 00:00 ${inode} ${file}\nSize: 4 kB\nRss: ${kilobytes} kB\nPss: 1 kB\n`
    })
    .join("")
}

it("[BN10] what is resident counts once, for what it is mapped for", () => {
  fc.assert(
    fc.property(fc.tuple(...KINDS.map(() => fc.nat(2 ** 20))), (kilobytes) => {
      const each = KINDS.map((kind, nth) =>
        MAPPED[kind].map(([from, to, mode, file]): Shown => [from, to, mode, file, kilobytes[nth] ?? 0]),
      )
      const expected = KINDS.map((kind, nth) => [kind, MAPPED[kind].length * (kilobytes[nth] ?? 0) * 1024])
      expect(residentBy(smaps(each.flat()))).toEqual(Object.fromEntries(expected))
    }),
  )
  expect(residentBy("")).toEqual({ v8: 0, tables: 0, malloc: 0, rest: 0 })
})
