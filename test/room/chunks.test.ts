import fc from "fast-check"
import { expect, it } from "vitest"
import type { Connection } from "../../src/core/connection.ts"
import { emptyRoster, enter, open, present, type Roster, remove, update } from "../../src/core/roster.ts"
import { CHUNK_REFS, chunksOf } from "../../src/room/chunks.ts"
import { withHead } from "../../src/room/deflate.ts"
import { Snapshot } from "../../src/room/snapshot.ts"

function inflate(bytes: Uint8Array): Promise<string> {
  return new Response(new Response(bytes).body?.pipeThrough(new DecompressionStream("deflate-raw"))).text()
}

const grants = { subscribe: true, presence: true, message: true }

function come(roster: Roster, n: number): void {
  const connection = open(roster, `connection-${n}`, { member: `member-${n % 7}`, info: {}, grants, expiresAt: 1e15 }, 60, 0)
  enter(roster, connection, { n, text: "é".repeat(n % 5) }, 1000, n)
}

const steps = fc.array(
  fc.oneof(
    fc.record({ kind: fc.constant("come"), count: fc.integer({ min: 1, max: CHUNK_REFS + 20 }), nth: fc.constant(0) }),
    fc.record({ kind: fc.constantFrom("go", "move"), count: fc.constant(1), nth: fc.nat() }),
    fc.record({ kind: fc.constant("go"), count: fc.constant(CHUNK_REFS), nth: fc.nat() }),
  ),
  { minLength: 1, maxLength: 12 },
)

function take(roster: Roster, { kind, count, nth }: { kind: string; count: number; nth: number }): void {
  for (let i = 0; i < count; i++) {
    const connections = [...roster.connections.values()]
    const connection: Connection | undefined = connections[(nth + i) % Math.max(1, connections.length)]
    if (kind === "come") come(roster, roster.nextRef)
    else if (connection === undefined) return
    else if (kind === "go") remove(roster, connection, "left")
    else update(roster, connection, { moved: roster.version }, 100, 1000)
  }
}

it("[DF2] [WC5] the room that is kept in chunks is the room, as text and compressed, whoever came, moved and went before", async () => {
  await fc.assert(
    fc.asyncProperty(steps, async (taken) => {
      const roster = emptyRoster()
      const kept = new Snapshot()
      for (const step of taken) {
        take(roster, step)
        const text = JSON.stringify([...present(roster)])
        for (const snapshot of [kept, new Snapshot()]) {
          expect(snapshot.text(roster)).toBe(text)
          const parts = snapshot.deflated(roster)
          if (parts === null) expect(text.length).toBeLessThan(300)
          else expect(await inflate(withHead(`{"present":[`, parts))).toBe(`{"present":${text}}`)
        }
      }
    }),
    { numRuns: 30 },
  )
}, 60_000)

it("[WC4] who comes, moves or goes makes one chunk anew, and one more begins where the last is full", () => {
  const roster = emptyRoster()
  while (roster.nextRef < 3 * CHUNK_REFS) come(roster, roster.nextRef)
  let encoded = 0
  const next = (before: ReturnType<typeof chunksOf>) =>
    chunksOf(present(roster), before, (entry) => {
      encoded++
      return JSON.stringify(entry)
    })
  const whole = next([])
  expect(whole).toHaveLength(3)
  expect(next(whole)).toEqual(whole)
  expect(encoded).toBe(3 * CHUNK_REFS - 1)
  encoded = 0
  come(roster, roster.nextRef)
  const more = next(whole)
  expect(more.slice(0, 3)).toEqual(whole)
  expect(more[0]).toBe(whole[0])
  expect(encoded).toBe(1)
  const first = roster.connections.get("connection-1")
  if (first === undefined) throw new Error("nobody there")
  remove(roster, first, "left")
  const fewer = next(more)
  expect(fewer.slice(1)).toEqual(more.slice(1))
  expect(encoded).toBe(1 + CHUNK_REFS - 2)
})
