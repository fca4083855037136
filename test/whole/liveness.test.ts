/** Heartbeats, away and idle, with clocks that a test can wait for. */
import { describe, expect, it } from "vitest"
import { serviceForFile } from "./service.ts"
import { connect, enter, freshRoom, silence, statsOf, tokenFor, type WireClient } from "./wire-client.ts"

const INTERVAL = 800
const TIMEOUT = 2000
const AWAY = 1500
const IDLE = 4000
const beating = serviceForFile({ HEARTBEAT_INTERVAL_MS: INTERVAL, HEARTBEAT_TIMEOUT_MS: TIMEOUT })
const resting = serviceForFile({ AWAY_AFTER_MS: AWAY, IDLE_TIMEOUT_MS: IDLE, HEARTBEAT_INTERVAL_MS: 500, HEARTBEAT_TIMEOUT_MS: 30_000 })

/** What an alarm, a tick and a busy machine may add; and how much sooner than promised two readings of a clock may see it. */
const SLACK = 800
const EARLY = 20

/** Does something at a pace, until it is told to stop. */
function every(ms: number, act: () => void): () => void {
  const timer = setInterval(act, ms)
  return () => clearInterval(timer)
}

/** Answers each heartbeat with a frame. */
function answering(client: WireClient, frame: object = { type: "pong" }): void {
  client.socket.on("message", (raw) => {
    if (raw.toString() === '{"type":"heartbeat"}') client.send(frame)
  })
}

describe.concurrent("heartbeat", () => {
  it("[LV3] comes to who never pings, when silent for about an interval, and any answer keeps the line", async () => {
    const room = freshRoom()
    const before = Date.now()
    const clients = await Promise.all(["pong", "sync", "update", "nonsense"].map((member) => enter(beating, { room, member })))
    const at = Date.now()
    for (const client of clients) answering(client, { type: client.member, data: {} })
    for (const client of clients) {
      await client.next("heartbeat")
      const first = client.times[client.frames.findIndex(({ type }) => type === "heartbeat")] ?? 0
      expect(first - before).toBeGreaterThan(0.4 * INTERVAL)
      expect(first - at).toBeLessThan(1.5 * INTERVAL + SLACK)
    }
    await silence(2.2 * TIMEOUT)
    for (const client of clients) {
      expect(client.isOpen, client.member).toBe(true)
      expect(client.all("heartbeat").length).toBeGreaterThanOrEqual(3)
      expect(client.all("heartbeat").length).toBeLessThanOrEqual(Math.ceil((Date.now() - at) / (0.5 * INTERVAL)))
      expect(await client.sync()).toHaveLength(4)
    }
  })

  it("[LV2] unanswered, closes with 4408 after the timeout, and the entry leaves as lost at once", async () => {
    const room = freshRoom()
    const bert = await enter(beating, { room, member: "bert" })
    answering(bert)
    const before = Date.now()
    const anna = await enter(beating, { room, member: "anna" })
    const at = Date.now()
    expect(await anna.ended(TIMEOUT + INTERVAL + 2000)).toMatchObject({ code: 4408 })
    const told = anna.times[anna.frames.findIndex(({ type }) => type === "bye")] ?? 0
    expect(told - before).toBeGreaterThan(TIMEOUT - EARLY)
    expect(told - at).toBeLessThan(TIMEOUT + INTERVAL + SLACK)
    expect(await bert.leaveOf(anna.ref)).toBe("lost")
    expect(Math.abs((bert.times.at(-1) ?? 0) - told)).toBeLessThan(SLACK)
    expect((await statsOf(beating, room)).liveness).toMatchObject({ lost: 1 })
    const back = await connect(beating, { room, member: "anna", session: anna.welcome.session })
    expect(back.welcome).toMatchObject({ resumed: false })
    expect(back.welcome.present.map(({ member }) => member)).toEqual(["bert"])
  })

  it("[LV2] closes silent observers as well", async () => {
    const anna = await connect(beating, { room: freshRoom() })
    expect(await anna.ended(TIMEOUT + INTERVAL + 2000)).toMatchObject({ code: 4408 })
  })

  it("[LV3] is not sent to who pings, and pings keep the line", async () => {
    const anna = await enter(beating, { room: freshRoom() })
    anna.sendText("ping")
    const stop = every(INTERVAL, () => anna.sendText("ping"))
    await silence(2.2 * TIMEOUT)
    stop()
    expect(anna.isOpen).toBe(true)
    expect(anna.all("heartbeat")).toEqual([])
    expect(await anna.sync()).toHaveLength(1)
  })

  it("[LV1] who stops pinging is not asked, but lost after the timeout", async () => {
    const room = freshRoom()
    const anna = await enter(beating, { room, member: "anna" })
    anna.sendText("ping")
    await anna.pongs(1)
    await silence(INTERVAL / 2)
    const before = Date.now()
    anna.sendText("ping")
    await anna.pongs(2)
    const at = Date.now()
    expect(await anna.ended(TIMEOUT + INTERVAL + 2000)).toMatchObject({ code: 4408 })
    const told = anna.times.at(-1) ?? 0
    expect(told - before).toBeGreaterThan(TIMEOUT - EARLY)
    expect(told - at).toBeLessThan(TIMEOUT + INTERVAL + SLACK)
    expect(anna.all("heartbeat")).toEqual([])
  })

  it("[LV1] frames without a heartbeat keep the line as well", async () => {
    const anna = await enter(beating, { room: freshRoom() })
    const stop = every(INTERVAL * 1.8, () => anna.send({ type: "update", data: { at: Date.now() } }))
    await silence(2.2 * TIMEOUT)
    stop()
    expect(anna.isOpen).toBe(true)
  })
})

describe.concurrent("away", () => {
  /** A client whose line is kept by pings, which are no activity. */
  async function pinging(member: string, room: string): Promise<WireClient> {
    const client = await enter(resting, { room, member }, { x: 1 })
    const stop = every(300, () => client.sendText("ping"))
    client.socket.on("close", stop)
    return client
  }

  function statusesOf(client: WireClient, ref: number): string[] {
    return client.all("presence").flatMap(({ status }) => status?.[String(ref)] ?? [])
  }

  it("[LV4] comes after AWAY_AFTER_MS, is told to all, and the next frame makes active again", async () => {
    const room = freshRoom()
    const bert = await connect(resting, { room, member: "bert" })
    const before = Date.now()
    const anna = await pinging("anna", room)
    const at = Date.now()
    expect(await bert.next("presence", ({ status }) => status !== undefined)).toEqual({ type: "presence", status: { [anna.ref]: "away" } })
    expect(Date.now() - before).toBeGreaterThan(AWAY - EARLY)
    expect(Date.now() - at).toBeLessThan(AWAY + 250 + SLACK)
    expect((await bert.sync())[0]?.status).toBe("away")
    expect((await connect(resting, { room, member: "joiner" })).welcome.present[0]?.status).toBe("away")
    await anna.ask({ type: "update", data: { x: 2 } })
    await bert.until(() => bert.picture.list()[0]?.status === "active", "active")
    expect(statusesOf(bert, anna.ref)).toEqual(["away", "active"])
    expect(bert.picture.list()[0]?.data).toEqual({ x: 2 })
    expect(await anna.sync()).toEqual(bert.picture.list())
  })

  it("[LV4] ping, pong, auth and sync are no activity; enter, update and send are", async () => {
    const room = freshRoom()
    const quiet = await pinging("quiet", room)
    const lively = ["enter", "update", "send"]
    const clients = await Promise.all(lively.map((member) => pinging(member, room)))
    const token = await tokenFor("quiet")
    const stops = [
      every(350, () => quiet.send({ type: "pong" })),
      every(350, () => quiet.send({ type: "sync" })),
      every(350, () => quiet.send({ type: "auth", token })),
      ...clients.map((client) => every(350, () => client.send({ type: client.member, data: {}, event: "e" }))),
    ]
    await quiet.next("presence", ({ status }) => status?.[String(quiet.ref)] === "away")
    await silence(AWAY)
    for (const stop of stops) stop()
    for (const client of clients) expect(statusesOf(quiet, client.ref), client.member).toEqual([])
    expect(statusesOf(quiet, quiet.ref)).toEqual(["away"])
    expect(quiet.all("error")).toEqual([])
  })

  it("[GR7] is kept over a resume, which is no activity", async () => {
    const room = freshRoom()
    const bert = await connect(resting, { room, member: "bert" })
    const anna = await pinging("anna", room)
    await bert.next("presence", ({ status }) => status !== undefined)
    const heard = bert.frames.length
    await anna.drop()
    const back = await connect(resting, { room, member: "anna", session: anna.welcome.session })
    expect(back.welcome.resumed).toBe(true)
    expect(back.welcome.present[0]?.status).toBe("away")
    back.sendText("ping")
    await back.pongs(1)
    expect((await bert.sync())[0]?.status).toBe("away")
    expect(bert.frames.slice(heard).map(({ type }) => type)).toEqual(["sync"])
    await back.ask({ type: "send", event: "e", data: 1 })
    await bert.until(() => bert.picture.list()[0]?.status === "active", "active")
  })

  it("[LV6] is not for observers, nor is idle", async () => {
    const room = freshRoom()
    const anna = await connect(resting, { room, member: "anna" })
    const left = await enter(resting, { room, member: "left" })
    await left.ask({ type: "leave" })
    answering(anna)
    answering(left)
    await silence(IDLE + 1200)
    expect([anna.isOpen, left.isOpen]).toEqual([true, true])
    expect(anna.all("presence").filter(({ status }) => status !== undefined)).toEqual([])
  })
})

describe.concurrent("idle", () => {
  it("[LV5] closes with 4440 after IDLE_TIMEOUT_MS, and the entry leaves as idle, whatever it pings", async () => {
    const room = freshRoom()
    const bert = await connect(resting, { room, member: "bert" })
    const before = Date.now()
    const anna = await enter(resting, { room, member: "anna" })
    const at = Date.now()
    const stops = [every(300, () => anna.sendText("ping")), every(450, () => anna.send({ type: "sync" }))]
    const end = await anna.ended(IDLE + 3000)
    for (const stop of stops) stop()
    expect(end).toMatchObject({ code: 4440 })
    const told = anna.times[anna.frames.findIndex(({ type }) => type === "bye")] ?? 0
    expect(told - before).toBeGreaterThan(IDLE - EARLY)
    expect(told - at).toBeLessThan(IDLE + 250 + SLACK)
    expect(await bert.leaveOf(anna.ref)).toBe("idle")
    expect((await statsOf(resting, room)).liveness).toMatchObject({ idle: 1, lost: 0 })
    const back = await connect(resting, { room, member: "anna", session: anna.welcome.session })
    expect(back.welcome).toMatchObject({ resumed: false, present: [] })
  })

  it("[GR7] a resume does not put it off", async () => {
    const room = freshRoom()
    const anna = await enter(resting, { room, member: "anna" })
    const at = Date.now()
    await silence(IDLE / 2)
    await anna.drop()
    const back = await connect(resting, { room, member: "anna", session: anna.welcome.session })
    expect(back.welcome.resumed).toBe(true)
    answering(back)
    expect(await back.ended(IDLE)).toMatchObject({ code: 4440 })
    expect(Date.now() - at).toBeLessThan(IDLE + 250 + SLACK + 400)
  })
})
