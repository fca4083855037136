/** What is read of V8's own trace. */
import { expect, it } from "vitest"
import { collectionsAsked, majorCollections } from "../../bench/v8-trace.ts"

it("[BN10] only collections that were asked for are told as such, in their order, and only others count as pressure", () => {
  const trace = `[4209:0x10b67fd36000]      110 ms: Mark-Compact 0.8 (1.5) -> 0.5 (1.8) MB, pooled: 0.0 MB, 5.28 / 0.00 ms (average mu = 0.952, current mu = 0.952) testing; GC in old space requested
[4209:0x10b67fd36000]      200 ms: Scavenge 16.5 (20.1) -> 4.0 (20.1) MB, pooled: 0.0 MB, 1.0 / 0.0 ms (average mu = 0.952, current mu = 0.952) allocation failure;
[4209:0x10b67fd36000]      250 ms: Mark-Compact 9.1 (20.1) -> 3.0 (20.1) MB, pooled: 0.0 MB, 6.75 / 0.00 ms (average mu = 0.952, current mu = 0.952) allocation failure; scavenge might not succeed
[4209:0x10b67fd36000]      300 ms: Mark-Compact (reduce) 53.2 (60.1) -> 1.5 (60.1) MB, pooled: 9.0 MB, 5.28 / 0.00 ms (average mu = 0.952, current mu = 0.952) testing; GC in old space requested`
  expect(collectionsAsked(trace)).toEqual([
    { before: 0.8, after: 0.5 },
    { before: 53.2, after: 1.5 },
  ])
  expect(majorCollections(trace)).toEqual([6.75])
})
