/** The counts that the bill of docs/cost.md is made of (bench/cost), held against rooms and the directory at work. */
import { runInDurableObject } from "cloudflare:test"
import { env } from "cloudflare:workers"
import { afterAll, beforeAll, expect, it, vi } from "vitest"
import { COUNTS, type Counts, type Event, INDEX_ROWS_PER_HOUR, ROOM_BYTES, ROWS_READ_PER_WAKE } from "../../bench/cost/counts.ts"
import { HOUR, REFRESH_MS, steadyHour } from "../../bench/cost/steady-hour.ts"
import { Meter } from "./meter.ts"
import { connect, hibernate, newRoom, type RoomClient, runAlarm, stubOf, tokenFor } from "./room-client.ts"

const MEMBERS = 20
const JOINS_EVERY = 10_000
const SETTLES = 600_000

let meter: Meter

beforeAll(async () => {
  meter = await Meter.start()
  vi.useFakeTimers({ toFake: ["Date"] })
  // The index is written anew when a lease passes a full hour: that none does among single events.
  vi.setSystemTime(Math.ceil(Date.now() / HOUR) * HOUR + 60_000)
})

afterAll(() => {
  meter.stop()
  vi.useRealTimers()
  Object.assign(env, { IDLE_TIMEOUT_MS: "1800000" })
})

/** Past the pause between two reports. */
function later(ms = 2000): void {
  vi.setSystemTime(Date.now() + ms)
}

it("[CS2] connects, enters, updates, goodbyes and reports write and run what the bill counts for them", async () => {
  const room = newRoom()
  const counted: Partial<Record<Event, Counts>> = {}
  const count = async (event: Event, happens: () => Promise<unknown>, reports: { due: number; alarmRuns: number }) => {
    // An enter comes at once after its connect, so its report has to wait.
    if (event !== "enter") later()
    meter.reset()
    await happens()
    for (let i = 0; i < reports.alarmRuns; i++) {
      later()
      await runAlarm(room)
    }
    await vi.waitFor(() => expect(meter.counts.reports).toBe(reports.due), { timeout: 3000, interval: 2 })
    await meter.told()
    await stubOf(room).stats(room)
    const { rows, alarmsSet, directoryRows } = meter.counts
    counted[event] = { rows, alarmsSet, directoryRows, reports: reports.due, alarmRuns: reports.alarmRuns }
  }
  const clients: RoomClient[] = []
  const come = (member: string) => async () => clients.push(await connect(room, member))
  const enter = (i: number) => async () => expect(await clients[i]?.ask({ type: "enter", data: { x: -1 } })).toMatchObject({ type: "ack" })
  const move = async () => {
    for (let x = 0; x < 20; x++) clients[0]?.send({ type: "update", data: { x } })
    await vi.waitFor(() => expect(clients[0]?.picture.get(clients[0].welcome.ref)?.data).toEqual({ x: 19 }), { timeout: 3000, interval: 2 })
  }

  await count("first connect", come("anna"), { due: 1, alarmRuns: 0 })
  await count("enter", enter(0), { due: 1, alarmRuns: 1 })
  await count("20 updates", move, { due: 0, alarmRuns: 0 })
  await count("connect", come("bert"), { due: 1, alarmRuns: 0 })
  const first = counted.enter
  await count("enter", enter(1), { due: 1, alarmRuns: 1 })
  expect(counted.enter).toEqual(first)
  await count(
    "goodbye",
    async () => {
      clients[1]?.close(1000)
      await clients[0]?.next("presence", ({ leave }) => leave !== undefined)
    },
    { due: 1, alarmRuns: 0 },
  )
  // A sweep finds that people moved, a minute after the last report.
  await move()
  later(65_000)
  await count("busy report", async () => clients[0]?.ask({ type: "pong" }), { due: 1, alarmRuns: 1 })
  const { alarmsSet = 0, alarmRuns = 0, ...report } = counted["busy report"] ?? {}
  // The alarm is the sweep's own, and counted as such.
  expect({ alarmsSet, alarmRuns }).toEqual({ alarmsSet: 1, alarmRuns: 1 })
  const { "idle report": _, "busy report": busy, ...events } = COUNTS
  expect({ ...counted, "busy report": { ...report, alarmsSet: 0, alarmRuns: 0 } }).toEqual({ ...events, "busy report": busy })
})

it("[CS3] an idle hour of 20 members is the hour that the bill counts: alarms, rows and reports", { timeout: 120_000 }, async () => {
  Object.assign(env, { IDLE_TIMEOUT_MS: "0" })
  const scene = new IdleScene(newRoom())
  const start = Math.ceil(Date.now() / 1000) * 1000
  for (let i = 0; i < MEMBERS; i++) {
    await scene.until(start + i * JOINS_EVERY)
    await scene.join(`member-${i}`)
  }
  const from = start + (MEMBERS - 1) * JOINS_EVERY + SETTLES
  await scene.until(from)
  meter.reset()
  scene.alarmRuns = 0
  scene.tokens = 0
  await scene.until(from + HOUR)
  await meter.told()

  const clocks = { interval: 30_000, timeout: 90_000, awayAfter: 300_000, idleAfter: 0 }
  const hour = steadyHour({
    members: MEMBERS,
    clocks,
    tokenMs: HOUR,
    doing: "answer",
    joinsEveryMs: JOINS_EVERY,
    settlesMs: SETTLES,
  })
  const { rows, rowsRead, alarmsSet, directoryRows, reports } = meter.counts
  const { alarmRuns, tokens } = scene
  expect({ alarmRuns, alarmsSet, reports, tokens, pings: 0 }).toEqual(hour)
  expect({ rows, directoryRows }).toEqual({
    rows: hour.reports * COUNTS["idle report"].rows,
    directoryRows: hour.reports * COUNTS["idle report"].directoryRows + INDEX_ROWS_PER_HOUR,
  })
  expect(rowsRead).toBe((alarmRuns + tokens) * (ROWS_READ_PER_WAKE.room + ROWS_READ_PER_WAKE.member * MEMBERS))
  expect(await runInDurableObject(stubOf(scene.room), (_, { storage }) => storage.sql.databaseSize)).toBe(ROOM_BYTES)
})

/** A room in virtual time, asleep whenever nothing is due. Its members answer when asked, and hand in fresh tokens. */
class IdleScene {
  readonly room: string
  readonly #clients: RoomClient[] = []
  readonly #refreshes: { readonly at: number; readonly client: RoomClient; readonly member: string }[] = []
  readonly #read = new Map<RoomClient, number>()
  alarmRuns = 0
  tokens = 0

  constructor(room: string) {
    this.room = room
  }

  async join(member: string): Promise<void> {
    const client = await connect(this.room, member, { claims: { exp: (Date.now() - (Date.now() % 1000) + HOUR) / 1000 } })
    this.#clients.push(client)
    await client.ask({ type: "enter", data: {} })
    await quiet(this.#clients)
  }

  async until(end: number): Promise<void> {
    for (;;) {
      const alarmAt = this.#clients.length === 0 ? Number.POSITIVE_INFINITY : meter.counts.alarmAt
      const next = Math.min(alarmAt, this.#refreshes[0]?.at ?? Number.POSITIVE_INFINITY)
      if (next > end) break
      await hibernate(this.room)
      vi.setSystemTime(next)
      if (alarmAt === next) await this.#alarm()
      else await this.#refresh()
    }
    vi.setSystemTime(end)
  }

  async #alarm(): Promise<void> {
    this.alarmRuns++
    const now = Date.now()
    await runAlarm(this.room)
    await quiet(this.#clients)
    for (const [i, client] of this.#clients.entries()) {
      for (const { type } of client.frames.slice(this.#read.get(client) ?? 0)) {
        if (type === "heartbeat") client.send({ type: "pong" })
        if (type === "expiring") this.#refreshes.push({ at: now + REFRESH_MS, client, member: `member-${i}` })
      }
      this.#read.set(client, client.frames.length)
    }
    await quiet(this.#clients)
  }

  async #refresh(): Promise<void> {
    const refresh = this.#refreshes.shift()
    if (refresh === undefined) return
    this.tokens++
    const token = await tokenFor(refresh.member, { exp: Math.floor((refresh.at + HOUR) / 1000) })
    expect(await refresh.client.ask({ type: "auth", token })).toMatchObject({ type: "ack" })
  }
}

/** Until no frame has come for a few turns of the event loop, which delivers them. */
async function quiet(clients: readonly RoomClient[]): Promise<void> {
  const frames = () => clients.reduce((sum, client) => sum + client.frames.length, 0)
  let before = -1
  for (let turns = 0; turns < 3; turns++) {
    await new Promise((resolve) => setTimeout(resolve, 1))
    if (frames() !== before) turns = 0
    before = frames()
  }
}
