import { describe, expect, it } from "vitest"
import { isConnected, isPresent } from "../../src/core/connection.ts"
import {
  act,
  admit,
  adopt,
  type Change,
  emptyRoster,
  enter,
  goAway,
  isRefTaken,
  leave,
  open,
  present,
  reauthorize,
  remove,
  restore,
  resumable,
  resume,
  startGrace,
  update,
} from "../../src/core/roster.ts"
import type { Result } from "../../src/protocol/errors.ts"
import { enterAs, FAR, identityOf, join, MAX_DATA, RATE } from "./cast.ts"

function done(result: Result<Change[]>): Change[] {
  if (!result.ok) throw new Error(result.error.message)
  return result.value
}

function refs(roster: ReturnType<typeof emptyRoster>): number[] {
  return Array.from(present(roster), ({ ref }) => ref)
}

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

describe("grace and resume", () => {
  it("[GR1] keeps the entry in the room and tells nobody", () => {
    const roster = emptyRoster()
    const connection = enterAs(roster, "anna")
    const { version } = roster
    startGrace(roster, connection, 100)
    expect([isConnected(connection), refs(roster), roster.version, roster.connected]).toEqual([false, [1], version, 0])
    expect(roster.presentOf.get("anna")).toBe(1)
  })

  it("[GR2] continues the same connection, and tells nobody", () => {
    const roster = emptyRoster()
    const connection = enterAs(roster, "anna", { x: 1 })
    goAway(roster, connection)
    const { id, ref, entry } = connection
    startGrace(roster, connection, 100)
    expect(resumable(roster, id, "anna", 50)).toBe(connection)
    expect(resume(roster, connection, identityOf("anna"), RATE, 50)).toEqual([])
    expect(connection).toMatchObject({ id, ref, entry, line: { at: "socket" } })
    expect([roster.connected, roster.connectedOf.get("anna")]).toEqual([1, 1])
  })

  it("[GR5] is nobody else's, and nobody's that was never here", () => {
    const roster = emptyRoster()
    const connection = enterAs(roster, "anna")
    expect(resumable(roster, connection.id, "bert", 50)).toBeNull()
    expect(resumable(roster, "unknown", "anna", 50)).toBeNull()
  })

  it("[GR5] is too late once the grace is over, even before a sweep has seen it", () => {
    const roster = emptyRoster()
    const connection = enterAs(roster, "anna")
    startGrace(roster, connection, 100)
    expect(resumable(roster, connection.id, "anna", 99)).toBe(connection)
    expect(resumable(roster, connection.id, "anna", 100)).toBeNull()
  })

  it("[GR6] of a connected session changes no count", () => {
    const roster = emptyRoster()
    const connection = enterAs(roster, "anna")
    expect(resume(roster, connection, identityOf("anna"), RATE, 50)).toEqual([])
    expect([roster.connected, roster.connectedOf.get("anna"), roster.presentOf.get("anna")]).toEqual([1, 1, 1])
  })

  it("[GR7] is a sign of life and no activity", () => {
    const roster = emptyRoster()
    const connection = enterAs(roster, "anna", {}, 10)
    goAway(roster, connection)
    startGrace(roster, connection, 100)
    resume(roster, connection, identityOf("anna"), RATE, 50)
    expect([connection.heardAt, connection.activeAt, connection.entry?.status]).toEqual([50, 10, "away"])
  })

  it("[GR7] needs no free place, and a place in grace is free for others", () => {
    const roster = emptyRoster()
    const one = { maxConnections: 1, maxConnectionsPerMember: 1 }
    const connection = enterAs(roster, "anna")
    expect(admit(roster, "bert", one)).toMatchObject({ code: "room_full" })
    expect(admit(roster, "anna", one)).toMatchObject({ code: "member_full" })
    startGrace(roster, connection, 100)
    expect(admit(roster, "bert", one)).toBeNull()
    join(roster, "bert")
    resume(roster, connection, identityOf("anna"), RATE, 50)
    expect(roster.connected).toBe(2)
    remove(roster, connection, "left")
    expect(admit(roster, "anna", { maxConnections: 2, maxConnectionsPerMember: 1 })).toBeNull()
  })
})

describe("a fresh token", () => {
  it("[AU9] gives its grants at once, and shows its info from the next enter", () => {
    const roster = emptyRoster()
    const connection = enterAs(roster, "anna")
    const fresh = identityOf("anna", { info: { name: "Anna B." }, grants: { subscribe: false, presence: true, message: false } })
    expect(reauthorize(roster, connection, fresh)).toEqual([])
    expect(connection.grants).toEqual(fresh.grants)
    expect([...present(roster)][0]?.info).toEqual({ name: "anna" })
    done(update(roster, connection, { x: 1 }, 10, MAX_DATA))
    expect([...present(roster)][0]?.info).toEqual({ name: "anna" })
    const [change] = done(enter(roster, connection, {}, MAX_DATA, 1))
    expect(change).toMatchObject({ isNews: true, entry: { info: { name: "Anna B." } } })
  })

  it("[AU9] without presence ends the presence", () => {
    const roster = emptyRoster()
    const connection = enterAs(roster, "anna")
    const changes = reauthorize(roster, connection, identityOf("anna", { grants: { subscribe: true, presence: false, message: true } }))
    expect(changes).toMatchObject([{ kind: "leave" }])
    expect(isConnected(connection)).toBe(true)
  })

  it("[AU6] is warned of once, and its successor again", () => {
    const roster = emptyRoster()
    const connection = enterAs(roster, "anna")
    connection.warned = true
    reauthorize(roster, connection, identityOf("anna"))
    expect(connection.warned).toBe(true)
    reauthorize(roster, connection, identityOf("anna", { expiresAt: FAR + 1 }))
    expect(connection.warned).toBe(false)
  })

  it("[AU6] is warned of again on the socket of a resume, whose client may have missed it", () => {
    const roster = emptyRoster()
    const connection = enterAs(roster, "anna")
    connection.warned = true
    startGrace(roster, connection, 100)
    resume(roster, connection, identityOf("anna"), RATE, 50)
    expect(connection.warned).toBe(false)
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

describe("what a socket knew", () => {
  /** Rows of the ledger and what the socket of the same connection says; it was active at `activeAt`. */
  function known(activeAt: number) {
    const roster = emptyRoster()
    const row = enterAs(roster, "anna", { x: 1 }, 5)
    const socket = open(emptyRoster(), row.id, identityOf("anna"), RATE, 5)
    done(enter(emptyRoster(), socket, { x: 2 }, MAX_DATA, activeAt))
    return { roster, row, socket }
  }

  it("[HB4] beats the ledger's older row, and is told once, because a joiner may have been welcomed with the older", () => {
    const { roster, row, socket } = known(7)
    startGrace(roster, row, 100)
    expect(adopt(roster, row, socket)).toMatchObject([{ kind: "enter", entry: { data: { x: 2 } }, isNews: false }])
    expect(row).toMatchObject({ activeAt: 7, entry: { data: { x: 2 }, ref: row.ref, since: 5 } })
    expect(adopt(roster, row, socket)).toEqual([])
  })

  it("[HB4] is old news once the connection was resumed and acted", () => {
    const { roster, row, socket } = known(7)
    row.activeAt = 8
    expect(adopt(roster, row, socket)).toEqual([])
    expect(row.entry?.data).toEqual({ x: 1 })
  })

  it("[HB4] is nothing for who is not present on either side", () => {
    const { roster, row, socket } = known(7)
    socket.entry = null
    expect(adopt(roster, row, socket)).toEqual([])
    expect(adopt(roster, join(roster, "bert"), row)).toEqual([])
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
