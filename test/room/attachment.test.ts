import fc from "fast-check"
import { expect, it } from "vitest"
import { emptyRoster, enter, open } from "../../src/core/roster.ts"
import { decodeAttachment, encodeAttachment } from "../../src/room/attachment.ts"
import { RoomCounters } from "../../src/room/counters.ts"
import { newTallies } from "../../src/room/tallies.ts"

const NOW = 1_000_000
const GRANTS = { subscribe: true, presence: true, message: false }

function connectionWith(text: string, info: string) {
  const roster = emptyRoster()
  const identity = { member: "анна", info: { info }, grants: GRANTS, expiresAt: NOW }
  const connection = open(roster, "connection", identity, 60, NOW)
  expect(enter(roster, connection, { text }, 8192, NOW).ok).toBe(true)
  return connection
}

it("[CF7] is text or bytes, whatever its length and its characters, that give the connection back and fit 16,384 bytes", () => {
  // The runtime keeps one byte of each character, or two once one is not Latin.
  const bytesOf = (stored: string | Uint8Array) => stored.length * (typeof stored === "string" && /[^\0-\xff]/.test(stored) ? 2 : 1)
  const kinds = new Set<string>()
  fc.assert(
    fc.property(fc.constantFrom("x", "ж", "é", "漢"), fc.nat(8100), fc.nat(4000), (character, length, infoBytes) => {
      const size = new TextEncoder().encode(character).length
      const connection = connectionWith(character.repeat(Math.floor(length / size)), character.repeat(Math.floor(infoBytes / size)))
      const stored = encodeAttachment(connection, newTallies(NOW))
      kinds.add(typeof stored)
      expect(bytesOf(stored)).toBeLessThanOrEqual(16_000)
      // In memory alone.
      const { isActivityGuessed: _, ...kept } = connection
      expect(decodeAttachment(structuredClone(stored), 60, NOW)?.connection).toEqual(kept)
    }),
  )
  expect(kinds).toEqual(new Set(["string", "object"]))
})

it("[HB15] is nobody's when it is neither", () => {
  for (const stored of [null, 7, {}, "", "{}", "[1]", new Uint8Array([1]), new Uint8Array([2, 123, 125])]) {
    expect(decodeAttachment(stored, 60, NOW)).toBeNull()
  }
})

it("[MT8] counts what two sockets carry of one instant as much as the later of them holds", () => {
  for (const both of [
    [{ framesIn: 3 }, { framesIn: 5, updates: 2 }],
    [{ framesIn: 5, updates: 2 }, { framesIn: 3 }],
  ]) {
    const [before, after] = [new RoomCounters(), new RoomCounters()]
    // Found before it is known when the last report was made, and after.
    for (const counts of both) before.found({ at: 10, counts })
    before.resume(5)
    after.resume(5)
    for (const counts of both) after.found({ at: 10, counts })
    const none = { hits: 0, misses: 0, reclaimed: 0, live: 0 }
    expect(before.take(none)).toEqual({ framesIn: 5, updates: 2 })
    expect(after.take(none)).toEqual({ framesIn: 5, updates: 2 })
  }
})
