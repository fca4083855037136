import fc from "fast-check"
import { describe, expect, it } from "vitest"
import { type Announcement, type Attendance, attend, nextSequence } from "../../src/core/announcement.ts"
import type { Change } from "../../src/core/roster.ts"

type Step = { readonly kind: "enter" | "update" | "leave"; readonly member: string; readonly tab: number }

const steps = fc.array(
  fc.record({
    kind: fc.constantFrom("enter" as const, "update" as const, "leave" as const),
    member: fc.constantFrom("anna", "bert", "chloe"),
    tab: fc.integer({ min: 1, max: 3 }),
  }),
  { maxLength: 60 },
)

function changeOf({ kind, member, tab }: Step): Change {
  const connection = `${member}-${tab}`
  const entry = { ref: tab, connection, member, info: { name: member }, data: {}, status: "active" as const, since: 0 }
  if (kind === "enter") return { kind, entry, isNews: false }
  return kind === "update" ? { kind, entry, patch: {} } : { kind, entry, reason: "closed" }
}

/** Looks at all tabs before and after, and says what differs. */
function naive(all: readonly Step[]): string[][] {
  let tabs: string[] = []
  return all.map(({ kind, member, tab }) => {
    const before = new Set(tabs.map((name) => name.split("-")[0]))
    const name = `${member}-${tab}`
    if (kind !== "update") tabs = tabs.filter((one) => one !== name)
    if (kind === "enter") tabs = [...tabs, name]
    const after = new Set(tabs.map((one) => one.split("-")[0]))
    const told: string[] = []
    if (before.size === 0 && after.size > 0) told.push("room.occupied")
    if (!before.has(member) && after.has(member)) told.push(`member.entered ${member}`)
    if (before.has(member) && !after.has(member)) told.push(`member.left ${member}`)
    if (before.size > 0 && after.size === 0) told.push("room.vacated")
    return told
  })
}

function said(announcement: Announcement): string {
  return "member" in announcement ? `${announcement.type} ${announcement.member}` : announcement.type
}

describe("announcements", () => {
  it("[WH6] [WH7] say of members what a look at all tabs before and after each change says", () => {
    fc.assert(
      fc.property(steps, (all) => {
        const attendance: Attendance = new Map()
        expect(all.map((step) => attend(attendance, changeOf(step)).map(said))).toEqual(naive(all))
      }),
    )
  })

  it("[WH6] have the reason of the last connection, and the member's info", () => {
    const attendance: Attendance = new Map()
    for (const tab of [1, 2]) attend(attendance, changeOf({ kind: "enter", member: "anna", tab }))
    expect(attend(attendance, changeOf({ kind: "leave", member: "anna", tab: 1 }))).toEqual([])
    const last: Change = { ...changeOf({ kind: "leave", member: "anna", tab: 2 }), kind: "leave", reason: "kicked" }
    expect(attend(attendance, last)[0]).toEqual({ type: "member.left", member: "anna", info: { name: "anna" }, reason: "kicked" })
  })

  it("[WH8] are numbered upwards, also where the room forgot the last number", () => {
    fc.assert(
      fc.property(fc.array(fc.nat(10)), (pauses) => {
        let last = 0
        let now = 1000
        for (const pause of pauses) {
          now += pause
          const next = nextSequence(last, now)
          expect(next).toBeGreaterThan(last)
          expect(next).toBeGreaterThanOrEqual(now)
          last = next
        }
      }),
    )
    expect(nextSequence(0, 5000.5)).toBe(5000)
  })
})
