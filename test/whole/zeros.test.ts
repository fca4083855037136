/** What 0 turns off: grace, away, idle and the tick; what a room of a small FANOUT_PER_SECOND does; and a short memory. */
import { describe, expect, it, vi } from "vitest"
import { serviceForFile } from "./service.ts"
import { connect, enter, freshRoom, silence, statsOf } from "./wire-client.ts"

const RETENTION = 2500
const FANOUT = 40
const off = serviceForFile({
  GRACE_MS: 0,
  AWAY_AFTER_MS: 0,
  IDLE_TIMEOUT_MS: 0,
  TICK_MS: 0,
  LAST_SEEN_RETENTION_MS: RETENTION,
})
const small = serviceForFile({ TICK_MS: 0, FANOUT_PER_SECOND: FANOUT })

describe.concurrent("zero", () => {
  it("[GR3] grace: a line that breaks leaves at once, as closed, and its session is over", async () => {
    const room = freshRoom()
    const bert = await enter(off, { room, member: "bert" })
    for (const code of [1001, 1006]) {
      const anna = await enter(off, { room, member: "anna" })
      await bert.until(() => bert.picture.entries.has(anna.ref), "anna")
      if (code === 1006) await anna.drop()
      else await anna.close(code)
      expect(await bert.leaveOf(anna.ref, 3000)).toBe("closed")
      expect((await connect(off, { room, member: "anna", session: anna.welcome.session })).welcome.resumed).toBe(false)
    }
  })

  it("[PC5] tick: every change is a frame of its own", async () => {
    const room = freshRoom()
    const bert = await connect(off, { room, member: "bert" })
    const anna = await enter(off, { room, member: "anna" }, {})
    for (let x = 0; x < 20; x++) await anna.ask({ type: "update", data: { x } })
    await bert.until(() => bert.picture.entries.get(anna.ref)?.data["x"] === 19, "the last")
    const patches = bert.all("presence").flatMap(({ update }) => (update === undefined ? [] : [update[String(anna.ref)]]))
    expect(patches).toEqual(Array.from({ length: 20 }, (_, x) => ({ x })))
  })

  it("[LV6] away and idle: nobody is either", async () => {
    const room = freshRoom()
    const anna = await enter(off, { room, member: "anna" })
    const before = await statsOf(off, room)
    await silence(3000)
    expect(anna.frames.filter(({ type }) => type === "bye" || type === "heartbeat")).toEqual([])
    expect((await anna.sync())[0]?.status).toBe("active")
    expect((await statsOf(off, room)).liveness).toMatchObject({ sweeps: before.liveness.sweeps, idle: 0, lost: 0 })
  })

  it("[NF3] in an empty room the alarm is set to the end of the retention, and after it nothing is due", async () => {
    const room = freshRoom()
    const anna = await enter(off, { room, member: "anna" }, { x: 1 })
    const before = Date.now()
    await anna.close(1000)
    const left = Date.now()
    const empty = await statsOf(off, room)
    expect(empty).toMatchObject({ members: 0, connections: 0, observers: 0 })
    expect(empty.liveness.nextAlarmAt).toBeGreaterThanOrEqual(before + RETENTION)
    expect(empty.liveness.nextAlarmAt).toBeLessThanOrEqual(left + RETENTION + 100)
    await silence(RETENTION)
    const nothingDue = async () => expect((await statsOf(off, room)).liveness.nextAlarmAt).toBeNull()
    await vi.waitFor(nothingDue, { timeout: 5000, interval: 200 })
    const back = await enter(off, { room, member: "anna" }, { y: 1 })
    expect(back.picture.list().map(({ data }) => data)).toEqual([{ y: 1 }])
  })

  it("[NF2] a room that was only asked about has nothing due", async () => {
    const room = freshRoom()
    const stats = await statsOf(off, room)
    expect(stats).toMatchObject({ room, members: 0, connections: 0, observers: 0, liveness: { nextAlarmAt: null } })
  })
})

describe.concurrent("FANOUT_PER_SECOND", () => {
  /** Ten connections, of which one speaks. */
  async function ten(): Promise<Awaited<ReturnType<typeof connect>>[]> {
    const room = freshRoom()
    const clients = await Promise.all(Array.from({ length: 10 }, (_, i) => connect(small, { room, member: `member-${i}` })))
    await clients[0]?.enter({})
    await silence(600)
    return clients
  }

  it("[PC3] stretches the tick to connections ÷ it", async () => {
    const [anna, bert] = await ten()
    if (anna === undefined || bert === undefined) throw new Error("ten were asked for")
    const heard = bert.all("presence").length
    const from = Date.now()
    for (let x = 0; Date.now() < from + 2000; x++) {
      await anna.ask({ type: "update", data: { x } })
      await silence(25)
    }
    const frames = bert.all("presence").length - heard
    const ticks = (Date.now() - from) / ((1000 * 10) / FANOUT)
    expect(frames).toBeLessThanOrEqual(ticks + 1)
    expect(frames).toBeGreaterThanOrEqual(ticks / 2)
  })

  it("[PC4] counts messages, loses none, and keeps them in order", async () => {
    const clients = await ten()
    const [anna, bert] = clients
    if (anna === undefined || bert === undefined) throw new Error("ten were asked for")
    const heard = bert.frames.length
    const from = Date.now()
    for (let n = 0; n < 8; ) {
      anna.send({ type: "update", data: { n } })
      const answer = await anna.request({ type: "send", event: "n", data: n })
      // A room that is full of waiting messages says so, and loses none that it took.
      if (answer.type === "ack") n++
      else expect(answer.code).toBe("too_fast")
      if (answer.type === "error") await silence(50)
    }
    for (const client of clients) await client.until(() => client.all("message").length === 8, "all messages", 10_000)
    for (const client of clients) expect(client.all("message").map(({ data }) => data)).toEqual([0, 1, 2, 3, 4, 5, 6, 7])
    for (const [i, frame] of bert.frames.entries()) {
      const before = bert.frames.slice(0, i).findLast(({ type }) => type === "presence")
      if (frame.type === "message" && before?.type === "presence") {
        expect(before.update?.[String(anna.ref)], "what the room saw before the message").toEqual({ n: frame.data })
      }
    }
    // 80 messages and up to 80 patches to ten at 40 a second: two seconds at the very least, less what one flush may begin.
    expect(Date.now() - from).toBeGreaterThan(1000)
    const busiest = bert.times.slice(heard).map((time) => bert.times.filter((other) => other >= time && other < time + 1000).length)
    expect(Math.max(...busiest) * clients.length).toBeLessThanOrEqual(2 * FANOUT)
  })
})
