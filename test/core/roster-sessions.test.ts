import { describe, expect, it } from "vitest"
import { isConnected } from "../../src/core/connection.ts"
import {
  admit,
  adopt,
  crowdedOut,
  emptyRoster,
  enter,
  goAway,
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
import { done, enterAs, FAR, identityOf, join, MAX_DATA, RATE, refs } from "./cast.ts"

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

describe("connections in grace", () => {
  const three = { maxConnections: 100, maxConnectionsPerMember: 3 }

  it("[CN5] make room for fresh ones of their member, the oldest first, and nobody is refused for them", () => {
    const roster = emptyRoster()
    const tabs = Array.from({ length: 3 }, () => enterAs(roster, "anna"))
    expect(crowdedOut(roster, "anna", three)).toEqual([])
    for (const tab of tabs.slice(0, 2)) startGrace(roster, tab, 100)
    expect(admit(roster, "anna", three)).toBeNull()
    expect(crowdedOut(roster, "anna", three)).toEqual([tabs[0]])
    expect(crowdedOut(roster, "bert", three)).toEqual([])
    expect(crowdedOut(roster, "anna", { ...three, maxConnectionsPerMember: 4 })).toEqual([])
  })

  it("[CN5] are never more than the limit, however often a member connects, enters and breaks off", () => {
    const roster = emptyRoster()
    for (let round = 0; round < 50; round++) {
      for (const old of crowdedOut(roster, "anna", three)) remove(roster, old, "closed")
      startGrace(roster, enterAs(roster, "anna"), 1000)
      expect([roster.connections.size, roster.presentOf.get("anna")]).toEqual([Math.min(round + 1, 3), Math.min(round + 1, 3)])
    }
  })

  it("[GR2] are counted as long as they are in grace", () => {
    const roster = emptyRoster()
    const tabs = [enterAs(roster, "anna"), enterAs(roster, "anna")]
    for (const tab of tabs) startGrace(roster, tab, 100)
    for (const tab of tabs) startGrace(roster, tab, 200)
    expect(roster.graceOf.get("anna")).toBe(2)
    for (const tab of tabs) resume(roster, tab, identityOf("anna"), RATE, 50)
    expect(roster.graceOf.size).toBe(0)
    for (const tab of tabs) startGrace(roster, tab, 300)
    const woken = emptyRoster()
    for (const tab of tabs) restore(woken, tab)
    expect(woken.graceOf.get("anna")).toBe(2)
    for (const tab of tabs) remove(woken, tab, "closed")
    expect([woken.graceOf.size, woken.connectedOf.size, woken.connected]).toEqual([0, 0, 0])
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
