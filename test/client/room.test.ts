/** What an app does with a room, and what it sees. */
import { describe, expect, it } from "vitest"
import { createClient, type JsonObject } from "../../src/client/index.ts"
import { byMember, listen, setScene, virtualTime } from "./scene.ts"

virtualTime()

describe("a room", () => {
  it("[CL1] is an observer until it enters, and is seen by the others from then on", async () => {
    const { service, client, advance } = setScene()
    const anna = client("anna").room("r")
    const bert = client("bert").room("r", { initial: { x: 1 } })
    await advance(100)
    expect(anna.self).toBeNull()
    expect(byMember(anna.others)).toEqual({ bert: { x: 1 } })
    expect(bert.others).toEqual([])
    anna.enter({ y: 2 })
    expect(anna.self).toMatchObject({ member: "anna", data: { y: 2 }, status: "active" })
    await advance(100)
    expect(byMember(bert.others)).toEqual({ anna: { y: 2 } })
    expect(service.room("r").present).toHaveLength(2)
    anna.leave()
    expect(anna.self).toBeNull()
    await advance(100)
    expect(bert.others).toEqual([])
    expect(anna.status).toBe("connected")
  })

  it("[CL24] what was said before belongs to those who said it: the first handle after the last begins anew, within the linger too", async () => {
    const { service, client, advance } = setScene()
    const anna = client("anna")
    const before = anna.room<JsonObject>("r", { initial: { page: 1, typing: true } })
    await advance(100)
    before.release()
    await advance(50)
    const after = anna.room<JsonObject>("r", { initial: { page: 2 } })
    expect(after.self?.data).toEqual({ page: 2 })
    const beside = anna.room<JsonObject>("r", { initial: { page: 3 } })
    await advance(100)
    expect(service.room("r").entryOf("anna")?.data).toEqual({ page: 2 })
    beside.release()
    after.release()
    const observer = anna.room("r")
    expect(observer.self).toBeNull()
    await advance(100)
    expect(service.room("r").present).toHaveLength(0)
    expect(anna.pool.stats()).toMatchObject({ opened: 1, open: 1 })
  })

  it("[CL25] can be had on a server that only renders: what is missing there is told to who asks for a room", () => {
    const elsewhere = createClient({ url: "/", token: "t" })
    expect(() => elsewhere.room("r")).toThrow(TypeError)
    expect(elsewhere.pool.stats().open).toBe(0)
  })

  it("[CL2] says at once, to itself, what it says: also before it is connected, and while it is not", async () => {
    const { service, client, advance } = setScene({ latency: () => 50 })
    const anna = client("anna").room("r")
    anna.enter({ x: 1 })
    anna.update({ y: 2 })
    anna.update((old) => ({ x: Number(old["x"]) + 1 }))
    expect(anna.self).toEqual({
      connection: null,
      ref: null,
      member: null,
      info: null,
      data: { x: 2, y: 2 },
      status: "active",
      since: null,
    })
    await advance(400)
    expect(anna.self).toMatchObject({ connection: "c-s1", ref: 1, member: "anna", info: { name: "anna" }, data: { x: 2, y: 2 } })
    expect(service.room("r").said).toEqual([{ member: "anna", type: "enter", data: { x: 2, y: 2 } }])
  })

  it("[CL3] tells a patch key by key, null removes, and the app may go on changing what it passed", async () => {
    const { service, client, advance } = setScene()
    const anna = client("anna").room<{ cursor?: { x: number }; a?: number; b?: string }>("r")
    const cursor = { x: 1 }
    anna.enter({ cursor, a: 1, b: "kept" })
    await advance(100)
    cursor.x = 2
    anna.update({ cursor, a: null })
    cursor.x = 3
    await advance(100)
    expect(anna.self?.data).toEqual({ cursor: { x: 2 }, b: "kept" })
    expect(service.room("r").entryOf("anna")?.data).toEqual({ cursor: { x: 2 }, b: "kept" })
    expect(service.room("r").said.at(-1)).toEqual({ member: "anna", type: "update", data: { cursor: { x: 2 }, a: null } })
    anna.enter({ b: "all of it" })
    await advance(100)
    expect(service.room("r").entryOf("anna")?.data).toEqual({ b: "all of it" })
  })

  it("[CL4] an update before enter throws, and changes nothing", async () => {
    const { client } = setScene()
    const anna = client("anna").room("r")
    expect(() => anna.update({ x: 1 })).toThrow(expect.objectContaining({ code: "not_entered" }))
    expect(anna.self).toBeNull()
  })

  it("[CL5] merges: one task is one frame, at once; then one a tick, with the latest; what changes nothing is not said", async () => {
    const { service, client, advance } = setScene()
    const anna = client("anna").room<JsonObject>("r", { initial: { x: 0 } })
    await advance(100)
    const socket = service.sockets[0]
    const updates = () => socket?.frames("update").map(({ data }) => data)
    anna.update({ x: 1 })
    anna.update({ y: 1 })
    // No timer has to come for it.
    for (let i = 0; i < 5; i++) await Promise.resolve()
    expect(updates()).toEqual([{ x: 1, y: 1 }])
    for (let x = 2; x < 12; x++) {
      anna.update({ x })
      await advance(5)
    }
    await advance(25)
    expect(updates()).toEqual([{ x: 1, y: 1 }, { x: 6 }, { x: 11 }])
    anna.update({ x: 11 })
    anna.update({ x: 12 })
    anna.update({ x: 11 })
    await advance(100)
    expect(updates()).toHaveLength(3)
  })

  it("[CL6] saying the same again tells the room that the user is there, now and then", async () => {
    const { service, client, advance } = setScene()
    const anna = client("anna").room("r", { initial: { x: 0 } })
    await advance(20_000)
    expect(service.sockets[0]?.frames("update")).toEqual([])
    service.room("r").turnAway("anna")
    await advance(100)
    expect(anna.self?.status).toBe("away")
    for (let i = 0; i < 100; i++) {
      anna.update({ x: 0 })
      await advance(100)
    }
    expect(service.sockets[0]?.frames("update").map(({ data }) => data)).toEqual([{}])
    expect(anna.self?.status).toBe("active")
    anna.leave()
    await advance(20_000)
    anna.leave()
    await advance(100)
    expect(service.sockets[0]?.sent.filter((text) => /update|leave/.test(text))).toHaveLength(2)
  })
})

describe("messages", () => {
  it("[CL7] come with their sender, to all or to some, after what was said before", async () => {
    const { client, advance } = setScene()
    const anna = client("anna").room("r", { initial: { x: 1 } })
    const bert = client("bert").room("r")
    const heard = listen(bert)
    const own = listen(anna)
    await advance(100)
    anna.update({ x: 2 })
    await Promise.all([anna.send("hello", { a: [1] }), advance(100)])
    expect(heard.message).toEqual([
      { event: "hello", data: { a: [1] }, member: "anna", from: expect.objectContaining({ member: "anna", data: { x: 2 } }) },
    ])
    expect(own.message).toHaveLength(1)
    expect(own.message[0]?.from).toMatchObject({ member: "anna" })
    await Promise.all([bert.send("psst", null, { to: ["anna"] }), advance(100)])
    expect(own.message[1]).toEqual({ event: "psst", data: null, member: "bert", from: null })
    expect(heard.message).toHaveLength(1)
  })

  it("[CL8] reject with the room's refusal, without a connection, and when it breaks before the answer", async () => {
    const { service, client, advance } = setScene({ latency: () => 20 })
    const anna = client("anna", { token: "anna;mute" }).room("r", { initial: {} })
    await expect(anna.send("early", 1)).rejects.toMatchObject({ code: "not_connected" })
    await advance(200)
    const refused = expect(anna.send("mute", 1)).rejects.toMatchObject({ code: "forbidden", name: "RollcallError" })
    await advance(100)
    await refused
    expect(anna.status).toBe("connected")
    const bert = client("bert").room("r")
    await advance(200)
    const lost = expect(bert.send("lost", 1)).rejects.toMatchObject({ code: "connection_lost" })
    service.of("bert").at(-1)?.cut()
    await advance(100)
    await lost
  })
})

describe("what the room refuses", () => {
  it("[CL9] an update that is too large is told, and taken back: what the room holds is shown", async () => {
    const { service, client, advance } = setScene({ maxDataBytes: 200 })
    const anna = client("anna").room<JsonObject>("r", { initial: { x: 1 } })
    const heard = listen(anna)
    await advance(100)
    anna.update({ big: "x".repeat(300) })
    await advance(100)
    expect(heard.error).toEqual([expect.objectContaining({ code: "too_large", name: "RollcallError" })])
    expect(anna.self?.data).toEqual({ x: 1 })
    anna.update({ x: 2 })
    await advance(100)
    expect(service.room("r").entryOf("anna")?.data).toEqual({ x: 2 })
    expect(heard.error).toHaveLength(1)
  })

  it("[CL10] who may not be present is told once, and is not for ever at the door", async () => {
    const { service, client, advance } = setScene()
    const anna = client("anna", { token: "anna;observer" }).room("r", { initial: { x: 1 } })
    const heard = listen(anna)
    await advance(5000)
    expect(heard.error).toEqual([expect.objectContaining({ code: "forbidden" })])
    expect(service.room("r").said).toHaveLength(1)
    anna.update({ x: 2 })
    await advance(5000)
    expect(service.room("r").said).toHaveLength(2)
    expect(heard.error).toHaveLength(2)
  })

  it("[CL11] too fast: waits a while, and says the latest", async () => {
    const { service, client, advance } = setScene({ maxFramesPerSecond: 2 })
    const anna = client("anna").room("r", { initial: { x: 0 } })
    const heard = listen(anna)
    await advance(100)
    for (let x = 1; x <= 10; x++) {
      anna.update({ x })
      await advance(30)
    }
    // The burst of four, and the one that was too fast; then a second of nothing.
    expect(heard.error.map(({ code }) => code)).toEqual(["too_fast"])
    expect(service.sockets[0]?.sent).toHaveLength(5)
    await advance(5000)
    expect(service.room("r").entryOf("anna")?.data).toEqual({ x: 10 })
    expect(anna.self?.data).toEqual({ x: 10 })
  })

  it("[CL9] a sync that nobody asked for takes back nothing that was said", async () => {
    const { service, client, advance } = setScene({ latency: () => 50 })
    const anna = client("anna").room<JsonObject>("r", { initial: { x: 1 } })
    await advance(500)
    anna.update({ x: 2 })
    service.room("r").tell({ type: "sync", present: service.room("r").present })
    await advance(60)
    expect(anna.self?.data).toEqual({ x: 2 })
    await advance(500)
    expect(service.room("r").entryOf("anna")?.data).toEqual({ x: 2 })
    const fresh = client("bert").room<JsonObject>("r", { initial: { y: 1 } })
    await advance(105)
    service.room("r").tell({ type: "sync", present: service.room("r").present })
    await advance(500)
    fresh.update({ y: 2 })
    await advance(500)
    expect(service.room("r").entryOf("bert")?.data).toEqual({ y: 2 })
  })

  it("[CL12] whose presence the room ends does not come in again by itself", async () => {
    const { service, client, advance } = setScene()
    const anna = client("anna").room("r", { initial: { x: 0 } })
    const bert = client("bert").room("r")
    await advance(100)
    const { ref } = service.room("r").entryOf("anna") ?? { ref: 0 }
    service.room("r").tell({ type: "presence", leave: [[ref, "expired"]] })
    await advance(5000)
    expect(service.room("r").said).toHaveLength(1)
    expect(bert.others).toEqual([])
    anna.update({ x: 1 })
    await advance(100)
    expect(byMember(bert.others)).toEqual({ anna: { x: 1 } })
  })
})
