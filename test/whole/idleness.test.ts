/** Rooms left alone for 12 s, so that they really hibernate: nothing is lost, and it costs next to nothing. All share the wait. */
import { afterAll, beforeAll, describe, expect, it } from "vitest"
import { serviceForFile } from "./service.ts"
import { connect, enter, freshRoom, silence, statsOf, tokenFor, type WireClient } from "./wire-client.ts"
import type { Stats } from "./wire-frames.ts"

/** Longer than the 10 s after which the runtime evicts an idle object. */
const IDLE = 12_500
const GRACE = IDLE + 3000
const SWEEP_INTERVAL = 3000
const SWEEP_TIMEOUT = 7500
const STAGGERED = 20

const sleepy = serviceForFile({ GRACE_MS: GRACE })
const watchful = serviceForFile({ HEARTBEAT_INTERVAL_MS: SWEEP_INTERVAL, HEARTBEAT_TIMEOUT_MS: SWEEP_TIMEOUT })

type Scene = { readonly room: string; readonly anna: WireClient; readonly bert: WireClient; readonly before: Stats }
type Staggered = { readonly room: string; readonly clients: readonly WireClient[]; readonly from: number; readonly before: Stats }

/** Two who entered, of whom the first said a last thing just before everything went quiet. */
async function scene(claims: Record<string, unknown> = {}): Promise<Scene> {
  const room = freshRoom()
  const anna = await enter(sleepy, { room, member: "anna", claims: { info: { name: "Anna" }, ...claims } }, { x: 0 })
  const bert = await enter(sleepy, { room, member: "bert" }, { y: { z: [1, "ü"] } })
  for (let x = 1; x <= 10; x++) anna.send({ type: "update", data: { x, [`key-${x % 3}`]: x } })
  for (const client of [anna, bert]) {
    await client.until(() => client.picture.entries.size === 2 && client.picture.entries.get(anna.ref)?.data["x"] === 10, "the last update")
  }
  return { room, anna, bert, before: await statsOf(sleepy, room) }
}

/** Many connections, spread over one interval, that ping or that only answer. */
async function staggered(how: "ping" | "answer"): Promise<Staggered> {
  const room = freshRoom()
  const clients = await Promise.all(
    Array.from({ length: STAGGERED }, async (_, i) => {
      await silence((i * SWEEP_INTERVAL) / STAGGERED)
      const client = await enter(watchful, { room, member: `member-${i}` })
      if (how === "ping") pinging(client, SWEEP_INTERVAL)
      else {
        client.socket.on("message", (raw) => {
          if (raw.toString() === '{"type":"heartbeat"}') client.send({ type: "pong" })
        })
      }
      return client
    }),
  )
  return { room, clients, from: Date.now(), before: await statsOf(watchful, room) }
}

const timers: NodeJS.Timeout[] = []
afterAll(() => {
  for (const timer of timers) clearInterval(timer)
})

function pinging(client: WireClient, ms: number): void {
  client.sendText("ping")
  timers.push(setInterval(() => client.sendText("ping"), ms))
}

async function prepare() {
  const groups = Promise.all([staggered("ping"), staggered("answer")])
  const all = {
    kept: await scene(),
    joined: await scene(),
    pinged: await scene(),
    goodbye: await scene(),
    breaking: await scene(),
    broken: await scene(),
    unresumed: await scene(),
    superseded: await scene(),
    renamed: await scene(),
    prolonged: await scene({ exp: Math.floor((Date.now() + IDLE) / 1000) + 4 }),
    expired: await scene({ exp: Math.floor((Date.now() + IDLE) / 1000) + 3 }),
  }
  const guest = await enter(sleepy, { room: all.joined.room, member: "guest" })
  await guest.close(1000)
  for (const client of [all.pinged.anna, all.pinged.bert]) pinging(client, 1000)
  for (const { anna } of [all.broken, all.unresumed]) await anna.drop()
  await all.renamed.anna.ask({ type: "auth", token: await tokenFor("anna", { info: { name: "Anne" } }) })
  const quietFrom = Date.now()
  const [pingers, answerers] = await groups
  await silence(quietFrom + IDLE - Date.now())
  return { ...all, guest, pingers, answerers, quietFrom }
}

let scenes: Awaited<ReturnType<typeof prepare>>
beforeAll(async () => {
  scenes = await prepare()
})

describe.concurrent("after a sleep", () => {
  it("[HB1] entries, refs and members are as they were, and the room had slept", async () => {
    const { room, anna, bert, before } = scenes.kept
    const pictures = [anna.picture.list(), bert.picture.list()]
    await anna.ask({ type: "update", data: { x: 11, "key-0": null } })
    await bert.until(() => bert.picture.entries.get(anna.ref)?.data["x"] === 11, "the first update after it")
    expect(bert.presenceOf(anna.ref).at(-1)).toEqual({ type: "presence", update: { [anna.ref]: { x: 11, "key-0": null } } })
    const truth = await bert.sync()
    expect(truth).toEqual(bert.picture.list())
    expect(truth).toEqual(
      pictures[1]?.map((entry) => (entry.ref === anna.ref ? { ...entry, data: { x: 11, "key-1": 10, "key-2": 8 } } : entry)),
    )
    expect(pictures[0]).toEqual(pictures[1])
    expect(await anna.sync()).toEqual(truth)
    expect((await statsOf(sleepy, room)).wakeups).toBeGreaterThan(before.wakeups)
    expect(await statsOf(sleepy, room)).toMatchObject({ members: 2, connections: 2, observers: 0, since: before.since, peak: before.peak })
  })

  it("[HB2] no ref is given out again, and messages find their way", async () => {
    const { room, anna, bert } = scenes.joined
    const chloe = await enter(sleepy, { room, member: "chloe" })
    expect([anna.ref, bert.ref, scenes.guest.ref]).not.toContain(chloe.ref)
    await chloe.ask({ type: "send", event: "e", data: 1, to: ["bert"] })
    expect(await bert.next("message")).toMatchObject({ from: chloe.ref, member: "chloe" })
    await bert.ask({ type: "send", event: "e", data: 2 })
    expect(await anna.next("message")).toMatchObject({ from: bert.ref, member: "bert", data: 2 })
  })

  it("[FR1] pings were answered, and neither woke the room nor kept it awake", async () => {
    const { room, anna, bert, before } = scenes.pinged
    const pongs = anna.texts.filter((text) => text === "pong").length
    expect(pongs).toBeGreaterThanOrEqual(Math.floor(IDLE / 1000) - 1)
    const after = await statsOf(sleepy, room)
    expect(after.wakeups).toBe(before.wakeups + 1)
    expect(after.liveness.sweeps).toBe(before.liveness.sweeps)
    expect(await bert.sync()).toHaveLength(2)
  })

  it("[HB3] a goodbye that wakes the room leaves at once", async () => {
    const { anna, bert } = scenes.goodbye
    await bert.close(1000)
    expect(await anna.leaveOf(bert.ref, 2000)).toBe("left")
    expect(await anna.sync()).toHaveLength(1)
  })

  it("[HB4] a line that breaks and wakes the room starts its grace", async () => {
    const { room, anna, bert } = scenes.breaking
    const heard = bert.frames.length
    await anna.drop()
    await silence(500)
    const back = await connect(sleepy, { room, member: "anna", session: anna.welcome.session })
    expect(back.welcome).toMatchObject({ resumed: true, ref: anna.ref, connection: anna.welcome.connection })
    expect(back.picture.list()).toEqual(bert.picture.list())
    expect(bert.frames.slice(heard)).toEqual([])
  })

  it("[GR2] a line that broke before it is resumed after it, unseen", async () => {
    const { room, anna, bert } = scenes.broken
    const heard = bert.frames.length
    const back = await connect(sleepy, { room, member: "anna", session: anna.welcome.session })
    expect(back.welcome).toMatchObject({ resumed: true, ref: anna.ref, connection: anna.welcome.connection })
    expect(back.picture.list()).toEqual(bert.picture.list())
    await silence(scenes.quietFrom + GRACE + 700 - Date.now())
    expect(bert.frames.slice(heard).filter(({ type }) => type !== "heartbeat")).toEqual([])
    expect(await bert.sync()).toHaveLength(2)
  })

  it("[GR3] grace ends while the room sleeps, on time", async () => {
    const { room, anna, bert } = scenes.unresumed
    expect(await bert.leaveOf(anna.ref, 8000)).toBe("closed")
    const late = (bert.times.at(-1) ?? 0) - (scenes.quietFrom + GRACE)
    expect(late).toBeGreaterThan(-700)
    expect(late).toBeLessThan(1500)
    expect(await bert.sync()).toHaveLength(1)
    expect((await connect(sleepy, { room, member: "anna", session: anna.welcome.session })).welcome.resumed).toBe(false)
  })

  it("[GR6] a resume of a sleeping connection supersedes it, unseen", async () => {
    const { room, anna, bert } = scenes.superseded
    const heard = bert.frames.length
    const next = await connect(sleepy, { room, member: "anna", session: anna.welcome.session })
    expect(next.welcome).toMatchObject({ resumed: true, ref: anna.ref })
    expect(await anna.ended()).toMatchObject({ code: 4409 })
    expect(bert.frames.slice(heard)).toEqual([])
    await next.ask({ type: "update", data: { x: "again" } })
    await bert.until(() => bert.picture.entries.get(anna.ref)?.data["x"] === "again", "an update")
  })

  it("[HB6] the info of a token that came before it shows at the next enter", async () => {
    const { anna, bert } = scenes.renamed
    expect((await bert.sync())[0]?.info).toEqual({ name: "Anna" })
    await anna.enter({ x: 1 })
    await bert.until(() => bert.picture.entries.get(anna.ref)?.data["x"] === 1, "the enter")
    expect(bert.picture.entries.get(anna.ref)?.info).toEqual({ name: "Anne" })
  })

  it("[AU8] auth works, and a token's end is kept", async () => {
    const { prolonged, expired } = scenes
    await prolonged.anna.ask({ type: "auth", token: await tokenFor("anna") })
    expect(await expired.anna.ended(8000)).toMatchObject({ code: 4401 })
    expect(await expired.bert.leaveOf(expired.anna.ref)).toBe("expired")
    const end = prolonged.anna.all("expiring")[0]?.at ?? 0
    await silence(end + 700 - Date.now())
    expect(prolonged.anna.isOpen).toBe(true)
    expect(await prolonged.bert.sync()).toHaveLength(2)
  })
})

describe.concurrent("sweeps", () => {
  /** How often the room swept since everybody was there, and for how long that is; nobody was lost. */
  async function swept({ room, clients, from, before }: Staggered): Promise<{ sweeps: number; elapsed: number }> {
    const { liveness, members } = await statsOf(watchful, room)
    expect(clients.every(({ isOpen }) => isOpen)).toBe(true)
    expect({ members, lost: liveness.lost }).toEqual({ members: STAGGERED, lost: 0 })
    return { sweeps: liveness.sweeps - before.liveness.sweeps, elapsed: Date.now() - from }
  }

  it("[LV7] come at most once per timeout − interval while all ping, and ask nobody", async () => {
    const { sweeps, elapsed } = await swept(scenes.pingers)
    expect(elapsed).toBeGreaterThan(SWEEP_TIMEOUT)
    expect(sweeps).toBeLessThanOrEqual(Math.floor(elapsed / (SWEEP_TIMEOUT - SWEEP_INTERVAL)) + 1)
    for (const client of scenes.pingers.clients) expect(client.all("heartbeat")).toEqual([])
  })

  it("[LV8] come at most once per half an interval while all only answer, and ask everybody", async () => {
    const { sweeps, elapsed } = await swept(scenes.answerers)
    expect(sweeps).toBeLessThanOrEqual(Math.floor(elapsed / (SWEEP_INTERVAL / 2)) + 1)
    for (const client of scenes.answerers.clients) {
      expect(client.all("heartbeat").length).toBeGreaterThanOrEqual(2)
      expect(client.all("heartbeat").length).toBeLessThanOrEqual(8)
    }
  })
})
