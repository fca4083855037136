import fc from "fast-check"
import { describe, expect, it } from "vitest"
import { grantedView, membersOnly, movesCount, withoutData } from "../../src/core/view.ts"
import type { Entry, PresenceFrame } from "../../src/protocol/frames.ts"
import { afterPresence, type Picture } from "./picture.ts"

const ref = fc.integer({ min: 1, max: 4 })
const data = fc.dictionary(fc.constantFrom("x", "y"), fc.integer({ min: 0, max: 3 }))
const status = fc.constantFrom("active" as const, "away" as const)

const entry: fc.Arbitrary<Entry> = fc
  .record({ ref, data, status })
  .map((some) => ({ ...some, connection: `c${some.ref}`, member: `m${some.ref % 2}`, info: {}, since: 1 }))

const presence: fc.Arbitrary<PresenceFrame> = fc.record(
  {
    type: fc.constant("presence" as const),
    leave: fc.array(fc.tuple(ref, fc.constant("left" as const)), { minLength: 1, maxLength: 2 }),
    enter: fc.array(entry, { minLength: 1, maxLength: 3 }),
    update: fc.dictionary(ref.map(String), data, { minKeys: 1, maxKeys: 3 }),
    status: fc.dictionary(ref.map(String), status, { minKeys: 1, maxKeys: 3 }),
  },
  { requiredKeys: ["type"] },
)

function dataless(picture: Picture): Picture {
  return new Map([...picture].map(([key, value]) => [key, withoutData(value)]))
}

describe("views", () => {
  it("[VW1] told members only, a picture is always the full one without its data", () => {
    fc.assert(
      fc.property(fc.array(presence, { maxLength: 12 }), (frames) => {
        let full: Picture = new Map()
        let members: Picture = new Map()
        for (const frame of frames) {
          full = afterPresence(full, JSON.stringify(frame))
          const less = membersOnly(frame)
          if (less !== null) members = afterPresence(members, JSON.stringify(less))
          expect(JSON.stringify(less)).not.toContain('"update"')
          expect(members).toEqual(dataless(full))
        }
      }),
    )
  })

  it("[VW1] a frame of updates alone is not sent at all", () => {
    expect(membersOnly({ type: "presence", update: { 1: { x: 1 } } })).toBeNull()
  })

  it("[VW2] a frame that does not move the count leaves the number of entries as it is", () => {
    fc.assert(
      fc.property(fc.array(presence, { maxLength: 12 }), (frames) => {
        let picture: Picture = new Map()
        for (const frame of frames) {
          const next = afterPresence(picture, JSON.stringify(frame))
          if (!movesCount(frame)) expect(next.size).toBe(picture.size)
          picture = next
        }
      }),
    )
  })

  it("[VW4] is what was asked for, until so many are connected", () => {
    expect(grantedView("full", 9, 10)).toBe("full")
    expect(grantedView("members", 9, 10)).toBe("members")
    expect(grantedView("full", 10, 10)).toBe("count")
    expect(grantedView("members", 10, 10)).toBe("count")
    expect(grantedView("full", 0, 0)).toBe("count")
  })
})
