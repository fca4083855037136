import { afterEach, beforeEach, describe, expect, it, vi } from "vitest"
import { connect, hibernate, newRoom, runAlarm, stubOf, tokenFor } from "./room-client.ts"

const INTERVAL = 30_000
const TIMEOUT = 90_000
const AWAY = 300_000
const IDLE = 1_800_000

/** Awaiting a frame under a fake clock moves that clock by a few milliseconds. */
const SLACK = 1000

/** Only `Date` is faked: the room reads its clock, and its alarm is run by hand at the instant it was set to. */
async function alarmAfter(ms: number, room: string): Promise<void> {
  vi.setSystemTime(Date.now() + ms)
  await runAlarm(room)
}

async function nextAlarmIn(room: string): Promise<number> {
  const at = (await stubOf(room).stats(room)).liveness.nextAlarmAt
  return at === null ? Number.POSITIVE_INFINITY : at - Date.now()
}

describe.each(["in memory", "asleep before each alarm"])("liveness, %s", (mode) => {
  const settle = async (room: string) => {
    if (mode !== "in memory") await hibernate(room)
  }

  beforeEach(() => {
    vi.useFakeTimers({ toFake: ["Date"] })
  })
  afterEach(() => {
    vi.useRealTimers()
  })

  it("[LV3] asks who never pinged, and any frame is an answer", async () => {
    const room = newRoom()
    const anna = await connect(room, "anna")
    expect(await nextAlarmIn(room)).toBeLessThanOrEqual(1.25 * INTERVAL)
    await settle(room)
    await alarmAfter(1.25 * INTERVAL, room)
    await anna.next("heartbeat")
    anna.send({ type: "pong" })
    await anna.sync()
    await settle(room)
    await alarmAfter(TIMEOUT - SLACK, room)
    expect(anna.closed.code).toBeNull()
    expect((await stubOf(room).stats(room)).liveness).toMatchObject({ lost: 0, sweeps: 2 })
  })

  it("[LV2] closes with 4408 whoever does not answer, tells bye first, and the rest that it was lost", async () => {
    const room = newRoom()
    const anna = await connect(room, "anna")
    const bert = await connect(room, "bert")
    await bert.ask({ type: "enter", data: {} })
    await settle(room)
    await alarmAfter(1.25 * INTERVAL, room)
    await bert.next("heartbeat")
    await anna.ask({ type: "pong" })
    await settle(room)
    await alarmAfter(TIMEOUT - 1.25 * INTERVAL - SLACK, room)
    expect(await anna.sync()).toHaveLength(1)
    await settle(room)
    await alarmAfter(SLACK, room)
    expect(await bert.next("bye")).toMatchObject({ code: 4408 })
    expect((await anna.next("presence", ({ leave }) => leave !== undefined)).leave).toEqual([[bert.welcome.ref, "lost"]])
    await vi.waitFor(() => expect(bert.closed.code).toBe(4408))
    expect((await stubOf(room).stats(room)).liveness.lost).toBe(1)
  })

  it("[LV4] [LV5] turns the inactive away and the next activity turns them back; pong, sync and auth are none", async () => {
    const room = newRoom()
    const anna = await connect(room, "anna")
    await anna.ask({ type: "enter", data: { x: 1 } })
    const quiet = async (ms: number) => {
      for (let left = ms; left > 0; left -= 60_000) {
        vi.setSystemTime(Date.now() + Math.min(60_000, left))
        await anna.ask({ type: "pong" })
      }
    }
    await quiet(AWAY)
    await settle(room)
    await runAlarm(room)
    expect((await anna.next("presence", ({ status }) => status !== undefined)).status).toEqual({ [anna.welcome.ref]: "away" })
    await settle(room)
    await anna.sync()
    expect(anna.picture.get(anna.welcome.ref)?.status).toBe("away")
    await anna.ask({ type: "update", data: { x: 2 } })
    expect((await anna.next("presence", ({ status }) => status !== undefined)).status).toEqual({ [anna.welcome.ref]: "active" })
    await quiet(IDLE)
    await settle(room)
    await runAlarm(room)
    expect(await anna.next("bye")).toMatchObject({ code: 4440 })
  })

  it("[LV6] leaves observers alone: they are neither away nor idle", async () => {
    const room = newRoom()
    const anna = await connect(room, "anna", { claims: { exp: Math.floor(Date.now() / 1000) + 100_000 } })
    for (let past = 0; past < 2 * IDLE; past += 60_000) {
      vi.setSystemTime(Date.now() + 60_000)
      await anna.ask({ type: "pong" })
    }
    await settle(room)
    await runAlarm(room)
    await anna.ask({ type: "pong" })
    expect(anna.frames.filter(({ type }) => type === "bye" || type === "presence")).toEqual([])
  })

  it("[AU6] [AU7] [AU8] announces the end of a token 60 s ahead, closes with 4401 at its end, and a fresh one prolongs", async () => {
    const room = newRoom()
    const exp = Math.floor(Date.now() / 1000) + 80
    const anna = await connect(room, "anna", { claims: { exp } })
    const bert = await connect(room, "bert", { claims: { exp } })
    await anna.ask({ type: "enter", data: {} })
    await settle(room)
    await alarmAfter(exp * 1000 - 60_000 - Date.now(), room)
    expect(await anna.next("expiring")).toEqual({ type: "expiring", at: exp * 1000 })
    expect(await bert.next("expiring")).toEqual({ type: "expiring", at: exp * 1000 })
    await settle(room)
    expect(await bert.ask({ type: "auth", token: await tokenFor("bert") })).toMatchObject({ type: "ack" })
    await settle(room)
    await alarmAfter(exp * 1000 - Date.now(), room)
    expect(await anna.next("bye")).toMatchObject({ code: 4401 })
    expect((await bert.next("presence", ({ leave }) => leave !== undefined)).leave).toEqual([[anna.welcome.ref, "expired"]])
    expect(bert.closed.code).toBeNull()
  })

  it("[AU6] announces it at once when less than 60 s are left", async () => {
    const room = newRoom()
    const exp = Math.floor(Date.now() / 1000) + 30
    const anna = await connect(room, "anna", { claims: { exp } })
    expect(await anna.next("expiring")).toEqual({ type: "expiring", at: exp * 1000 })
  })
})

describe("pings", () => {
  it("[FR1] [LV3] are answered by the runtime, and who pings is not asked", async () => {
    const room = newRoom()
    const anna = await connect(room, "anna")
    const answers: unknown[] = []
    anna.onText((text) => answers.push(text))
    anna.send("ping")
    await vi.waitFor(() => expect(answers).toEqual(["pong"]))
    const before = await stubOf(room).stats(room)
    expect(before.rates.framesIn).toBe(0)
    vi.useFakeTimers({ toFake: ["Date"] })
    try {
      await alarmAfter(1.25 * INTERVAL, room)
      await anna.sync()
      expect(anna.frames.filter(({ type }) => type === "heartbeat")).toEqual([])
    } finally {
      vi.useRealTimers()
    }
  })
})
