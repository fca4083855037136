/** The way in: rooms, tokens and the welcome, with all variables at their defaults. */
import { describe, expect, it, vi } from "vitest"
import { askedPlainly, refusal, refusedUpgrade } from "./refusals.ts"
import { DEV_ADMIN_KEY, DEV_SECRET, serviceForFile } from "./service.ts"
import { connect, EVERYTHING, enter, freshRoom, statsOf, tokenFor } from "./wire-client.ts"

const service = serviceForFile()

const BAD_ROOMS = [
  "",
  "a".repeat(129),
  "a%20b",
  "a%2Fb",
  "a/b",
  "%C3%BC",
  "a%00",
  "a*",
  "a!",
  "a+b",
  "%25",
  "a%0A",
  "a'b",
  "(a)",
  "a%3Fb",
  "%23",
]

describe.concurrent("rooms", () => {
  it("[CN2] may have every character of the set, and 128 of them, escaped or not", async () => {
    const all = "AZaz09_-.:,;=@~"
    for (const name of [`${all}${freshRoom()}`, freshRoom().padEnd(128, "y"), `~.${freshRoom()}`]) {
      const anna = await enter(service, { room: name, member: "anna" })
      const bert = await connect(service, { room: encodeURIComponent(name), member: "bert" })
      expect([anna.welcome.room, bert.welcome.room]).toEqual([name, name])
      expect(bert.welcome.present).toHaveLength(1)
      expect(await statsOf(service, encodeURIComponent(name))).toMatchObject({ room: name, members: 1 })
    }
  })

  it.each([...BAD_ROOMS, "%E0%A4%A", "%"])("[CN2] of another name are refused with 400 bad_room: %j", async (room) => {
    expect(await askedPlainly(service, { room })).toMatchObject({ status: 400, code: "bad_room" })
    expect(await refusedUpgrade(service, { room })).toMatchObject({ status: 400, code: "bad_room" })
    const headers = { authorization: `Bearer ${DEV_ADMIN_KEY}` }
    const stats = await refusal(await fetch(`${service.url}/v1/admin/rooms/${room}`, { headers }))
    // No name, or a slash in it, makes it another address.
    expect(room === "" || room.includes("/") ? 404 : 400).toBe(stats.status)
  })
})

describe.concurrent("tokens", () => {
  it("[CN3] travel as subprotocol, header or query", async () => {
    for (const by of ["subprotocol", "header", "query"] as const) {
      const client = await connect(service, { room: freshRoom(), member: `by-${by}`, by })
      expect(client.welcome.member).toBe(`by-${by}`)
    }
    expect(await askedPlainly(service, { room: freshRoom(), token: null })).toMatchObject({ status: 401, code: "bad_token" })
    const query = `?token=${await tokenFor("anna")}`
    expect(await refusal(await fetch(`${service.url}/v1/rooms/${freshRoom()}/connect${query}`))).toMatchObject({ status: 426 })
  })

  it("[CN3] are looked for in this order, and the first that is there decides", async () => {
    const [first, second, third] = [await tokenFor("first"), await tokenFor("second"), await tokenFor("third")]
    const room = freshRoom()
    const header = { authorization: `Bearer ${second}` }
    const query = { token: third }
    expect((await connect(service, { room, token: first, headers: header, query })).welcome.member).toBe("first")
    expect((await connect(service, { room, token: null, headers: header, query })).welcome.member).toBe("second")
    expect((await connect(service, { room, token: null, query })).welcome.member).toBe("third")
    expect(await refusedUpgrade(service, { room, token: "not.a.jwt", headers: header, query })).toMatchObject({ status: 401 })
    const bad = { authorization: "Bearer not.a.jwt" }
    expect(await refusedUpgrade(service, { room, token: null, headers: bad, query })).toMatchObject({ status: 401 })
  })

  it("[CN1] the subprotocol rollcall.v1 is selected, in whichever place it is offered", async () => {
    const client = await connect(service, { room: freshRoom() })
    expect(client.socket.protocol).toBe("rollcall.v1")
    const offers = [`token.${await tokenFor("anna")}`, "rollcall.v1"]
    const late = new WebSocket(`${service.url.replace("http", "ws")}/v1/rooms/${freshRoom()}/connect`, offers)
    await new Promise((resolve, reject) => {
      late.onopen = resolve
      late.onerror = () => reject(new Error("not connected"))
    })
    expect(late.protocol).toBe("rollcall.v1")
    late.close()
  })

  it("[CN1] a browser's WebSocket connects, speaks and closes cleanly", async () => {
    const room = freshRoom()
    const watcher = await connect(service, { room, member: "watcher" })
    const offers = ["rollcall.v1", `token.${await tokenFor("anna")}`]
    const socket = new WebSocket(`${service.url.replace("http", "ws")}/v1/rooms/${room}/connect`, offers)
    const heard: unknown[] = []
    socket.onmessage = ({ data }) => heard.push(data)
    await vi.waitFor(() => expect(heard).toHaveLength(1))
    socket.send("ping")
    await vi.waitFor(() => expect(heard[1]).toBe("pong"))
    socket.send(JSON.stringify({ type: "enter", data: { from: "a browser" } }))
    await watcher.until(() => watcher.picture.list()[0]?.data["from"] === "a browser", "the entry")
    const closed = new Promise<CloseEvent>((resolve) => {
      socket.onclose = resolve
    })
    socket.close(1000)
    expect(await closed).toMatchObject({ code: 1000, wasClean: true })
    await watcher.until(() => watcher.picture.list().length === 0, "the leave")
  })

  it("[CN3] the scheme Bearer is written in any case", async () => {
    const authorization = `bearer ${await tokenFor("anna")}`
    expect((await connect(service, { room: freshRoom(), token: null, headers: { authorization } })).welcome.member).toBe("anna")
  })

  const exp = Math.floor(Date.now() / 1000) + 3600
  const rooms = { "*": EVERYTHING }
  it.each<[string, () => Promise<string>]>([
    ["nothing", async () => ""],
    ["no JWT", async () => "a.b.c"],
    ["another secret's", () => tokenFor("anna", {}, "another-secret-another-secret-another")],
    ["expired", () => tokenFor("anna", { exp: Math.floor(Date.now() / 1000) - 5 })],
    ["without exp", () => tokenFor("anna", { exp: undefined })],
    ["exp as text", () => tokenFor("anna", { exp: String(exp) })],
    ["without sub", () => tokenFor("anna", { sub: undefined })],
    ["an empty sub", () => tokenFor("")],
    ["sub as a number", () => tokenFor("anna", { sub: 7 })],
    ["a sub of 257 bytes", () => tokenFor("a".repeat(257))],
    ["a sub of more than 256 bytes in fewer characters", () => tokenFor("ü".repeat(129))],
    ["info as text", () => tokenFor("anna", { info: "Anna" })],
    ["info as a list", () => tokenFor("anna", { info: ["Anna"] })],
    ["info of more than 4,096 bytes", () => tokenFor("anna", { info: { name: "x".repeat(4096) } })],
    ["info of more than 4,096 bytes in fewer characters", () => tokenFor("anna", { info: { name: "ü".repeat(2050) } })],
    ["rooms as text", () => tokenFor("anna", { rooms: "*" })],
    ["a grant as text", () => tokenFor("anna", { rooms: { "*": "subscribe" } })],
    ["signed by HS512", () => tokenFor("anna", {}, DEV_SECRET, "HS512")],
    ["changed after it was signed", async () => forged(await tokenFor("anna"), { sub: "bert", exp, rooms })],
    ["not signed at all", async () => unsigned({ sub: "anna", exp, rooms })],
  ])("[AU4] that are bad are 401 bad_token: %s", async (_, mint) => {
    const token = await mint()
    const room = freshRoom()
    const plain = await askedPlainly(service, { room, token })
    expect(plain).toMatchObject({ status: 401, code: "bad_token" })
    expect(JSON.stringify(plain.problem)).not.toContain(token === "" ? DEV_SECRET : token)
    for (const by of ["subprotocol", "query"] as const) {
      expect(await refusedUpgrade(service, { room, token, by })).toMatchObject({ status: 401, code: "bad_token" })
    }
  })

  it("[AU4] may be as large as the contract allows", async () => {
    const info = { name: "ü".repeat((4096 - JSON.stringify({ name: "" }).length) / 2) }
    const members = ["ü".repeat(128), "a b/c?d#e%", "👩‍👩‍👧 mother", "__proto__"]
    for (const member of members) {
      const client = await enter(service, { room: freshRoom(), member, claims: { info } })
      expect(client.welcome.member).toBe(member)
      expect(client.picture.list()).toMatchObject([{ member, info }])
    }
  })

  it("[CF7] the largest data, info and member fit together, through a fresh token and a resume", async () => {
    const room = freshRoom()
    const largest = (text: string) => ({ n: text.repeat(4096 - JSON.stringify({ n: "" }).length) })
    const data = (text: string) => ({ d: text.repeat(8192 - JSON.stringify({ d: "" }).length) })
    // Six bytes each, where it is JSON.
    const member = "\u0001".repeat(256)
    const anna = await enter(service, { room, member, claims: { info: largest("a") } }, data("x"))
    await anna.ask({ type: "auth", token: await tokenFor(member, { info: largest("b") }) })
    await anna.ask({ type: "update", data: data("y") })
    await anna.until(() => anna.picture.list()[0]?.data["d"] === data("y").d, "the update")
    await anna.drop()
    const asking = { room, member, session: anna.welcome.session, claims: { info: largest("c") } }
    const back = await connect(service, asking)
    expect(back.welcome).toMatchObject({ resumed: true, present: [{ member, info: largest("a"), data: data("y") }] })
    await back.enter(data("z"))
    expect(back.picture.list()).toMatchObject([{ ref: anna.ref, info: largest("c"), data: data("z") }])
  })
})

describe.concurrent("grants", () => {
  const subscribe = ["subscribe"]
  it.each<[string, string, Record<string, readonly string[]>, readonly string[] | null]>([
    ["an exact name", "doc-1", { "doc-1": subscribe }, subscribe],
    ["everything", "doc-1", { "*": subscribe }, subscribe],
    ["a prefix", "doc-1", { "doc-*": subscribe }, subscribe],
    ["a prefix as the whole name", "doc-", { "doc-*": subscribe }, subscribe],
    ["a prefix that does not fit", "doc", { "doc-*": EVERYTHING }, null],
    ["another name", "doc-1", { "doc-2": EVERYTHING, "doc-10": EVERYTHING, doc: EVERYTHING, "DOC-1": EVERYTHING }, null],
    ["no pattern", "doc-1", {}, null],
    ["no pattern, in a room that is named like a method,", "constructor", {}, null],
    ["a prefix, in a room that is named like a prototype,", "__proto__", { "*": subscribe }, subscribe],
    ["an empty list", "doc-1", { "doc-1": [] }, null],
    ["an exact empty list before a prefix", "doc-1", { "doc-1": [], "doc-*": EVERYTHING, "*": EVERYTHING }, null],
    ["an exact name before every prefix", "doc-1", { "doc-*": EVERYTHING, "doc-1": subscribe, "doc-1*": EVERYTHING }, subscribe],
    ["the longest prefix", "doc-123", { "*": EVERYTHING, "doc-*": EVERYTHING, "doc-12*": subscribe, "doc-1*": EVERYTHING }, subscribe],
    ["the longest prefix alone, though it grants less", "doc-123", { "doc-12*": ["message"], "doc-*": EVERYTHING }, ["message"]],
  ])("[AU5] %s decides", async (_, room, patterns, granted) => {
    const claims = { rooms: patterns }
    if (granted === null) {
      expect(await askedPlainly(service, { room, claims })).toMatchObject({ status: 403, code: "forbidden" })
      expect(await refusedUpgrade(service, { room, claims })).toMatchObject({ status: 403, code: "forbidden" })
      return
    }
    const anna = await connect(service, { room, claims, member: freshRoom() })
    const may = async (capability: string, frame: object) => {
      const answer = await anna.request(frame)
      expect(answer, capability).toMatchObject(granted.includes(capability) ? { type: "ack" } : { type: "error", code: "forbidden" })
    }
    await may("presence", { type: "enter", data: {} })
    await may("message", { type: "send", event: "e", data: 1, to: [anna.member] })
    await anna.close(1000)
  })
})

describe.concurrent("the welcome", () => {
  it("[CN7] is the first frame, names what was connected, and says the clocks", async () => {
    const room = freshRoom()
    const anna = await connect(service, { room, member: "anna" })
    expect(anna.frames[0]).toEqual({
      type: "welcome",
      protocol: 1,
      room,
      connection: expect.any(String),
      ref: expect.any(Number),
      member: "anna",
      session: expect.any(String),
      resumed: false,
      heartbeat: { interval: 30_000, timeout: 90_000 },
      present: [],
    })
    expect(anna.welcome.session).not.toContain(anna.welcome.connection)
    await anna.enter({})
    expect(JSON.stringify(anna.all("presence"))).not.toContain(anna.welcome.session)
  })

  it("[GR5] a session that nobody knows is a fresh connection", async () => {
    const hostile = ["unknown", "", "x".repeat(5000), "a/b", "0", "null", "\u0000", "üü"]
    for (const session of hostile) {
      const client = await connect(service, { room: freshRoom(), session })
      expect(client.welcome.resumed).toBe(false)
      expect(client.welcome.session).not.toBe(session)
    }
  })
})

describe.concurrent("the rest", () => {
  it("[ST6] /healthz is 200 for everybody", async () => {
    const response = await fetch(`${service.url}/healthz`)
    expect(response.status).toBe(200)
    expect(response.headers.get("content-type")).toMatch(/^application\/json/)
    await response.json()
  })

  it("[ER3] what is not there is a 404 problem", async () => {
    for (const path of ["/nothing", "/v1/rooms", "/v1/rooms/x/nothing", "/v2/rooms/x/connect"]) {
      expect(await refusal(await fetch(`${service.url}${path}`))).toMatchObject({ status: 404, code: "not_found" })
    }
    for (const method of ["POST", "PUT", "DELETE"]) {
      const answer = await refusal(await fetch(`${service.url}/v1/rooms/x/connect`, { method }))
      expect([404, 405]).toContain(answer.status)
    }
  })
})

function part(value: object): string {
  return Buffer.from(JSON.stringify(value)).toString("base64url")
}

function forged(token: string, claims: object): string {
  const [header, , signature] = token.split(".")
  return [header, part(claims), signature].join(".")
}

function unsigned(claims: object): string {
  return `${part({ alg: "none" })}.${part(claims)}.`
}
