import fc from "fast-check"
import { describe, expect, it, vi } from "vitest"
import { grantsFor } from "../../src/core/capability.ts"
import { CAPABILITIES, type Capability } from "../../src/protocol/capabilities.ts"

// Properties take their time on a busy machine.
vi.setConfig({ testTimeout: 60_000 })

const list = fc.subarray([...CAPABILITIES])
const name = fc.string({ unit: fc.constantFrom("a", "b", "-", ":"), minLength: 1, maxLength: 6 })
const pattern = fc.oneof(
  name,
  name.map((prefix) => `${prefix}*`),
  fc.constant("*"),
)

function rooms(grants: Record<string, readonly Capability[]>): Map<string, readonly Capability[]> {
  return new Map(Object.entries(grants))
}

/** The contract's words: an exact name beats every prefix, among prefixes the longest wins, its list is the whole grant. */
function naive(room: string, patterns: ReadonlyMap<string, readonly Capability[]>): readonly Capability[] {
  const exact = patterns.get(room)
  if (exact !== undefined) return exact
  const prefixes = [...patterns.keys()].filter((one) => one.endsWith("*") && room.startsWith(one.slice(0, -1)))
  const [longest] = prefixes.sort((a, b) => b.length - a.length)
  return longest === undefined ? [] : (patterns.get(longest) ?? [])
}

describe("grantsFor", () => {
  it("[AU5] lets the longest matching pattern decide, in whatever order they stand", () => {
    fc.assert(
      fc.property(name, fc.array(fc.tuple(pattern, list), { maxLength: 8 }), (room, entries) => {
        const patterns = new Map(entries)
        const expected = naive(room, patterns)
        const grants = grantsFor(room, patterns)
        const granted = grants === null ? [] : CAPABILITIES.filter((capability) => grants[capability])
        expect(granted).toEqual(CAPABILITIES.filter((capability) => expected.includes(capability)))
        expect(grants === null).toBe(expected.length === 0)
      }),
      { numRuns: 1000 },
    )
  })

  it("[AU5] gives an exact name the last word, even with less", () => {
    expect(grantsFor("doc-1", rooms({ "*": ["subscribe", "presence", "message"], "doc-1": ["subscribe"], "doc-*": ["message"] }))).toEqual({
      subscribe: true,
      presence: false,
      message: false,
    })
  })

  it("[AU5] takes an empty list as a refusal, whatever a wider pattern grants", () => {
    expect(grantsFor("doc-1", rooms({ "*": ["subscribe"], "doc-*": [] }))).toBeNull()
    expect(grantsFor("doc-1", rooms({ "doc-*": ["subscribe"], "doc-1": [] }))).toBeNull()
  })

  it("[AU5] takes * alone for every room", () => {
    expect(grantsFor("any:room", rooms({ "*": ["presence"] }))).toEqual({ subscribe: false, presence: true, message: false })
  })

  it("[AU5] takes a prefix for the room that bears it whole, and not for a shorter one", () => {
    const patterns = rooms({ "doc-*": ["subscribe"] })
    expect(grantsFor("doc-", patterns)).not.toBeNull()
    expect(grantsFor("doc", patterns)).toBeNull()
    expect(grantsFor("my-doc-1", patterns)).toBeNull()
  })

  it("[AU5] grants nothing that no pattern grants", () => {
    expect(grantsFor("doc-1", rooms({}))).toBeNull()
    expect(grantsFor("doc-1", rooms({ "doc-11": ["subscribe"], "doc-10*": ["subscribe"], Doc: ["subscribe"] }))).toBeNull()
    expect(grantsFor("constructor", rooms({ "doc-1": ["subscribe"] }))).toBeNull()
  })
})
