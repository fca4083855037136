import fc from "fast-check"
import { describe, expect, it } from "vitest"
import type { Connection, Identity } from "../../src/core/connection.ts"
import { emptyRoster, open } from "../../src/core/roster.ts"
import { beginLine, holds, tellUpTo } from "../../src/core/told.ts"

function opened(subscribe: boolean): Connection {
  const grants = { subscribe, presence: true, message: true }
  const identity: Identity = { member: "anna", info: {}, grants, expiresAt: Number.POSITIVE_INFINITY }
  return open(emptyRoster(), "c-anna", identity, 1000, 0)
}

/** One line: its welcome and the frames after it, of which the last `lost` never arrive. */
const line = fc.record({ changes: fc.array(fc.record({ isSent: fc.boolean(), isWhole: fc.boolean() }), { maxLength: 6 }), lost: fc.nat(3) })

describe("what a client was told", () => {
  it("[GR9] is what it holds exactly when no frame was lost and no change came since", () => {
    fc.assert(
      fc.property(fc.array(line, { minLength: 1, maxLength: 5 }), fc.boolean(), (lines, changesLast) => {
        const connection = opened(true)
        let have = 0
        let version = 0
        let held: number | null = null
        for (const [i, { changes, lost }] of lines.entries()) {
          beginLine(connection, i === 0 ? null : have)
          const sent = [version]
          tellUpTo(connection, true, version)
          let isBetween = false
          for (const { isSent, isWhole } of changes) {
            version++
            tellUpTo(connection, isSent, isWhole ? version : null)
            if (isSent) sent.push(version)
            isBetween = !isWhole
          }
          const arrived = sent.slice(0, Math.max(0, sent.length - lost))
          have += arrived.length
          held = arrived.length === sent.length && !isBetween ? version : null
        }
        if (changesLast) version++
        expect(holds(connection, have, version)).toBe(held === version)
      }),
    )
  })

  it("[GR9] is not known of a client that says nothing, that may not hear, or whose room slept", () => {
    const anna = opened(true)
    beginLine(anna, null)
    tellUpTo(anna, true, 7)
    expect([holds(anna, 1, 7), holds(anna, null, 7), holds(anna, 1, 8), holds(anna, 2, 7)]).toEqual([true, false, false, false])
    anna.grants = { ...anna.grants, subscribe: false }
    expect(holds(anna, 1, 7)).toBe(false)
    const deaf = opened(false)
    beginLine(deaf, null)
    tellUpTo(deaf, true, 7)
    expect(holds(deaf, 1, 7)).toBe(false)
    expect(holds(opened(true), 0, 0)).toBe(false)
  })
})
