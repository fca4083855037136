import { env, exports } from "cloudflare:workers"
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest"
import { z } from "zod"
import { connect, crash, hibernate, newRoom, requestConnect, runAlarm, stubOf, tokenFor } from "./room-client.ts"

const KEY = { authorization: "Bearer test-admin-key" }

async function call(method: string, path: string, body?: unknown): Promise<{ status: number; body: Record<string, unknown> }> {
  const init = body === undefined ? { method, headers: KEY } : { method, headers: KEY, body: JSON.stringify(body) }
  const response = await exports.default.fetch(`https://rollcall.test/v1${path}`, init)
  const text = await response.text()
  return { status: response.status, body: text === "" ? {} : z.record(z.string(), z.unknown()).parse(JSON.parse(text)) }
}

describe("a member placed over HTTP", () => {
  beforeEach(() => {
    vi.useFakeTimers({ toFake: ["Date"] })
  })
  afterEach(() => {
    vi.useRealTimers()
  })

  it("[AD1] is present for all, through sleep and crash, until its time ends, as expired", async () => {
    const room = newRoom()
    const anna = await connect(room, "anna")
    const placed = await call("PUT", `/admin/rooms/${room}/members/bot`, { data: { x: 1, gone: null }, info: { name: "Bot" }, ttl: 20_000 })
    expect(placed).toMatchObject({
      status: 200,
      body: { member: "bot", present: true, connections: [{ data: { x: 1 }, info: { name: "Bot" } }] },
    })
    const entered = await anna.next("presence", ({ enter }) => enter !== undefined)
    expect(entered.enter?.[0]?.data).toEqual({ x: 1 })
    await hibernate(room)
    expect(await anna.sync()).toHaveLength(1)
    await crash(room)
    const back = await connect(room, "anna")
    expect(back.welcome.present).toMatchObject([{ member: "bot" }])
    vi.setSystemTime(Date.now() + 20_001)
    await runAlarm(room)
    expect((await back.next("presence", ({ leave }) => leave !== undefined)).leave).toEqual([[entered.enter?.[0]?.ref, "expired"]])
    expect(await call("GET", `/admin/rooms/${room}/members/bot`)).toMatchObject({ status: 200, body: { present: false, connections: [] } })
  })

  it("[AD2] is prolonged by another call, which replaces its data, and never goes away or idle", async () => {
    const room = newRoom()
    await call("PUT", `/admin/rooms/${room}/members/bot`, { ttl: 86_400_000, data: { n: 1 } })
    vi.setSystemTime(Date.now() + 80_000_000)
    await runAlarm(room)
    const again = await call("PUT", `/admin/rooms/${room}/members/bot`, { ttl: 86_400_000, data: { n: 2 } })
    expect(again.body["connections"]).toMatchObject([{ data: { n: 2 }, status: "active" }])
    vi.setSystemTime(Date.now() + 80_000_000)
    await runAlarm(room)
    expect((await stubOf(room).stats(room)).members).toBe(1)
    await call("PUT", `/admin/rooms/${room}/members/bot`, { ttl: 86_400_000, data: { n: 2 } })
    expect((await call("GET", `/admin/rooms/${room}/members/bot`)).body["lastSeen"]).toBeGreaterThan(Date.now() - 10_000)
    expect((await call("PUT", `/admin/rooms/${room}/members/bot`, { ttl: 86_400_001 })).body["type"]).toMatch(/bad_request$/)
    expect((await call("PUT", `/admin/rooms/${room}/members/bot`, { data: { text: "x".repeat(9000) } })).body["type"]).toMatch(/too_large$/)
    expect((await stubOf(room).stats(room)).members).toBe(1)
  })
})

describe("the stats of a room of bots alone", () => {
  it("[ST5] since when, and their peak, outlive a sleep, though no socket carries them", async () => {
    const room = newRoom()
    await call("PUT", `/admin/rooms/${room}/members/bot-1`, {})
    await call("PUT", `/admin/rooms/${room}/members/bot-2`, {})
    const { since, peak } = await stubOf(room).stats(room)
    expect(peak.members).toBe(2)
    await hibernate(room)
    expect(await stubOf(room).stats(room)).toMatchObject({ members: 2, since, peak })
    await crash(room)
    expect(await stubOf(room).stats(room)).toMatchObject({ members: 2, since, peak })
  })
})

describe("kick and ban", () => {
  it("[AD3] ends every connection of the member with 4403, those in grace too, and tells the rest", async () => {
    const room = newRoom()
    const anna = await connect(room, "anna")
    const tabs = [await connect(room, "bert"), await connect(room, "bert"), await connect(room, "bert")]
    for (const tab of tabs) await tab.ask({ type: "enter", data: {} })
    tabs[2]?.close(4000)
    await vi.waitFor(() => expect(tabs[2]?.closed.code).toBe(4000))
    expect(await anna.sync()).toHaveLength(3)
    expect(await call("DELETE", `/admin/rooms/${room}/members/bert`)).toEqual({
      status: 200,
      body: { member: "bert", kicked: 3, bannedUntil: null },
    })
    for (const tab of tabs.slice(0, 2)) {
      expect(await tab.next("bye")).toMatchObject({ code: 4403 })
      await vi.waitFor(() => expect(tab.closed.code).toBe(4403))
    }
    const refs = tabs.map(({ welcome }) => [welcome.ref, "kicked"])
    await vi.waitFor(() => {
      const left = anna.frames.flatMap((frame) => (frame.type === "presence" ? (frame.leave ?? []) : []))
      expect(left).toEqual(refs)
    })
    expect((await connect(room, "bert", { session: tabs[0]?.welcome.session ?? "" })).welcome.resumed).toBe(false)
    expect((await call("DELETE", `/admin/rooms/${room}/members/nobody`)).status).toBe(404)
  })

  it("[AD4] a ban keeps out until it ends, through sleep, crash and an empty room, and 0 lifts it", async () => {
    const room = newRoom()
    const refused = async () => {
      const response = await requestConnect(room, await tokenFor("bert"))
      await response.body?.cancel()
      response.webSocket?.accept()
      response.webSocket?.close(1000)
      return response.status
    }
    expect((await call("DELETE", `/admin/rooms/${room}/members/bert?ban=600000`)).body).toMatchObject({
      kicked: 0,
      bannedUntil: expect.any(Number),
    })
    expect(await refused()).toBe(409)
    await hibernate(room)
    expect(await refused()).toBe(409)
    await crash(room)
    expect(await refused()).toBe(409)
    expect((await call("PUT", `/admin/rooms/${room}/members/bert`, {})).body["type"]).toMatch(/banned$/)
    const anna = await connect(room, "anna")
    anna.close(1000)
    await vi.waitFor(() => expect(anna.closed.code).toBe(1000))
    expect(await refused()).toBe(409)
    await call("DELETE", `/admin/rooms/${room}/members/bert?ban=0`)
    expect(await refused()).toBe(101)
  })
})

describe("the room over HTTP", () => {
  it("[AD5] a message from nobody reaches all, or some", async () => {
    const room = newRoom()
    const anna = await connect(room, "anna")
    const bert = await connect(room, "bert")
    expect((await call("POST", `/admin/rooms/${room}/messages`, { event: "maintenance", data: { in: 5 } })).status).toBe(202)
    const told = { type: "message", from: null, member: null, event: "maintenance", data: { in: 5 } }
    expect(await anna.next("message")).toEqual(told)
    expect(await bert.next("message")).toEqual(told)
    await call("POST", `/admin/rooms/${room}/messages`, { event: "psst", to: ["bert"] })
    expect(await bert.next("message")).toMatchObject({ event: "psst", data: null })
    await anna.sync()
    expect(anna.frames.filter(({ type }) => type === "message")).toHaveLength(1)
  })

  it("[AD6] a close ends everybody with 4410, and nothing is stored of the room", async () => {
    const room = newRoom()
    const anna = await connect(room, "anna")
    const observer = await connect(room, "bert")
    await anna.ask({ type: "enter", data: {} })
    await call("DELETE", `/admin/rooms/${room}/members/carl?ban=600000`)
    expect((await call("DELETE", `/admin/rooms/${room}`)).status).toBe(204)
    for (const client of [anna, observer]) {
      expect(await client.next("bye")).toMatchObject({ code: 4410 })
      await vi.waitFor(() => expect(client.closed.code).toBe(4410))
    }
    expect(await stubOf(room).stats(room)).toMatchObject({
      members: 0,
      connections: 0,
      peak: { members: 0 },
      liveness: { nextAlarmAt: null },
    })
    expect((await call("GET", `/admin/rooms/${room}/members/anna`)).status).toBe(404)
    expect((await connect(room, "carl")).welcome.present).toEqual([])
  })

  it.each([
    ["AD6", "close of the room", (room: string) => `/admin/rooms/${room}`],
    ["AD3", "kick", (room: string) => `/admin/rooms/${room}/members/bert`],
  ])("[MS3] [%s] a %s: whoever it sends away is told first what was accepted before", async (_rule, _what, path) => {
    Object.assign(env, { TICK_MS: "1000" })
    try {
      const room = newRoom()
      const [anna, bert] = [await connect(room, "anna"), await connect(room, "bert")]
      await anna.ask({ type: "enter", data: {} })
      await anna.ask({ type: "update", data: { x: 1 } })
      expect((await anna.ask({ type: "send", event: "last words", data: null })).type).toBe("ack")
      await call("DELETE", path(room))
      await bert.next("bye")
      const told = bert.frames.map(({ type }) => type)
      expect(told.slice(1)).toEqual(["presence", "presence", "message", "bye"])
    } finally {
      Object.assign(env, { TICK_MS: undefined })
    }
  })

  it("[PC2] kicks in a row are told once a tick, not one by one", async () => {
    const room = newRoom()
    const watcher = await connect(room, "watcher")
    const bots = Array.from({ length: 30 }, (_, i) => `bot-${i}`)
    for (const bot of bots) await call("PUT", `/admin/rooms/${room}/members/${bot}`, { ttl: 60_000 })
    await vi.waitFor(() => expect(watcher.picture.size).toBe(bots.length))
    const before = watcher.frames.length
    await Promise.all(bots.map((bot) => stubOf(room).kick(bot, null)))
    await vi.waitFor(() => expect(watcher.picture.size).toBe(0))
    expect(watcher.frames.length - before).toBeLessThan(bots.length / 2)
  })

  it("[AD7] members come in pages by name, none missing and none double", async () => {
    const room = newRoom()
    for (let i = 0; i < 7; i++) await call("PUT", `/admin/rooms/${room}/members/member-${i % 5}${i}`, {})
    const anna = await connect(room, "anna")
    const tab = await connect(room, "anna")
    await anna.ask({ type: "enter", data: {} })
    await tab.ask({ type: "enter", data: {} })
    const names: unknown[] = []
    let cursor: unknown = ""
    while (cursor !== null) {
      const query: string = cursor === "" ? "" : `&cursor=${encodeURIComponent(String(cursor))}`
      const { body } = await call("GET", `/admin/rooms/${room}/members?limit=3${query}`)
      const page = z.array(z.object({ member: z.string(), connections: z.array(z.unknown()) })).parse(body["members"])
      for (const { member, connections } of page) {
        names.push(member)
        expect(connections).toHaveLength(member === "anna" ? 2 : 1)
      }
      cursor = body["cursor"]
    }
    expect(names).toEqual([...new Set(names)].sort())
    expect(names).toHaveLength(8)
  })

  it("[AD8] presence without a socket is for who may subscribe, and the count is the occupancy alone", async () => {
    const room = newRoom()
    const anna = await connect(room, "anna")
    await anna.ask({ type: "enter", data: { x: 1 } })
    const get = async (query: string, rooms: Record<string, ("subscribe" | "presence" | "message")[]>) => {
      const headers = { authorization: `Bearer ${await tokenFor("bert", { rooms })}` }
      const response = await exports.default.fetch(`https://rollcall.test/v1/rooms/${room}/presence${query}`, { headers })
      return { status: response.status, body: z.record(z.string(), z.unknown()).parse(await response.json()) }
    }
    expect(await get("", { "*": ["subscribe"] })).toEqual({ status: 200, body: { room, present: await anna.sync() } })
    expect((await get("?view=count", { "*": ["subscribe"] })).body).toEqual({ room, members: 1, connections: 1 })
    expect((await get("", { "*": ["presence"] })).body["type"]).toMatch(/forbidden$/)
    expect((await get("?view=some", { "*": ["subscribe"] })).body["type"]).toMatch(/bad_request$/)
  })

  it("[AD9] a minted token opens what it grants; claims that do not fit are told", async () => {
    const room = newRoom()
    const { status, body } = await call("POST", "/admin/tokens", {
      member: "zoe",
      info: { name: "Zoë" },
      rooms: { [room]: ["subscribe"] },
      ttl: 60_000,
    })
    expect(status).toBe(201)
    expect(body["expiresAt"]).toBeLessThanOrEqual(Date.now() + 60_000)
    const response = await requestConnect(room, String(body["token"]))
    expect(response.status).toBe(101)
    response.webSocket?.accept()
    response.webSocket?.close(1000)
    const bad = await call("POST", "/admin/tokens", { member: "x".repeat(257), rooms: {} })
    expect(bad).toMatchObject({ status: 400, body: { detail: expect.stringContaining("member") } })
    expect((await call("POST", "/admin/tokens", { member: "a", rooms: { "a b": [] } })).status).toBe(400)
  })

  it("[AD10] bad bodies, names and keys are told, and never a 500", async () => {
    const post = (body: string) =>
      exports.default.fetch("https://rollcall.test/v1/admin/rooms/r/messages", { method: "POST", headers: KEY, body })
    const types: unknown[] = []
    for (const body of [
      "{",
      "[]",
      '{"event":1}',
      '{"event":"a","data":{"__proto__":1}}',
      '{"event":"a","data":1e999}',
      "x".repeat(20_000),
    ]) {
      const response = await post(body)
      const { type } = z.object({ type: z.string() }).parse(await response.json())
      types.push([response.status, type.split(":").at(-1)])
    }
    expect(types).toEqual([
      [400, "bad_json"],
      [400, "bad_request"],
      [400, "bad_request"],
      [400, "bad_request"],
      [400, "bad_request"],
      [413, "too_large"],
    ])
    expect((await call("GET", "/admin/rooms/a%20b")).body["type"]).toMatch(/bad_room$/)
    expect((await call("GET", `/admin/rooms/a/members/${"x".repeat(257)}`)).body["type"]).toMatch(/bad_request$/)
    const unauthorized = await exports.default.fetch("https://rollcall.test/v1/admin/rooms/r", {
      headers: { authorization: "Bearer wrong" },
    })
    expect(unauthorized.status).toBe(401)
    await unauthorized.text()
  })
})
