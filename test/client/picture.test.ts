/** The picture of a room: what frames make of it, and which differences they tell. */
import fc from "fast-check"
import { describe, expect, it } from "vitest"
import { collapse } from "../../src/client/members.ts"
import { frameBetween, patched } from "../../src/client/outgoing.ts"
import { applied, type Difference, NOBODY, type Picture, replaced } from "../../src/client/picture.ts"
import { share } from "../../src/client/share.ts"
import type { Entry as ShownEntry } from "../../src/client/types.ts"
import { applyPatch } from "../../src/core/patch.ts"
import type { Entry, JsonObject } from "../../src/protocol/frames.ts"

function entry(ref: number, data: JsonObject = {}, over: Partial<Entry> = {}): Entry {
  return { ref, connection: `c${ref}`, member: `m${ref}`, info: { name: `m${ref}` }, data, status: "active", since: ref, ...over }
}

function pictureOf(...entries: Entry[]): Picture {
  return replaced(NOBODY, entries).picture
}

const told = (differences: readonly Difference[]) => differences.map(({ kind, entry: { connection } }) => `${kind} ${connection}`)

describe("a presence frame", () => {
  it("[PI1] applies leave, then enter, then update, then status", () => {
    const before = pictureOf(entry(1, { x: 1 }), entry(2))
    const again = entry(1, { y: 1 }, { connection: "c1-again" })
    const { picture, differences } = applied(before, {
      status: { 1: "away" },
      update: { 1: { z: 2 }, 2: { a: { b: 1 } } },
      enter: [again, entry(3)],
      leave: [[1, "left"]],
    })
    expect([...picture.values()]).toEqual([entry(2, { a: { b: 1 } }), { ...again, data: { y: 1, z: 2 }, status: "away" }, entry(3)])
    expect(told(differences)).toEqual(["leave c1", "enter c1-again", "enter c3", "change c1-again", "change c2", "change c1-again"])
  })

  it("[PI2] ignores what it does not know, and an enter of who is known replaces", () => {
    const before = pictureOf(entry(1, { x: 1 }))
    expect(applied(before, { leave: [[9, "left"]], update: { 9: { x: 1 } }, status: { 9: "away" } })).toEqual({
      picture: before,
      differences: [],
    })
    const known = applied(before, { enter: [entry(1, { y: 1 })] })
    expect(told(known.differences)).toEqual(["change c1"])
    expect(known.picture.get(1)?.data).toEqual({ y: 1 })
  })

  it("[PI3] a ref that means another connection is a leave and an enter", () => {
    const { differences } = applied(pictureOf(entry(1)), { enter: [entry(1, {}, { connection: "other" })] })
    expect(differences).toMatchObject([
      { kind: "leave", entry: { connection: "c1" }, reason: "unseen" },
      { kind: "enter", entry: { connection: "other" } },
    ])
  })

  it("[PI4] what changes nothing gives the same picture, and entries that did not change are the same objects", () => {
    const before = pictureOf(entry(1, { deep: { list: [1, { a: 1 }] }, other: { b: 1 } }), entry(2))
    expect(applied(before, { enter: [entry(1, { deep: { list: [1, { a: 1 }] }, other: { b: 1 } })] }).picture).toBe(before)
    expect(applied(before, { update: { 1: { other: { b: 1 } } }, status: { 2: "active" } }).picture).toBe(before)
    const { picture } = applied(before, { update: { 1: { deep: { list: [2, { a: 1 }] } } } })
    expect(picture.get(2)).toBe(before.get(2))
    const [old, now] = [before.get(1), picture.get(1)]
    expect(now).not.toBe(old)
    expect(now?.info).toBe(old?.info)
    expect(now?.data["other"]).toBe(old?.data["other"])
    expect(Object(now?.data["deep"]).list[1]).toBe(Object(old?.data["deep"]).list[1])
  })
})

describe("the whole room anew", () => {
  it("[PI5] tells exactly the difference, and nothing of who is the same", () => {
    const before = pictureOf(entry(1, { x: 1 }), entry(2, { x: 2 }), entry(3))
    const after = replaced(before, [entry(4), entry(3), entry(2, { x: 3 })])
    expect(told(after.differences)).toEqual(["leave c1", "change c2", "enter c4"])
    expect(after.differences[0]).toMatchObject({ reason: "unseen" })
    expect(after.picture.get(3)).toBe(before.get(3))
    expect(
      replaced(
        after.picture,
        [...after.picture.values()].map((one) => structuredClone(one)),
      ),
    ).toEqual({
      picture: after.picture,
      differences: [],
    })
  })

  it("[PI5] matches by connection: after a crash a ref may be somebody else's", () => {
    const { differences, picture } = replaced(pictureOf(entry(1), entry(2)), [entry(1, {}, { connection: "new" }), entry(2)])
    expect(told(differences)).toEqual(["leave c1", "enter new"])
    expect([...picture.values()].map(({ connection }) => connection).sort()).toEqual(["c2", "new"])
  })

  it("[PI6] is in the same order for everybody, however the room lists it", () => {
    const entries = [entry(1, {}, { since: 5 }), entry(2, {}, { since: 3 }), entry(3, {}, { since: 5 })]
    const refs = (picture: Picture) => [...picture.keys()]
    expect(refs(pictureOf(...entries))).toEqual([2, 1, 3])
    expect(refs(pictureOf(...entries.toReversed()))).toEqual([2, 1, 3])
  })
})

const json = fc.jsonValue({ maxDepth: 2 }) as fc.Arbitrary<unknown>
const key = fc.constantFrom("a", "b", "constructor", "toString", "7", "")
/** As JSON has it: a zero has no sign there. */
const asJson = (value: Record<string, unknown>): Record<string, unknown> => JSON.parse(JSON.stringify(value))
const data = fc.dictionary(key, json, { maxKeys: 4, noNullPrototype: true }).map((value) => applyPatch({}, asJson(value)))
const patch = fc.dictionary(key, fc.oneof(json, fc.constant(null)), { maxKeys: 4, noNullPrototype: true })
const person = fc.record({ ref: fc.integer({ min: 1, max: 6 }), incarnation: fc.nat(2), data, away: fc.boolean() })
const present = fc
  .uniqueArray(person, { selector: ({ ref }) => ref, maxLength: 6 })
  .map((people) =>
    people.map((one) => entry(one.ref, one.data, { connection: `c${one.ref}.${one.incarnation}`, status: one.away ? "away" : "active" })),
  )
const frame = fc.record({
  leave: fc.array(fc.tuple(fc.integer({ min: 1, max: 6 }), fc.constant("left" as const)), { maxLength: 2 }),
  enter: present,
  update: fc.dictionary(fc.constantFrom("1", "2", "3", "4"), patch, { maxKeys: 3, noNullPrototype: true }),
  status: fc.dictionary(fc.constantFrom("1", "2", "3"), fc.constantFrom("active" as const, "away" as const), { noNullPrototype: true }),
})

describe("any frames", () => {
  it("[PI7] the differences laid over the old picture give the new one, and enters and leaves balance", () => {
    fc.assert(
      fc.property(fc.array(fc.oneof(frame, present), { maxLength: 8 }), (frames) => {
        let picture = NOBODY
        const here = new Map<string, Entry>()
        for (const one of frames) {
          const before = JSON.stringify([...picture])
          const next = Array.isArray(one) ? replaced(picture, one) : applied(picture, one)
          expect(JSON.stringify([...picture])).toBe(before)
          for (const difference of next.differences) {
            const { connection } = difference.entry
            if (difference.kind === "enter") expect(here.has(connection)).toBe(false)
            else expect(here.has(connection)).toBe(true)
            if (difference.kind === "change") expect(here.get(connection)).toBe(difference.previous)
            if (difference.kind === "leave") here.delete(connection)
            else here.set(connection, difference.entry)
          }
          picture = next.picture
          expect(new Map([...picture.values()].map((shown) => [shown.connection, shown]))).toEqual(here)
          if (Array.isArray(one)) expect([...picture.values()].sort(byRef)).toEqual([...one].sort(byRef))
        }
      }),
    )
  })

  it("[PI4] sharing gives what is equal to the new value, of the old one's parts", () => {
    fc.assert(
      fc.property(json, json, (old, next) => {
        expect(share(old, next)).toEqual(next)
        expect(share(old, structuredClone(old))).toBe(old)
      }),
    )
    fc.assert(
      fc.property(data, data, json, (old, next, kept) => {
        const shared = share({ ...old, kept }, { ...next, kept: structuredClone(kept) })
        expect(shared).toEqual({ ...next, kept })
        expect(shared.kept).toBe(kept)
      }),
    )
  })

  it("[CL13] what is said leads from what the room has heard to what the app wants, and nothing is said between equals", () => {
    fc.assert(
      fc.property(data, data, (heard, wanted) => {
        const said = frameBetween(heard, wanted)
        const after = said?.type === "update" ? applyPatch(heard, JSON.parse(JSON.stringify(said.data))) : heard
        expect(after).toEqual(wanted)
        expect(frameBetween(wanted, structuredClone(wanted))).toBeNull()
        expect(frameBetween(null, wanted)).toEqual({ type: "enter", data: wanted })
        expect(frameBetween(heard, null)).toEqual({ type: "leave" })
        expect(frameBetween(null, null)).toBeNull()
      }),
    )
    fc.assert(
      fc.property(data, patch, (old, change) => {
        expect(patched(old, change)).toEqual(applyPatch(old, JSON.parse(JSON.stringify(change))))
        expect(patched(old, {})).toBe(old)
      }),
    )
  })
})

describe("members", () => {
  const nobody = () => false

  it("[PI8] are their connections collapsed: active while one is, with the newest active one's data", () => {
    const phone = entry(1, { on: "phone" }, { member: "anna" })
    const laptop = entry(2, { on: "laptop" }, { member: "anna" })
    const bert = entry(3)
    const collapsed = (...entries: ShownEntry[]) => collapse(entries, (one) => one.ref === 2, [])
    expect(collapsed(phone, laptop, bert)).toEqual([
      { member: "anna", info: laptop.info, data: { on: "laptop" }, status: "active", connections: [phone, laptop], isSelf: true },
      { member: "m3", info: bert.info, data: {}, status: "active", connections: [bert], isSelf: false },
    ])
    const asleep = { ...laptop, status: "away" as const }
    expect(collapsed(phone, asleep)).toMatchObject([{ data: { on: "phone" }, status: "active" }])
    expect(collapsed({ ...phone, status: "away" }, asleep)).toMatchObject([{ data: { on: "laptop" }, status: "away" }])
  })

  it("[PI8] in whom nothing changed are the same objects, and so is the list", () => {
    const [anna, bert, cleo] = [entry(1), entry(2), entry(3)]
    const old = collapse([anna, bert], nobody, [])
    expect(collapse([anna, bert], nobody, old)).toBe(old)
    const moved = collapse([cleo, bert, anna], nobody, old)
    expect(moved[1]).toBe(old[1])
    expect(moved[2]).toBe(old[0])
    const changed = collapse([anna, { ...bert, status: "away" }], nobody, old)
    expect(changed[0]).toBe(old[0])
    expect(changed[1]).not.toBe(old[1])
  })
})

function byRef(a: Entry, b: Entry): number {
  return a.ref - b.ref
}
