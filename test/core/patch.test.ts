import fc from "fast-check"
import { describe, expect, it, vi } from "vitest"
import { applyPatch, composePatches, withoutIdleNulls, withoutNulls } from "../../src/core/patch.ts"
import type { JsonObject } from "../../src/protocol/frames.ts"

// Properties take their time on a busy machine.
vi.setConfig({ testTimeout: 60_000 })

/** Few keys, so that patches meet; odd ones, because they are an app's to choose. */
const key = fc.constantFrom("x", "y", "", "0", "7", "-1", "constructor", "toString", "hasOwnProperty", "valueOf", "length", "__proto")
const value = fc.oneof(fc.constantFrom<unknown>(0, "", false, "text"), fc.constant({ x: null, deep: { y: 1 } }), fc.constant([null, 1]))
const data = fc.dictionary(key, value)
const patch = fc.dictionary(key, fc.oneof({ weight: 2, arbitrary: value }, { weight: 1, arbitrary: fc.constant(null) }))

/** What the contract says of one patch, key by key, without an object's prototype in the way. */
function naive(before: JsonObject, patches: readonly JsonObject[]): Map<string, unknown> {
  const keys = new Map(Object.entries(before))
  for (const [name, set] of patches.flatMap((one) => Object.entries(one))) {
    if (set === null) keys.delete(name)
    else keys.set(name, set)
  }
  return keys
}

function keysOf(object: JsonObject): Map<string, unknown> {
  return new Map(Object.entries(object))
}

function frozen<T>(value: T): T {
  if (typeof value === "object" && value !== null) for (const inner of Object.values(Object.freeze(value))) frozen(inner)
  return value
}

describe("applyPatch", () => {
  it("[UP1] replaces whole values key by key, and removes the keys that are null", () => {
    fc.assert(
      fc.property(data, patch, (before, change) => {
        expect(keysOf(applyPatch(before, change))).toEqual(naive(before, [change]))
      }),
    )
  })

  it("[UP1] is shallow: an object replaces an object, and a null inside it stays", () => {
    const before = { shape: { x: 1, y: 2 }, list: [1, 2] }
    expect(applyPatch(before, { shape: { x: null }, list: [] })).toEqual({ shape: { x: null }, list: [] })
  })

  it("[UP1] takes no notice of the removal of a key that is not there", () => {
    expect(applyPatch({ x: 1 }, { y: null, toString: null })).toEqual({ x: 1 })
  })

  it("[UP3] changes neither of its inputs, and hands on no null and no prototype", () => {
    fc.assert(
      fc.property(data, patch, (before, change) => {
        const after = applyPatch(frozen(before), frozen(change))
        expect(Object.getPrototypeOf(after)).toBe(Object.prototype)
        expect(Object.values(after)).not.toContain(null)
        expect(after).not.toBe(before)
      }),
    )
  })

  it("[UP3] sets and removes keys that every object inherits like any other", () => {
    const set = applyPatch({}, { constructor: 1, toString: 2, hasOwnProperty: 3, "": 4, "0": 5 })
    expect(Object.entries(set).sort()).toEqual(Object.entries({ constructor: 1, toString: 2, hasOwnProperty: 3, "": 4, "0": 5 }).sort())
    expect(Object.keys(applyPatch(set, { constructor: null, toString: null, hasOwnProperty: null, "": null, "0": null }))).toEqual([])
  })
})

describe("composePatches", () => {
  it("[UP2] makes of any sequence of patches one with the same effect", () => {
    fc.assert(
      fc.property(data, fc.array(patch, { maxLength: 6 }), (before, patches) => {
        const oneByOne = patches.reduce(applyPatch, before)
        const merged = patches.reduce(composePatches, {})
        expect(keysOf(applyPatch(before, merged))).toEqual(keysOf(oneByOne))
        expect(keysOf(oneByOne)).toEqual(naive(before, patches))
      }),
      { numRuns: 1000 },
    )
  })

  it("[UP2] has the same effect whichever neighbours are merged first", () => {
    fc.assert(
      fc.property(patch, patch, patch, (a, b, c) => {
        expect(composePatches(composePatches(a, b), c)).toEqual(composePatches(a, composePatches(b, c)))
      }),
    )
  })

  it("[UP2] has the same effect on data that already holds it: a joiner's snapshot may", () => {
    fc.assert(
      fc.property(data, patch, patch, (before, a, b) => {
        const merged = composePatches(a, b)
        const after = applyPatch(before, merged)
        expect(applyPatch(after, merged)).toEqual(after)
        expect(applyPatch(applyPatch(before, a), merged)).toEqual(after)
      }),
    )
  })

  it("[UP2] still removes a key that was set and then removed: others may have it from before", () => {
    expect(composePatches({ x: 1 }, { x: null })).toEqual({ x: null })
    expect(composePatches({ x: null }, { x: 1 })).toEqual({ x: 1 })
  })

  it("[UP3] changes neither of its inputs", () => {
    fc.assert(
      fc.property(patch, patch, (a, b) => {
        const merged = composePatches(frozen(a), frozen(b))
        expect(merged).not.toBe(a)
        expect(Object.getPrototypeOf(merged)).toBe(Object.prototype)
      }),
    )
  })
})

describe("withoutNulls", () => {
  it("[EN3] drops the top level's nulls and nothing else", () => {
    fc.assert(
      fc.property(patch, (entered) => {
        expect(keysOf(withoutNulls(frozen(entered)))).toEqual(naive({}, [entered]))
      }),
    )
    expect(withoutNulls({ x: null, y: { z: null } })).toEqual({ y: { z: null } })
  })
})

describe("withoutIdleNulls", () => {
  it("[UP2] keeps a patch's effect on the data, and tells no null that removes nothing", () => {
    fc.assert(
      fc.property(data, patch, (before, change) => {
        const told = withoutIdleNulls(frozen(change), frozen(before))
        expect(keysOf(applyPatch(before, told))).toEqual(keysOf(applyPatch(before, change)))
        for (const [name, set] of Object.entries(told)) expect(set !== null || Object.hasOwn(before, name)).toBe(true)
      }),
    )
  })

  it("[UP3] does not take what every object inherits for data", () => {
    expect(withoutIdleNulls({ toString: null, constructor: null, x: 1 }, {})).toEqual({ x: 1 })
    expect(withoutIdleNulls({ toString: null }, { toString: 1 })).toEqual({ toString: null })
  })
})
