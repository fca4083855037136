/** Rooms apart from each other, what an operator sees of one, and many connections that come and go in one. */
import { describe, expect, it } from "vitest"
import { churn } from "./churn.ts"
import { refusal } from "./refusals.ts"
import { DEV_ADMIN_KEY, serviceForFile } from "./service.ts"
import { connect, enter, freshRoom, silence, statsOf, tokenFor } from "./wire-client.ts"

const GRACE = 3000
const service = serviceForFile({ GRACE_MS: GRACE })

describe("churn", () => {
  it("[IS5] 100 connections that come, go, break, resume and update at once end with the same picture", async () => {
    const room = freshRoom()
    const watcher = await connect(service, { room, member: "watcher" })
    const { clients, expected, gone } = await churn(service, room, { clients: 100, forMs: 5000, seed: 20_261_124 })
    expect(gone.length).toBeGreaterThan(0)
    await watcher.until(
      () => gone.every((connection) => !watcher.picture.list().some((entry) => entry.connection === connection)),
      "their end",
      GRACE + 4000,
    )
    const truth = await watcher.sync()
    expect(truth.map(({ connection, member, data }) => [connection, member, data])).toEqual(expected())
    const late = await connect(service, { room, member: "late" })
    expect(late.picture.list()).toEqual(truth)
    // A message comes behind everything that was told before it.
    await watcher.ask({ type: "send", event: "settled", data: null })
    for (const client of [watcher, ...clients]) await client.next("message", ({ event }) => event === "settled")
    for (const client of [watcher, ...clients]) expect(client.picture.list(), client.member).toEqual(truth)
    for (const client of clients) expect(client.all("error")).toEqual([])
    const stats = await statsOf(service, room)
    expect(stats).toMatchObject({ members: new Set(truth.map(({ member }) => member)).size, connections: clients.length + 2 })
    expect(stats.observers).toBe(clients.length + 2 - truth.length)
  })
})

describe.concurrent("isolation", () => {
  it("[IS1] what one room hears, no other does", async () => {
    const rooms = [freshRoom(), freshRoom()]
    const [here = "", there = ""] = rooms
    const anna = await enter(service, { room: here, member: "anna" }, { in: "here" })
    const away = await enter(service, { room: there, member: "anna" }, { in: "there" })
    const bert = await connect(service, { room: there, member: "bert" })
    const heard = [away.frames.length, bert.frames.length]
    await anna.ask({ type: "update", data: { x: 1 } })
    await anna.ask({ type: "send", event: "e", data: 1 })
    await anna.ask({ type: "send", event: "e", data: 2, to: ["anna", "bert"] })
    await anna.next("message", ({ data }) => data === 2)
    await anna.ask({ type: "leave" })
    await anna.leaveOf(anna.ref)
    expect([away.frames.length, bert.frames.length]).toEqual(heard)
    expect((await bert.sync()).map(({ data }) => data)).toEqual([{ in: "there" }])
    expect(await anna.sync()).toEqual([])
  })

  it("[IS1] names that differ by case or by a sign alone are different rooms", async () => {
    const base = freshRoom()
    const rooms = [base, base.toUpperCase(), `${base}.`, `${base}~`, `.${base}`, `${base}:1`]
    const clients = await Promise.all(rooms.map((room) => enter(service, { room })))
    for (const client of clients) expect(await client.sync()).toHaveLength(1)
  })

  it("[AU5] a token for one room opens no other", async () => {
    const room = freshRoom()
    const token = await tokenFor("anna", { rooms: { [room]: ["subscribe"] } })
    expect((await connect(service, { room, token })).welcome.room).toBe(room)
    const elsewhere = await fetch(`${service.url}/v1/rooms/${room}-2/connect`, { headers: { authorization: `Bearer ${token}` } })
    expect(await refusal(elsewhere)).toMatchObject({ status: 403 })
  })
})

describe.concurrent("stats", () => {
  it("[ST1] count members, connections and observers, and remember the peak", async () => {
    const room = freshRoom()
    const before = Date.now()
    const [anna, tab, bert] = [
      await enter(service, { room, member: "anna" }),
      await enter(service, { room, member: "anna" }),
      await enter(service, { room, member: "bert" }),
    ]
    await connect(service, { room, member: "chloe" })
    const full = Date.now()
    const stats = await statsOf(service, room)
    expect(stats).toMatchObject({ room, members: 2, connections: 4, observers: 1, peak: { members: 2 } })
    expect(stats.since).toBeGreaterThan(before - 1000)
    expect(stats.since).toBeLessThan(full + 100)
    expect(stats.peak.at).toBeGreaterThan(before - 100)
    expect(stats.peak.at).toBeLessThan(full + 100)
    expect(stats.liveness.nextAlarmAt).toBeGreaterThan(full)
    await tab?.ask({ type: "leave" })
    expect(await statsOf(service, room)).toMatchObject({ members: 2, connections: 4, observers: 2 })
    await bert?.close(1000)
    await anna?.close(1000)
    expect(await statsOf(service, room)).toMatchObject({ members: 0, connections: 2, observers: 2, peak: { members: 2 } })
  })

  it("[ST5] since is when the room was last empty", async () => {
    const room = freshRoom()
    const anna = await enter(service, { room })
    const first = await statsOf(service, room)
    await anna.close(1000)
    const left = Date.now()
    await silence(300)
    await enter(service, { room })
    const again = await statsOf(service, room)
    expect(again.since).toBeGreaterThan(first.since)
    expect(again.since).toBeGreaterThanOrEqual(left - 200)
    expect(again.since).toBeLessThanOrEqual(Date.now())
    await silence(100)
    expect((await statsOf(service, room)).since).toBe(again.since)
  })

  it("[ST4] rates are frames per second over the last minute", async () => {
    const room = freshRoom()
    const anna = await enter(service, { room, member: "anna" })
    await connect(service, { room, member: "bert" })
    for (let n = 0; n < 60; n++) await anna.ask({ type: "send", event: "e", data: n })
    await anna.until(() => anna.all("message").length === 60, "all of them")
    const { rates } = await statsOf(service, room)
    expect(rates.framesIn).toBeGreaterThan(0.9)
    expect(rates.framesIn).toBeLessThan(1.2)
    expect(rates.framesOut).toBeGreaterThan(2)
    expect(rates.framesOut).toBeLessThan(4)
  })

  it("[ST2] need an admin key, and a room that may exist", async () => {
    const url = `${service.url}/v1/admin/rooms/${freshRoom()}`
    const keys = [
      undefined,
      "Bearer wrong",
      "Bearer ",
      "Bearer",
      DEV_ADMIN_KEY,
      `Basic ${DEV_ADMIN_KEY}`,
      `Bearer ${DEV_ADMIN_KEY}x`,
      `Bearer ${await tokenFor("anna")}`,
    ]
    for (const authorization of keys) {
      const headers = authorization === undefined ? {} : { authorization }
      expect(await refusal(await fetch(url, { headers })), authorization).toMatchObject({ status: 401, code: "bad_token" })
    }
    const headers = { authorization: `Bearer ${DEV_ADMIN_KEY}` }
    const bad = await fetch(`${service.url}/v1/admin/rooms/bad%20room`, { headers })
    expect(await refusal(bad)).toMatchObject({ status: 400, code: "bad_room" })
  })
})
