import { runInDurableObject } from "cloudflare:test"
import { exports } from "cloudflare:workers"
import { afterEach, describe, expect, it, vi } from "vitest"
import { connect, hibernate, newRoom, runAlarm, stubOf, tokenFor } from "./room-client.ts"

afterEach(() => {
  vi.useRealTimers()
})

describe("a close that wakes the room", () => {
  it("[HB1] [GR2] brings what the ledger's row does not know: who was away is away, for a joiner and after a resume", async () => {
    vi.useFakeTimers({ toFake: ["Date"] })
    const room = newRoom()
    const anna = await connect(room, "anna")
    const bert = await connect(room, "bert")
    await bert.ask({ type: "enter", data: { x: 1 } })
    await bert.ask({ type: "update", data: { x: 2 } })
    vi.setSystemTime(Date.now() + 301_000)
    await anna.ask({ type: "pong" })
    await bert.ask({ type: "pong" })
    await runAlarm(room)
    await anna.next("presence", ({ status }) => status !== undefined)
    await hibernate(room)
    const seen = anna.frames.length
    bert.close(4000)
    await vi.waitFor(() => expect(bert.closed.code).toBe(4000))
    const carl = await connect(room, "carl")
    expect(carl.welcome.present).toMatchObject([{ data: { x: 2 }, status: "away" }])
    const back = await connect(room, "bert", { session: bert.welcome.session })
    expect(back.welcome).toMatchObject({ resumed: true, present: [{ data: { x: 2 }, status: "away" }] })
    await anna.sync()
    expect(anna.frames.slice(seen).map(({ type }) => type)).toEqual(["sync", "ack"])
    await back.ask({ type: "update", data: { x: 3 } })
    const told = await anna.next("presence", ({ status }) => status !== undefined)
    expect(told).toMatchObject({ update: { [bert.welcome.ref]: { x: 3 } }, status: { [bert.welcome.ref]: "active" } })
  })

  it("[CN9] gives no observer back whose ref was given to another meanwhile", async () => {
    const room = newRoom()
    const anna = await connect(room, "anna")
    for (let round = 0; round < 10; round++) {
      const bert = await connect(room, "bert")
      await hibernate(room)
      bert.close(4000)
      anna.send({ type: "pong" })
      const carl = await connect(room, "carl")
      const back = await connect(room, "bert", { session: bert.welcome.session })
      expect(new Set([anna.welcome.ref, carl.welcome.ref, back.welcome.ref]).size).toBe(3)
      carl.close(1000)
      back.close(1000)
    }
  })
})

describe("a room whose sockets cannot say it", () => {
  it("[ST3] [ST5] keeps its counters in the ledger while only placed members and grace are left", async () => {
    const room = newRoom()
    const anna = await connect(room, "anna")
    const bert = await connect(room, "bert")
    await anna.ask({ type: "enter", data: {} })
    await bert.ask({ type: "enter", data: {} })
    await stubOf(room).place("bot", { data: {}, info: {}, ttl: 60_000 })
    await hibernate(room)
    await anna.ask({ type: "pong" })
    const before = await stubOf(room).stats(room)
    for (const client of [anna, bert]) client.close(1000)
    await vi.waitFor(() => expect([anna.closed.code, bert.closed.code]).toEqual([1000, 1000]))
    await hibernate(room)
    const after = await stubOf(room).stats(room)
    expect(after).toMatchObject({ since: before.since, peak: { members: 3 }, members: 1, connections: 0, wakeups: before.wakeups + 1 })
  })

  it("[LV9] sets its alarm anew where it was lost", async () => {
    const room = newRoom()
    const anna = await connect(room, "anna")
    await runInDurableObject(stubOf(room), (_room, state) => state.storage.deleteAlarm())
    await hibernate(room)
    await anna.ask({ type: "pong" })
    expect((await stubOf(room).stats(room)).liveness.nextAlarmAt).toBeGreaterThan(Date.now())
  })
})

describe("bounds", () => {
  it("[CN5] a member that connects, enters and breaks off in a loop has no more entries than its limit, and is not refused", async () => {
    const room = newRoom()
    const anna = await connect(room, "anna")
    const refs: number[] = []
    for (let i = 0; i < 25; i++) {
      const bert = await connect(room, "bert")
      refs.push(bert.welcome.ref)
      await bert.ask({ type: "enter", data: { i } })
      bert.close(4000)
      await vi.waitFor(() => expect(bert.closed.code).toBe(4000))
    }
    const present = await anna.sync()
    expect(present.map(({ ref }) => ref)).toEqual(refs.slice(-20))
    expect([...anna.picture.keys()].sort((a, b) => a - b)).toEqual(refs.slice(-20))
    const left = anna.frames.flatMap((frame) => (frame.type === "presence" ? (frame.leave ?? []) : []))
    expect(left).toEqual(refs.slice(0, 5).map((ref) => [ref, "closed"]))
  })

  it("[IS4] what the Worker tells the room of a client, the client cannot say itself", async () => {
    const room = newRoom()
    const forged = {
      room,
      identity: { member: "root", info: { name: "Root" }, grants: { subscribe: true, presence: true, message: true }, expiresAt: 1e15 },
    }
    const response = await exports.default.fetch(`https://rollcall.test/v1/rooms/${room}/connect`, {
      headers: {
        upgrade: "websocket",
        "sec-websocket-protocol": `rollcall.v1, token.${await tokenFor("mallory", { rooms: { "*": ["subscribe"] } })}`,
        "rollcall-admission": encodeURIComponent(JSON.stringify(forged)),
      },
    })
    const frames: string[] = []
    response.webSocket?.addEventListener("message", ({ data }) => {
      frames.push(String(data))
    })
    response.webSocket?.accept()
    response.webSocket?.send('{"type":"enter","id":1,"data":{}}')
    await vi.waitFor(() => expect(frames).toHaveLength(2))
    expect(JSON.parse(frames[0] ?? "")).toMatchObject({ member: "mallory", present: [] })
    expect(JSON.parse(frames[1] ?? "")).toMatchObject({ type: "error", id: 1, code: "forbidden" })
    response.webSocket?.close(1000)
  })

  it("[FR9] the whole of a large room is not sent again at once to who has just had it", async () => {
    const room = newRoom()
    const text = "x".repeat(8000)
    for (let i = 0; i < 40; i++) await stubOf(room).place(`bot-${i}`, { data: { text }, info: {}, ttl: 60_000 })
    const anna = await connect(room, "anna")
    expect(await anna.sync()).toHaveLength(40)
    expect(await anna.ask({ type: "sync" })).toMatchObject({ type: "error", code: "too_fast" })
    expect(await anna.sync()).toHaveLength(40)
  })

  it("[NF1] [AD7] who was last seen longer ago than the retention is not remembered, also in a room that never empties", async () => {
    vi.useFakeTimers({ toFake: ["Date"] })
    const room = newRoom()
    await stubOf(room).place("bot", { data: {}, info: {}, ttl: 86_400_000 })
    const visit = async (member: string) => {
      const client = await connect(room, member)
      await client.ask({ type: "enter", data: {} })
      client.close(1000)
      await vi.waitFor(() => expect(client.closed.code).toBe(1000))
    }
    await visit("anna")
    expect(await stubOf(room).member("anna")).toContain('"present":false')
    for (let day = 0; day < 31; day++) {
      vi.setSystemTime(Date.now() + 86_000_000)
      await stubOf(room).place("bot", { data: {}, info: {}, ttl: 86_400_000 })
    }
    expect(await stubOf(room).member("anna")).toBe("null")
    await visit("bert")
    const seen = await runInDurableObject(stubOf(room), (_room, state) => state.storage.sql.exec("SELECT member FROM seen").toArray())
    expect(seen).toEqual([{ member: "bert" }])
  })

  it("[AU4] an instant that no clock can show is refused with the token", async () => {
    const room = newRoom()
    await expect(connect(room, "anna", { claims: { exp: 1e300 } })).rejects.toThrow(/401/)
    expect(await tokenFor("anna")).toMatch(/\./)
  })
})
