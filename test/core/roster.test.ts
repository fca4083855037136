import { describe, expect, it } from "vitest"
import { isConnected, isPresent } from "../../src/core/connection.ts"
import {
  act,
  emptyRoster,
  enter,
  goAway,
  isRefTaken,
  leave,
  present,
  remove,
  restore,
  resumable,
  startGrace,
  update,
} from "../../src/core/roster.ts"
import { done, enterAs, join, MAX_DATA, refs } from "./cast.ts"

describe("opening", () => {
  it("[CN8] begins as an observer, whom nobody sees", () => {
    const roster = emptyRoster()
    const connection = join(roster, "anna")
    expect(isPresent(connection)).toBe(false)
    expect([roster.connected, roster.presentOf.size, [...present(roster)]]).toEqual([1, 0, []])
  })

  it("[CN9] gives every connection a ref of its own, also after others are gone", () => {
    const roster = emptyRoster()
    const first = enterAs(roster, "anna")
    remove(roster, first, "left")
    const others = ["bert", "anna", "carl"].map((member) => join(roster, member).ref)
    expect([first.ref, ...others]).toEqual([1, 2, 3, 4])
    expect(emptyRoster(9).nextRef).toBe(9)
  })

  it("[HB2] never gives out a ref that a restored connection has, or a greater one had", () => {
    const before = emptyRoster()
    const connection = enterAs(before, "anna")
    const after = emptyRoster()
    restore(after, { ...connection, ref: 41 })
    restore(after, { ...connection, id: "other", ref: 7 })
    expect(join(after, "bert").ref).toBe(42)
  })
})

describe("entering", () => {
  it("[EN1] shows the whole entry to everybody", () => {
    const roster = emptyRoster()
    const connection = join(roster, "anna")
    const [change] = done(enter(roster, connection, { x: 1 }, MAX_DATA, 5))
    const entry = { ref: 1, connection: connection.id, member: "anna", info: { name: "anna" }, data: { x: 1 }, status: "active", since: 5 }
    expect(change).toEqual({ kind: "enter", entry, isNews: true })
    expect([...present(roster)]).toEqual([entry])
  })

  it("[EN2] replaces the data whole at the second time, and keeps ref, connection and since", () => {
    const roster = emptyRoster()
    const connection = enterAs(roster, "anna", { x: 1, y: 2 }, 5)
    const [change] = done(enter(roster, connection, { z: 3 }, MAX_DATA, 9))
    expect(change?.entry).toEqual({ ...connection.entry, ref: 1, connection: connection.id, data: { z: 3 }, since: 5 })
    expect(change).toMatchObject({ kind: "enter", isNews: false })
  })

  it("[EN3] takes a top-level null as absent", () => {
    const roster = emptyRoster()
    expect(enterAs(roster, "anna", { x: null, y: { z: null } }).entry?.data).toEqual({ y: { z: null } })
  })

  it("[EN7] makes a member present once, and until its last connection leaves", () => {
    const roster = emptyRoster()
    const tabs = [enterAs(roster, "anna"), enterAs(roster, "anna"), enterAs(roster, "anna")]
    expect(roster.presentOf).toEqual(new Map([["anna", 3]]))
    expect(refs(roster)).toEqual([1, 2, 3])
    for (const tab of tabs) {
      expect(roster.presentOf.has("anna")).toBe(true)
      leave(roster, tab, "left")
    }
    expect(roster.presentOf.size).toBe(0)
    expect(roster.connected).toBe(3)
  })

  it("[EN2] has a new since after a leave", () => {
    const roster = emptyRoster()
    const connection = enterAs(roster, "anna", {}, 5)
    leave(roster, connection, "left")
    done(enter(roster, connection, {}, MAX_DATA, 9))
    expect(connection.entry?.since).toBe(9)
  })
})

describe("the data's size", () => {
  /** `{"x":"…"}` of so many UTF-8 bytes. */
  const ofBytes = (bytes: number) => ({ x: "é".repeat(Math.floor((bytes - 8) / 2)) + "a".repeat(bytes % 2) })

  it("[EN4] is counted in UTF-8, and the limit itself is allowed", () => {
    const roster = emptyRoster()
    const connection = join(roster, "anna")
    expect(Buffer.byteLength(JSON.stringify(ofBytes(100)))).toBe(100)
    expect(enter(roster, connection, ofBytes(101), 100, 0)).toMatchObject({ ok: false, error: { code: "too_large" } })
    expect(connection.entry).toBeNull()
    done(enter(roster, connection, ofBytes(100), 100, 0))
    expect(enter(roster, connection, ofBytes(101), 100, 1).ok).toBe(false)
    expect(connection.entry).toMatchObject({ data: ofBytes(100) })
  })

  it("[EN4] bounds what patches make of it, and a refused one changes nothing", () => {
    const roster = emptyRoster()
    const connection = enterAs(roster, "anna", ofBytes(90))
    const { version } = roster
    const before = connection.entry
    expect(update(roster, connection, { y: 12 }, 200, 96)).toMatchObject({
      ok: false,
      error: { code: "too_large", message: expect.stringContaining("97") },
    })
    expect([connection.entry, roster.version]).toEqual([before, version])
    done(update(roster, connection, { y: 1 }, 200, 96))
    for (let i = 0; i < 50; i++) done(update(roster, connection, { y: i % 10 }, 200, 96))
    done(update(roster, connection, { x: null }, 200, 96))
    done(update(roster, connection, { z: "z".repeat(82) }, 500, 96))
    expect(update(roster, connection, { y: 10 }, 500, 96).ok).toBe(false)
  })
})

describe("leaving", () => {
  it("[EN6] keeps the connection as an observer, and tells it once", () => {
    const roster = emptyRoster()
    const connection = enterAs(roster, "anna")
    const { entry } = connection
    expect(leave(roster, connection, "left")).toEqual([{ kind: "leave", entry, reason: "left" }])
    expect(leave(roster, connection, "left")).toEqual([])
    expect([isConnected(connection), isPresent(connection), refs(roster)]).toEqual([true, false, []])
  })

  it("[GR8] takes the connection with it when it is over, and its session cannot be resumed", () => {
    const roster = emptyRoster()
    const connection = enterAs(roster, "anna")
    expect(remove(roster, connection, "kicked")).toMatchObject([{ kind: "leave", reason: "kicked" }])
    expect(remove(roster, connection, "kicked")).toEqual([])
    expect([roster.connected, roster.connections.size, roster.connectedOf.size, roster.presentOf.size]).toEqual([0, 0, 0, 0])
    expect(resumable(roster, connection.id, "anna", 50)).toBeNull()
  })
})

describe("status", () => {
  it("[LV4] turns once each way, and only for who is present", () => {
    const roster = emptyRoster()
    const connection = join(roster, "anna")
    expect([goAway(roster, connection), act(roster, connection, 1)]).toEqual([[], []])
    done(enter(roster, connection, {}, MAX_DATA, 2))
    expect(goAway(roster, connection)).toMatchObject([{ kind: "status", entry: { status: "away" } }])
    expect(goAway(roster, connection)).toEqual([])
    expect(act(roster, connection, 3)).toMatchObject([{ kind: "status", entry: { status: "active" } }])
    expect(act(roster, connection, 4)).toEqual([])
    expect(connection.activeAt).toBe(4)
  })

  it("[LV4] is active after an enter, whatever it was", () => {
    const roster = emptyRoster()
    const connection = enterAs(roster, "anna")
    goAway(roster, connection)
    done(enter(roster, connection, {}, MAX_DATA, 2))
    expect(connection.entry?.status).toBe("active")
  })
})

describe("what is derived from the roster", () => {
  it("[OB5] can tell that it is stale: every change of an entry grows the version and makes a new entry", () => {
    const roster = emptyRoster()
    const connection = join(roster, "anna")
    const steps: (() => unknown)[] = [
      () => enter(roster, connection, { x: 1 }, MAX_DATA, 1),
      () => update(roster, connection, { x: 2 }, 10, MAX_DATA),
      () => goAway(roster, connection),
      () => act(roster, connection, 2),
      () => enter(roster, connection, { x: 1 }, MAX_DATA, 3),
      () => leave(roster, connection, "left"),
    ]
    for (const step of steps) {
      const { version } = roster
      const before = Object.freeze(connection.entry)
      step()
      expect(roster.version).toBeGreaterThan(version)
      expect(connection.entry).not.toBe(before)
    }
  })
})

describe("a ref", () => {
  it("[CN9] is taken while somebody has it, in grace too", () => {
    const roster = emptyRoster()
    const connection = enterAs(roster, "anna")
    startGrace(roster, connection, 100)
    expect([isRefTaken(roster, connection.ref), isRefTaken(roster, connection.ref + 1)]).toEqual([true, false])
    remove(roster, connection, "closed")
    expect(isRefTaken(roster, connection.ref)).toBe(false)
  })
})
