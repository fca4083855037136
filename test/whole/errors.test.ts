/** Bad input: what it is answered, what it costs its sender, and that it costs nobody else anything. */
import { describe, expect, it } from "vitest"
import { serviceForFile } from "./service.ts"
import { connect, enter, freshRoom, type WireClient } from "./wire-client.ts"

const service = serviceForFile({ MAX_FRAMES_PER_SECOND: 500 })

type Hurt = { readonly room: string; readonly anna: WireClient; readonly bystander: WireClient }

async function present(): Promise<Hurt> {
  const room = freshRoom()
  const bystander = await enter(service, { room, member: "bystander" }, { calm: true })
  const anna = await enter(service, { room, member: "anna" }, { x: 1 })
  return { room, anna, bystander }
}

/** Nothing changed for the room, and both still speak and hear. */
async function unharmed({ room, anna, bystander }: Hurt): Promise<void> {
  await anna.ask({ type: "send", event: "still", data: 1 })
  await bystander.next("message", ({ event }) => event === "still")
  expect(bystander.presenceOf(anna.ref).filter(({ enter }) => enter === undefined)).toEqual([])
  const newcomer = await connect(service, { room, member: "newcomer" })
  const pictures = [newcomer.picture.list(), await bystander.sync(), bystander.picture.list(), anna.picture.list()]
  for (const picture of pictures) {
    expect(picture.map(({ member, data }) => [member, data])).toEqual([
      ["bystander", { calm: true }],
      ["anna", { x: 1 }],
    ])
  }
  expect(bystander.all("error")).toEqual([])
}

function nested(levels: number): string {
  return `${'{"n":'.repeat(levels)}1${"}".repeat(levels)}`
}

const NOT_JSON = [
  "{",
  "",
  " ",
  "hello",
  "PING",
  "ping ",
  '"ping',
  "{'type':'sync'}",
  '{"type":"sync"}x',
  "undefined",
  '{"x":01}',
  "NaN",
  "\u0000",
  "[1,]",
]
const NO_FRAME = [
  "[]",
  "1",
  "null",
  "true",
  '"ping"',
  '[{"type":"sync"}]',
  "{}",
  '{"type":1}',
  '{"type":null}',
  '{"type":["sync"]}',
  '{"Type":"sync"}',
]
const UNKNOWN = [
  "welcome",
  "presence",
  "ack",
  "Enter",
  "",
  "__proto__",
  "constructor",
  "toString",
  "hasOwnProperty",
  "ping",
  "x".repeat(500),
]
const UNFIT = [
  '{"type":"enter"}',
  '{"type":"enter","data":null}',
  '{"type":"enter","data":[]}',
  '{"type":"enter","data":"x"}',
  '{"type":"update"}',
  '{"type":"update","data":7}',
  '{"type":"update","data":[{"x":1}]}',
  '{"type":"auth"}',
  '{"type":"auth","token":1}',
]
const FORBIDDEN_JSON = [
  '{"type":"update","data":{"x":1e999}}',
  '{"type":"update","data":{"x":[{"y":-1e999}]}}',
  '{"type":"sync","whatever":1e999}',
  '{"type":"update","data":{"__proto__":{"x":2}}}',
  '{"type":"update","data":{"a":[{"__proto__":1}]}}',
  '{"type":"update","data":{"\\u005f_proto__":1}}',
  '{"type":"send","event":"e","data":{"__proto__":null}}',
  '{"type":"sync","__proto__":{"type":"enter"}}',
  `{"type":"update","data":${nested(40)}}`,
  `{"type":"send","event":"e","data":${"[".repeat(2000)}${"]".repeat(2000)}}`,
]

describe.concurrent("bad frames", () => {
  it("[FR2] text that is not JSON is bad_json", async () => {
    const hurt = await present()
    for (const text of NOT_JSON) {
      hurt.anna.sendText(text)
      expect(await hurt.anna.next("error"), text).toEqual({ type: "error", code: "bad_json", message: expect.any(String) })
    }
    await unharmed(hurt)
  })

  it("[FR2] JSON that is no frame is bad_frame", async () => {
    const hurt = await present()
    for (const text of NO_FRAME) {
      hurt.anna.sendText(text)
      expect(await hurt.anna.next("error"), text).toEqual({ type: "error", code: "bad_frame", message: expect.any(String) })
    }
    await unharmed(hurt)
  })

  it("[FR2] a type that nobody knows is unknown_type", async () => {
    const hurt = await present()
    for (const type of UNKNOWN) expect(await hurt.anna.refused({ type }), type).toBe("unknown_type")
    await unharmed(hurt)
  })

  it("[FR2] a frame without what its type needs is bad_frame", async () => {
    const hurt = await present()
    for (const text of UNFIT) {
      hurt.anna.sendText(text)
      expect(await hurt.anna.next("error"), text).toMatchObject({ code: "bad_frame" })
    }
    await unharmed(hurt)
  })

  it("[FR5] numbers that are not finite, __proto__ and deep nesting are errors and change nothing", async () => {
    const hurt = await present()
    for (const text of FORBIDDEN_JSON) {
      hurt.anna.sendText(text)
      const { code } = await hurt.anna.next("error")
      expect(["bad_frame", "bad_json"], text).toContain(code)
    }
    expect(Object.getPrototypeOf(hurt.bystander.picture.list()[1]?.data)).toBe(Object.prototype)
    await unharmed(hurt)
  })

  it("[FR5] nesting is allowed as far as the contract says", async () => {
    const { anna } = await present()
    anna.sendText(`{"type":"update","id":900,"data":${nested(30)}}`)
    await anna.until(() => anna.picture.entries.get(anna.ref)?.data["n"] !== undefined, "the nested data")
    expect(JSON.stringify(anna.picture.entries.get(anna.ref)?.data["n"])).toBe(nested(29))
  })

  it("[FR5] binary frames are errors, whatever they hold", async () => {
    const hurt = await present()
    for (const bytes of [Buffer.from('{"type":"leave","id":1}'), Buffer.from("ping"), Buffer.alloc(0), Buffer.from([0xff, 0xfe, 0x00])]) {
      hurt.anna.socket.send(bytes, { binary: true })
      const { code } = await hurt.anna.next("error")
      expect(["bad_frame", "bad_json"]).toContain(code)
    }
    expect(hurt.anna.texts).not.toContain("pong")
    await unharmed(hurt)
  })

  it("[FR3] unknown fields are ignored", async () => {
    const hurt = await present()
    await hurt.anna.ask({ type: "sync", extra: { deep: [1] }, data: 7, token: 1, event: [] })
    await hurt.anna.ask({ type: "pong", at: 1 })
    await unharmed(hurt)
  })
})

describe.concurrent("answers", () => {
  it("[FR4] a request with an id is answered exactly once with it, one without only when it is refused", async () => {
    const { anna } = await present()
    const heard = anna.frames.length
    for (const id of [0, -1, 1.5, 9007199254740991, 1e300]) anna.send({ type: "update", data: { y: id }, id })
    anna.send({ type: "update", data: {}, id: 5000 })
    anna.send({ type: "no such", id: 5001 })
    anna.send({ type: "enter", data: [], id: 5002 })
    anna.sendText('{"type":"update","data":{"__proto__":1},"id":5003}')
    anna.send({ type: "update", data: { silent: 1 } })
    anna.send({ type: "pong", id: 5004 })
    anna.send({ type: "no such" })
    anna.send({ type: "leave", id: 5005 })
    anna.send({ type: "leave", id: 5006 })
    await anna.until(() => anna.frames.some((frame) => frame.type === "error" && frame.id === 5006), "the last answer")
    const answers = anna.frames.slice(heard).flatMap((frame) => {
      if (frame.type === "ack") return [[frame.id, "ack"]]
      return frame.type === "error" ? [["id" in frame ? frame.id : "none", frame.code]] : []
    })
    expect(answers).toEqual([
      ...[0, -1, 1.5, 9007199254740991, 1e300, 5000].map((id) => [id, "ack"]),
      [5001, "unknown_type"],
      [5002, "bad_frame"],
      [5003, expect.stringMatching(/^bad_(frame|json)$/)],
      [5004, "ack"],
      ["none", "unknown_type"],
      [5005, "ack"],
      [5006, "not_entered"],
    ])
  })

  it("[FR1] ping is answered by pong, at any time, and costs no request", async () => {
    const { anna } = await present()
    for (let i = 0; i < 30; i++) anna.sendText("ping")
    await anna.pongs(30)
    expect(anna.frames.slice(-1)[0]?.type).toBe("presence")
  })
})

describe.concurrent("too many errors", () => {
  it("[FR8] 20 in a row close with 4400, after bye, and the entry leaves as closed at once", async () => {
    const { room, anna, bystander } = await present()
    for (let i = 0; i < 19; i++) anna.sendText("{")
    await anna.until(() => anna.all("error").length === 19, "19 errors")
    expect(anna.isOpen).toBe(true)
    expect(anna.all("bye")).toEqual([])
    const at = Date.now()
    anna.sendText("{")
    expect(await anna.ended()).toMatchObject({ code: 4400, reason: expect.any(String) })
    expect(anna.all("error")).toHaveLength(20)
    expect(await bystander.leaveOf(anna.ref)).toBe("closed")
    expect(Date.now() - at).toBeLessThan(2000)
    const again = await connect(service, { room, member: "anna", session: anna.welcome.session })
    expect(again.welcome).toMatchObject({ resumed: false })
    expect(again.welcome.present.map(({ member }) => member)).toEqual(["bystander"])
  })

  it("[FR8] the goodbye of a client that obeys its bye is no second leave", async () => {
    const { anna, bystander } = await present()
    anna.socket.on("message", (raw) => {
      if (raw.toString().startsWith('{"type":"bye"')) anna.socket.close(1000)
    })
    for (let i = 0; i < 20; i++) anna.sendText("{")
    await anna.closed()
    expect(await bystander.leaveOf(anna.ref)).toBe("closed")
    await bystander.ask({ type: "update", data: { last: 1 } })
    await bystander.until(() => bystander.picture.entries.get(bystander.ref)?.data["last"] === 1, "its own update")
    expect(bystander.all("presence").flatMap(({ leave = [] }) => leave)).toEqual([[anna.ref, "closed"]])
  })

  it("[FR8] a frame that is accepted begins the count anew", async () => {
    const hurt = await present()
    for (let round = 0; round < 3; round++) {
      for (let i = 0; i < 19; i++) hurt.anna.send({ type: "no such" })
      await hurt.anna.ask({ type: "sync" })
    }
    expect(hurt.anna.all("error")).toHaveLength(57)
    await unharmed(hurt)
  })
})

describe("hostile clients", () => {
  it("[IS2] cost nobody else a frame, and never show as a 500", async () => {
    const room = freshRoom()
    const writer = await enter(service, { room, member: "writer" }, { n: -1 })
    const reader = await enter(service, { room, member: "reader" }, { n: -1 })
    const texts = [
      ...NOT_JSON,
      ...NO_FRAME,
      ...UNFIT,
      ...FORBIDDEN_JSON,
      ...UNKNOWN.map((type) => JSON.stringify({ type })),
      "x".repeat(40_000),
    ]
    const attack = async (n: number) => {
      const hostile = await connect(service, { room, member: `hostile-${n}` })
      for (let i = 0; i < 30; i++) hostile.sendText(texts[(n * 17 + i * 7) % texts.length] ?? "")
      if (n % 3 === 0) hostile.socket.send(Buffer.alloc(100_000, 1))
      if (n % 3 === 1) await hostile.drop()
    }
    const attacks = Array.from({ length: 24 }, (_, n) => attack(n))
    for (let n = 0; n < 40; n++) {
      await writer.ask({ type: "update", data: { n } })
      await writer.ask({ type: "send", event: "n", data: n })
    }
    await Promise.all(attacks)
    await reader.until(() => reader.all("message").length === 40, "all messages")
    expect(reader.all("message").map(({ data }) => data)).toEqual(Array.from({ length: 40 }, (_, n) => n))
    expect(await reader.sync()).toEqual(reader.picture.list())
    expect(reader.picture.list().map(({ data }) => data)).toEqual([{ n: 39 }, { n: -1 }])
    const newcomer = await connect(service, { room, member: "newcomer" })
    expect(newcomer.picture.list()).toEqual(reader.picture.list())
    expect((await fetch(`${service.url}/healthz`)).status).toBe(200)
  })
})
