import fc from "fast-check"
import { expect, it } from "vitest"
import { z } from "zod"
import { viewSchema } from "../../src/protocol/views.ts"
import { isAttached } from "../../src/room/attached.ts"
import { carriedSchema } from "../../src/room/counters.ts"
import { talliesSchema } from "../../src/room/tallies.ts"

/** The same by the schema library, which takes too long for a thousand at once. */
const schema = z.object({
  id: z.string(),
  ref: z.int(),
  member: z.string(),
  info: z.looseObject({}),
  newer: z.literal(1).optional(),
  grants: z.tuple([z.boolean(), z.boolean(), z.boolean()]),
  expires: z.number(),
  warned: z.literal(1).optional(),
  view: viewSchema.optional(),
  deflates: z.literal(1).optional(),
  entry: z.object({ data: z.looseObject({}), status: z.enum(["active", "away"]), since: z.number() }).optional(),
  heard: z.number(),
  active: z.number(),
  asked: z.number().optional(),
  errors: z.int().optional(),
  bytes: z.int().optional(),
  tallies: talliesSchema,
  counted: carriedSchema.optional(),
})

const tallies = { since: 1, wakeups: 1, sweeps: 0, lost: 0, idle: 0, peak: 3, peakAt: 2 }
const least = { id: "a", ref: 1, member: "anna", info: {}, grants: [true, true, false], expires: 5, heard: 1, active: 1, tallies }
const most = {
  ...least,
  info: { name: "Anna" },
  newer: 1,
  warned: 1,
  view: "members",
  deflates: 1,
  entry: { data: { x: 1 }, status: "away", since: 3.5 },
  asked: 4,
  errors: 2,
  bytes: 10,
  counted: { at: 7, counts: { updates: 3 } },
}

/** Where something stands in a value: the keys that lead there. */
function pathsOf(value: unknown, path: readonly string[] = []): (readonly string[])[] {
  if (typeof value !== "object" || value === null) return [path]
  return [path, ...Object.entries(value).flatMap(([key, item]) => pathsOf(item, [...path, key]))]
}

function withAt(value: unknown, [key, ...rest]: readonly string[], put: unknown): unknown {
  if (key === undefined) return put
  if (Array.isArray(value)) return value.map((item, i) => (String(i) === key ? withAt(item, rest, put) : item))
  const fields = typeof value === "object" && value !== null ? Object.entries(value) : []
  return Object.fromEntries(fields.map(([name, item]) => [name, name === key ? withAt(item, rest, put) : item]))
}

const strange = fc.oneof(
  fc.constantFrom<unknown>(undefined, null, true, 0, 1, -1, 2, 1.5, 1e21, 2 ** 53, "", "full", "active", [], {}, [true, true, true, true]),
  fc.jsonValue(),
)

it("[HB15] an attachment is ours, or is not, as the schema has it: whatever stands anywhere in it", () => {
  for (const ours of [least, most]) expect([isAttached(ours), schema.safeParse(ours).success]).toEqual([true, true])
  let refused = 0
  const place = fc.constantFrom(...[least, most].flatMap((ours) => pathsOf(ours).map((path) => ({ ours, path }))))
  fc.assert(
    fc.property(place, strange, ({ ours, path }, put) => {
      // As it was stored: what is undefined is not there.
      const text = JSON.stringify(withAt(ours, path, put)) ?? "null"
      const stored: unknown = JSON.parse(text)
      expect(isAttached(stored), text).toBe(schema.safeParse(stored).success)
      if (!isAttached(stored)) refused++
    }),
    { numRuns: 5000 },
  )
  expect(refused).toBeGreaterThan(500)
})
