/** Lines that break, tokens that end, pages that come and go: what the app and the others see of it. */
import { describe, expect, it, vi } from "vitest"
import type { JsonObject, Room } from "../../src/client/index.ts"
import { tokenOf } from "../doubles/lossy-service.ts"
import { byMember, listen, setScene, virtualTime } from "./scene.ts"

virtualTime()

describe("a line that breaks", () => {
  it("[RE11] is resumed by its session: nobody sees it, and nothing is said again", async () => {
    const { service, client, advance } = setScene()
    const anna = client("anna").room("r", { initial: { x: 1 } })
    const bert = client("bert").room("r", { initial: {} })
    await advance(30_000)
    const [own, others] = [listen(anna), listen(bert)]
    const { connection } = service.room("r").entryOf("anna") ?? {}
    const before = anna.others
    service.of("anna").at(-1)?.cut()
    await advance(0)
    expect(anna.status).toBe("reconnecting")
    await advance(3000)
    expect(anna.status).toBe("connected")
    expect(own.connection.map(({ status }) => status)).toEqual(["reconnecting", "connected"])
    expect(service.room("r").entryOf("anna")).toMatchObject({ connection, data: { x: 1 } })
    expect(
      service
        .of("anna")
        .at(-1)
        ?.sent.filter((text) => text !== "ping"),
    ).toEqual([])
    expect(anna.others).toBe(before)
    expect([others.enter, others.update, others.leave, own.enter, own.update, own.leave]).toEqual([[], [], [], [], [], []])
  })

  it("[RE12] of what was said meanwhile the latest is told, once", async () => {
    const { service, client, advance } = setScene()
    const anna = client("anna").room<JsonObject>("r", { initial: { x: 0, y: 0 } })
    const bert = client("bert").room("r")
    await advance(1000)
    const heard = listen(bert)
    service.door = "gone"
    service.of("anna").at(-1)?.cut()
    for (let x = 1; x < 20; x++) {
      await advance(100)
      anna.update({ x })
    }
    service.door = "open"
    await advance(5000)
    expect(heard.update.map(({ entry }) => entry.data)).toEqual([{ x: 19, y: 0 }])
    expect(service.room("r").said.slice(1)).toEqual([{ member: "anna", type: "update", data: { x: 19 } }])
    expect([heard.enter, heard.leave]).toEqual([[], []])
  })

  it("[RE12] who left or entered meanwhile has, when the line is back", async () => {
    const { service, client, advance } = setScene()
    const anna = client("anna").room("r", { initial: {} })
    const bert = client("bert").room("r")
    await advance(1000)
    for (const socket of service.open) socket.cut()
    anna.leave()
    bert.enter({ here: true })
    await advance(5000)
    expect(service.room("r").present.map(({ member, data }) => [member, data])).toEqual([["bert", { here: true }]])
    expect(byMember(anna.others)).toEqual({ bert: { here: true } })
  })

  it("[RE13] after the grace it is a fresh connection, which enters with the latest; the others see it leave and enter", async () => {
    const { service, client, advance } = setScene({ graceMs: 2000 })
    const anna = client("anna").room<JsonObject>("r", { initial: { x: 1 } })
    const bert = client("bert").room("r")
    await advance(1000)
    const [own, others] = [listen(anna), listen(bert)]
    const first = anna.self?.connection
    service.door = "gone"
    service.of("anna").at(-1)?.cut()
    await advance(4000)
    anna.update({ x: 2 })
    service.door = "open"
    await advance(20_000)
    expect(anna.self).toMatchObject({ data: { x: 2 } })
    expect(anna.self?.connection).not.toBe(first)
    expect(others.leave.map(({ entry, reason }) => [entry.connection, reason])).toEqual([[first, "closed"]])
    expect(others.enter.map(({ entry }) => entry.connection)).toEqual([anna.self?.connection])
    expect([own.enter, own.leave]).toEqual([[], []])
  })

  it("[RE13] under a new token of another member, what it was is somebody else, until the grace ends", async () => {
    const { service, client, advance } = setScene({ graceMs: 5000 })
    let member = "anna"
    const anna = client("anna", { token: () => tokenOf(member) }).room("r", { initial: { x: 1 } })
    await advance(10_000)
    const heard = listen(anna)
    const first = anna.self?.connection
    member = "bert"
    service.revoked.add(tokenOf("anna"))
    service.open[0]?.cut()
    await advance(3000)
    expect(anna.self).toMatchObject({ member: "bert", data: { x: 1 } })
    expect(anna.others.map(({ connection }) => connection)).toEqual([first])
    await advance(10_000)
    expect(anna.others).toEqual([])
    expect([heard.enter.length, heard.leave.length]).toEqual([1, 1])
  })

  it("[RE14] after a gap the handlers hear exactly the difference", async () => {
    const { service, client, advance } = setScene()
    const anna = client("anna").room("r")
    const [bert, cleo] = [client("bert").room<JsonObject>("r", { initial: { b: 1 } }), client("cleo").room("r", { initial: { c: 1 } })]
    const dora = client("dora").room("r", { initial: { d: 1 } })
    await advance(1000)
    const heard = listen(anna)
    const doraShown = anna.others.find(({ member }) => member === "dora")
    service.door = "gone"
    service.of("anna").at(-1)?.cut()
    await advance(1)
    bert.update({ b: 2 })
    cleo.release()
    await advance(3000)
    expect([heard.enter, heard.update, heard.leave]).toEqual([[], [], []])
    service.door = "open"
    client("emil").room("r", { initial: { e: 1 } })
    await advance(10_000)
    expect(heard.enter.map(({ entry }) => entry.member)).toEqual(["emil"])
    expect(heard.update.map(({ entry, previous }) => [entry.data, previous.data])).toEqual([[{ b: 2 }, { b: 1 }]])
    expect(heard.leave.map(({ entry, reason }) => [entry.member, reason])).toEqual([["cleo", "unseen"]])
    expect(anna.others.find(({ member }) => member === "dora")).toBe(doraShown)
    expect(dora.status).toBe("connected")
  })

  it("[RE15] that is dead without a word is found within seconds, and its late end is nobody's", async () => {
    const { service, client, advance } = setScene({ interval: 30_000, timeout: 90_000 })
    const anna = client("anna").room<JsonObject>("r", { initial: { x: 0 } })
    const bert = client("bert").room("r")
    await advance(1000)
    const heard = listen(bert)
    service.of("anna").at(-1)?.die()
    anna.update({ x: 1 })
    await advance(9500)
    expect(byMember(bert.others)).toEqual({ anna: { x: 1 } })
    expect(service.of("anna").map(({ closedWith }) => closedWith)).toEqual([4000, null])
    await advance(100_000)
    expect([heard.leave, heard.enter]).toEqual([[], []])
    expect(anna.status).toBe("connected")
  })

  it("[RE15] an idle one too, after the interval and a few seconds", async () => {
    const { service, client, advance } = setScene({ interval: 30_000, timeout: 90_000 })
    const anna = client("anna").room("r", { initial: {} })
    await advance(1000)
    service.of("anna").at(-1)?.die()
    await advance(35_000)
    expect([anna.status, service.of("anna").length]).toEqual(["connected", 2])
    expect(service.room("r").left).toEqual([])
  })

  it("[RE15] a living one pings when it is silent, and only then", async () => {
    const { service, client, advance } = setScene({ interval: 30_000, timeout: 90_000 })
    client("anna").room("r", { initial: {} })
    await advance(301_000)
    expect(service.sockets).toHaveLength(1)
    expect(service.sockets[0]?.sent.filter((text) => text === "ping")).toHaveLength(10)
  })

  it("[RE16] a crash of the room brings everybody back by themselves", async () => {
    const { service, client, advance } = setScene()
    const rooms = ["anna", "bert", "cleo"].map((member) => client(member).room("r", { initial: { member } }))
    await advance(1000)
    const heard = rooms.map((room) => listen(room))
    service.door = "gone"
    service.crash()
    await advance(2000)
    service.door = "open"
    await advance(8000)
    expect(rooms.map(({ status }) => status)).toEqual(["connected", "connected", "connected"])
    for (const { enter, leave, update } of heard) expect([enter, leave, update]).toEqual([[], [], []])
    expect(service.room("r").present).toHaveLength(3)
  })
})

describe("whom the room closes", () => {
  it("[RE2] kicked: closed for good, and says why; the pool gives no such room out again", async () => {
    const { service, client, advance } = setScene()
    const one = client("anna")
    const anna = one.room("r", { initial: {} })
    await advance(1000)
    service.room("r").close("anna", 4403, "behave")
    await advance(60_000)
    expect([anna.status, anna.reason]).toEqual(["closed", { code: 4403, message: "behave" }])
    expect(service.of("anna")).toHaveLength(1)
    await expect(anna.send("still", 1)).rejects.toMatchObject({ code: "not_connected" })
    expect(one.pool.stats()).toMatchObject({ open: 0, broken: 1, leases: 1 })
    const again = one.room("r")
    await advance(1000)
    expect([again.status, anna.status]).toEqual(["connected", "closed"])
  })

  it("[RE2] kicked: who asks for the room again as soon as that is told gets another", async () => {
    const { service, client, advance } = setScene()
    const one = client("anna")
    const anna = one.room("r", { initial: {} })
    const again: Room[] = []
    anna.on("connection", ({ status }) => {
      if (status !== "closed") return
      anna.release()
      again.push(one.room("r", { initial: {} }))
    })
    await advance(1000)
    service.room("r").close("anna", 4403)
    await advance(1000)
    expect(again.map(({ status }) => status)).toEqual(["connected"])
    expect(one.pool.stats()).toMatchObject({ open: 1, leases: 1 })
  })

  it("[RE2] silent too long: comes back, and enters again", async () => {
    const { service, client, advance } = setScene()
    const anna = client("anna").room("r", { initial: { x: 1 } })
    await advance(1000)
    const first = anna.self?.connection
    service.room("r").close("anna", 4408)
    await advance(2000)
    expect(service.room("r").entryOf("anna")).toMatchObject({ data: { x: 1 } })
    expect(anna.self?.connection).not.toBe(first)
  })

  it("[RE8] idle too long: comes back when the app does something", async () => {
    const { service, client, advance } = setScene()
    const anna = client("anna").room<JsonObject>("r", { initial: { x: 1 } })
    await advance(1000)
    service.room("r").close("anna", 4440)
    await advance(100_000)
    expect([anna.status, service.of("anna").length]).toEqual(["offline", 1])
    anna.update({ x: 2 })
    await advance(1000)
    expect([anna.status, service.room("r").entryOf("anna")?.data]).toEqual(["connected", { x: 2 }])
  })

  it("[GR9] what came before a session was dropped does not count as had on the next one's lines", async () => {
    const { service, client, advance } = setScene()
    const anna = client("anna").room<JsonObject>("r", { initial: { x: 1 } })
    const queries = () => service.of("anna").map(({ url }) => [url.searchParams.has("session"), url.searchParams.get("have")])
    await advance(1000)
    for (let x = 2; x < 6; x++) {
      anna.update({ x })
      await advance(100)
    }
    service.room("r").close("anna", 4440)
    await advance(1000)
    anna.update({ x: 6 })
    await advance(1000)
    service.of("anna").at(-1)?.cut()
    await advance(5000)
    // The welcome, and its own enter.
    expect(queries()).toEqual([
      [false, null],
      [false, null],
      [true, "2"],
    ])
  })
})

describe("a refused upgrade", () => {
  it("[RE4] is asked about once per try, and a room that nobody may enter is closed with the reason", async () => {
    const { service, client, advance } = setScene()
    service.door = { code: "banned" }
    const anna = client("anna").room("r")
    await advance(60_000)
    expect(anna.status).toBe("closed")
    expect(anna.reason).toMatchObject({ code: "banned" })
    expect([service.sockets.length, service.questions]).toEqual([1, 1])
  })

  it("[RE4] waits as long as it is told to", async () => {
    const { service, client, advance } = setScene()
    service.door = { code: "room_full", retryAfter: 30 }
    const anna = client("anna").room("r")
    await advance(100)
    service.door = "open"
    await advance(29_000)
    expect([anna.status, anna.reason?.code, service.sockets.length]).toEqual(["connecting", "room_full", 1])
    await advance(2000)
    expect(anna.status).toBe("connected")
  })

  it("[RE4] a proxy's page says nothing of the room", async () => {
    const { service, client, advance } = setScene()
    service.door = "gone"
    vi.stubGlobal("fetch", async () => new Response("<h1>Forbidden</h1>", { status: 403 }))
    const anna = client("anna").room("r")
    await advance(10_000)
    expect(anna.status).toBe("connecting")
    service.door = "open"
    await advance(30_000)
    expect(anna.status).toBe("connected")
  })
})

describe("tokens", () => {
  it("[RE9] are refreshed before they end, on the same connection", async () => {
    const { service, client, advance } = setScene()
    const minted: string[] = []
    const token = (room: string) => {
      minted.push(tokenOf("anna", room, `until=${Date.now() + 90_000}`))
      return minted.at(-1) ?? ""
    }
    const anna = client("anna", { token }).room("r", { initial: {} })
    await advance(600_000)
    expect(anna.status).toBe("connected")
    expect(service.sockets).toHaveLength(1)
    expect(service.room("r").left).toEqual([])
    expect(minted.length).toBeGreaterThan(10)
    expect(minted.length).toBeLessThan(20)
    expect(service.sockets[0]?.frames("auth")).toHaveLength(minted.length - 1)
    expect(minted[0]).toMatch(/^anna;r;/)
  })

  it("[RE17] an expired one is replaced after the first refusal; one that is good is used again", async () => {
    const { service, client, advance } = setScene()
    let asked = 0
    const anna = client("anna", { token: async () => tokenOf("anna", `n${++asked}`) }).room("r")
    await advance(10_000)
    service.open[0]?.cut()
    await advance(10_000)
    expect([anna.status, asked]).toEqual(["connected", 1])
    service.revoked.add(tokenOf("anna", "n1"))
    service.open[0]?.cut()
    await advance(10_000)
    expect([anna.status, asked]).toEqual(["connected", 2])
  })

  it("[RE17] a text that is refused closes the room; a source that fails is asked again", async () => {
    const { service, client, advance } = setScene()
    service.revoked.add("bad")
    const anna = client("anna", { token: "bad" }).room("r")
    await advance(60_000)
    expect([anna.status, anna.reason?.code, service.sockets.length]).toEqual(["closed", "bad_token", 1])
    let fails = 3
    const source = async () => {
      if (fails-- > 0) throw new Error("no backend")
      return tokenOf("bert")
    }
    const bert = client("bert", { token: source }).room("r")
    const heard = listen(bert)
    await advance(100)
    expect([bert.status, bert.reason]).toEqual(["connecting", { code: "token_failed", message: "no backend" }])
    await advance(10_000)
    expect(bert.status).toBe("connected")
    const told = ["token_failed", "no backend", new Error("no backend")]
    expect(heard.error.map(({ code, message, cause }) => [code, message, cause])).toEqual(Array(3).fill(told))
  })

  it.each([
    ["a word", "a word"],
    [null, "null"],
    [{ message: "of another realm" }, "of another realm"],
  ])("[RE17] a source may throw anything: %j", async (thrown, message) => {
    const { client, advance } = setScene()
    const anna = client("anna", { token: () => Promise.reject(thrown) }).room("r")
    listen(anna)
    await advance(100)
    expect(anna.reason).toEqual({ code: "token_failed", message })
  })

  it("[RE17] nothing at all is refused like any bad token, and not asked for without a pause", async () => {
    const { client, advance } = setScene()
    const source = vi.fn(async () => JSON.parse("null"))
    const anna = client("anna", { token: source }).room("r", { initial: {} })
    await advance(3000)
    expect(source.mock.calls.length).toBeLessThan(6)
    source.mockImplementation(async () => tokenOf("anna"))
    await advance(60_000)
    expect(anna.status).toBe("connected")
  })

  it("[RE17] one with characters that no header may hold is asked about, not tried for ever", async () => {
    const { service, client, advance } = setScene()
    vi.stubGlobal("fetch", (url: string) => service.fetch(url, { headers: { authorization: "Bearer bad" } }))
    service.revoked.add("bad")
    const anna = client("anna", { token: "ungültig ü" }).room("r")
    await advance(5000)
    expect([anna.status, anna.reason?.code]).toEqual(["closed", "bad_token"])
  })

  it("[RE17] `expired` while connected: a new one, and in again", async () => {
    const { service, client, advance } = setScene()
    const anna = client("anna").room("r", { initial: { x: 1 } })
    await advance(10_000)
    service.room("r").close("anna", 4401)
    await advance(1000)
    expect(service.room("r").left).toMatchObject([{ member: "anna", reason: "expired" }])
    expect([anna.status, service.room("r").entryOf("anna")?.data]).toEqual(["connected", { x: 1 }])
  })
})

describe("a page", () => {
  /** A window and a document, as far as the client looks at them. */
  function page() {
    const target = new EventTarget()
    const document = { hidden: false }
    vi.stubGlobal("document", document)
    vi.stubGlobal("addEventListener", target.addEventListener.bind(target))
    return { document, tell: (type: string) => target.dispatchEvent(new Event(type)) }
  }

  it("[RE7] that goes leaves at once, and is back when it is shown again", async () => {
    const { tell } = page()
    const { service, client, advance } = setScene()
    const anna = client("anna").room<JsonObject>("r", { initial: { x: 1 } })
    await advance(1000)
    tell("pagehide")
    await advance(30)
    expect(service.room("r").left).toMatchObject([{ member: "anna", reason: "left" }])
    expect(service.sockets[0]?.closedWith).toBe(1000)
    anna.update({ x: 2 })
    await advance(10_000)
    expect([anna.status, service.sockets.length]).toEqual(["offline", 1])
    tell("pageshow")
    await advance(1000)
    expect([anna.status, service.room("r").entryOf("anna")?.data]).toEqual(["connected", { x: 2 }])
  })

  it("[RE6] that is shown, and a network that is back, try at once and ask the line", async () => {
    const { document, tell } = page()
    const { service, client, advance } = setScene({ interval: 30_000, timeout: 90_000 })
    const anna = client("anna").room("r")
    await advance(1000)
    service.sockets[0]?.die()
    document.hidden = true
    tell("visibilitychange")
    await advance(6000)
    expect([anna.status, service.sockets.length]).toEqual(["connected", 1])
    document.hidden = false
    tell("visibilitychange")
    await advance(5000)
    expect([anna.status, service.sockets.length]).toEqual(["connected", 2])
    vi.spyOn(Math, "random").mockReturnValue(0.999)
    service.door = "gone"
    service.open[0]?.cut()
    tell("offline")
    await advance(60_000)
    expect(anna.status).toBe("offline")
    service.door = "open"
    tell("online")
    await advance(10)
    expect(anna.status).toBe("connected")
  })

  it("[RE7] listens to nothing more when its client is closed", async () => {
    const { tell } = page()
    const { service, client, advance } = setScene()
    const one = client("anna")
    one.room("r")
    await advance(1000)
    one.close()
    for (const type of ["pageshow", "online", "visibilitychange"]) tell(type)
    await advance(10_000)
    expect([service.sockets.length, vi.getTimerCount()]).toEqual([1, 1])
  })
})
