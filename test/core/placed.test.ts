import { describe, expect, it } from "vitest"
import { judge, sweepBy } from "../../src/core/liveness.ts"
import { place } from "../../src/core/placed.ts"
import { admit, emptyRoster, isRefTaken, present, type Roster, resumable } from "../../src/core/roster.ts"
import type { JsonObject } from "../../src/protocol/frames.ts"
import { enterAs, join, MAX_DATA } from "./cast.ts"

const CLOCKS = { interval: 1000, timeout: 3000, awayAfter: 500, idleAfter: 600 }

function placed(roster: Roster, data: JsonObject, until: number, now: number, info: JsonObject = {}, member = "bot") {
  const result = place(roster, `placed-${roster.nextRef}`, { member, info, data, until }, MAX_DATA, now)
  if (!result.ok) throw new Error(result.error.message)
  return result.value
}

describe("a member without a socket", () => {
  it("[AD1] is present like any other, and takes no connection's place", () => {
    const roster = emptyRoster()
    const { connection, changes } = placed(roster, { x: 1, y: null }, 5000, 10, { name: "Bot" })
    const entry = { ref: 1, connection: connection.id, member: "bot", info: { name: "Bot" }, data: { x: 1 }, status: "active", since: 10 }
    expect(changes).toEqual([{ kind: "enter", entry, isNews: true }])
    expect([...present(roster)]).toEqual([entry])
    expect([roster.connected, roster.connectedOf.size, roster.presentOf.get("bot")]).toEqual([0, 0, 1])
    expect(admit(roster, "bot", { maxConnections: 1, maxConnectionsPerMember: 1 })).toBeNull()
  })

  it("[AD1] ends exactly when its time does, as expired", () => {
    const { connection } = placed(emptyRoster(), {}, 5000, 10)
    const watched = { connection, pingedAt: null }
    expect(sweepBy(watched, CLOCKS)).toBe(5000)
    expect([judge(watched, CLOCKS, 4999), judge(watched, CLOCKS, 5000)]).toEqual([[], [{ kind: "end", reason: "expired" }]])
  })

  it("[AD2] is the same one when placed again, longer and with new data, and neither away nor idle meanwhile", () => {
    const roster = emptyRoster()
    const first = placed(roster, { x: 1 }, 5000, 10)
    const again = placed(roster, { y: 2 }, 9000, 4000)
    expect(again.connection).toBe(first.connection)
    expect(again.changes).toMatchObject([{ kind: "enter", entry: { ref: 1, data: { y: 2 }, since: 10 } }])
    expect(judge({ connection: again.connection, pingedAt: null }, CLOCKS, 8999)).toEqual([])
    expect([roster.presentOf.get("bot"), roster.nextRef]).toEqual([1, 2])
  })

  it("[AD2] is prolonged without a word when nothing else is new", () => {
    const roster = emptyRoster()
    placed(roster, { x: 1, gone: null }, 5000, 10, { name: "Bot" })
    const { connection, changes } = placed(roster, { x: 1 }, 9000, 4000, { name: "Bot" })
    expect([changes, connection.line]).toEqual([[], { at: "placed", until: 9000 }])
  })

  it("[AD2] shows new info at once", () => {
    const roster = emptyRoster()
    placed(roster, { x: 1 }, 5000, 10, { name: "Bot" })
    expect(placed(roster, { x: 1 }, 9000, 4000, { name: "Robot" }).changes).toMatchObject([
      { isNews: true, entry: { info: { name: "Robot" } } },
    ])
  })

  it("[AD2] is apart from another member's", () => {
    const roster = emptyRoster()
    const anna = placed(roster, { x: 1 }, 5000, 10, {}, "anna").connection
    const bert = placed(roster, { y: 2 }, 9000, 10, {}, "bert").connection
    expect([anna.line, anna.entry?.data, bert.ref]).toEqual([{ at: "placed", until: 5000 }, { x: 1 }, 2])
  })

  it("[AD2] is apart from the member's own connections", () => {
    const roster = emptyRoster()
    const own = enterAs(roster, "bot", { own: true })
    placed(roster, { x: 1 }, 5000, 10)
    expect(own.entry?.data).toEqual({ own: true })
    expect(roster.presentOf.get("bot")).toBe(2)
  })

  it("[GR5] cannot be resumed by anybody", () => {
    const roster = emptyRoster()
    const { connection } = placed(roster, {}, 5000, 10)
    expect(resumable(roster, connection.id, "bot", 20)).toBeNull()
  })

  it("[AD10] of too much data is refused, and leaves the room as it was", () => {
    const roster = emptyRoster()
    const tooMuch = { text: "x".repeat(100) }
    const attempt = () => place(roster, "placed", { member: "bot", info: { name: "New" }, data: tooMuch, until: 9000 }, 50, 20)
    expect(attempt()).toMatchObject({ ok: false, error: { code: "too_large" } })
    expect([roster.connections.size, roster.presentOf.size, isRefTaken(roster, 1)]).toEqual([0, 0, false])
    const { connection } = placed(roster, { x: 1 }, 5000, 10, { name: "Old" })
    const { entry } = connection
    expect(attempt().ok).toBe(false)
    expect([connection.entry, connection.info, connection.line]).toEqual([entry, { name: "Old" }, { at: "placed", until: 5000 }])
  })

  it("[CN9] shares the room's refs with everybody else", () => {
    const roster = emptyRoster()
    const refs = [join(roster, "anna").ref, placed(roster, {}, 5000, 0).connection.ref, join(roster, "carl").ref]
    expect(refs).toEqual([1, 2, 3])
  })
})
