/** How long the directory believes a room, what a report costs, and what becomes of storage that older code has made. */
import { evictDurableObject, runDurableObjectAlarm, runInDurableObject } from "cloudflare:test"
import { env, exports } from "cloudflare:workers"
import { afterEach, describe, expect, it, vi } from "vitest"
import { Directory, FORGET, NEXT_TO_FORGET, type Report } from "../../src/directory/directory.ts"
import { shardName, shardOf } from "../../src/directory/shard.ts"
import { roomPageSchema, totalsSchema } from "../../src/protocol/admin.ts"
import { connect, crash, newRoom, runAlarm } from "./room-client.ts"

const MINUTE = 60_000
const LEASE = 10 * MINUTE
const WAIT = { timeout: 4000, interval: 20 }

async function admin(path: string, method = "GET", body?: unknown): Promise<unknown> {
  const response = await exports.default.fetch(`https://rollcall.test/v1/admin/${path}`, {
    method,
    headers: { authorization: "Bearer test-admin-key" },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  })
  expect(response.status).toBe(200)
  return response.json()
}

const listed = async (room: string) => roomPageSchema.parse(await admin(`rooms?prefix=${room}`)).rooms
const counters = async () => totalsSchema.parse(await admin("stats")).counters

function shard(name: string): DurableObjectStub<Directory> {
  if (env.DIRECTORY === undefined) throw new Error("there is no directory")
  return env.DIRECTORY.getByName(name)
}
const shardFor = (room: string) => shard(shardName(shardOf(room, 4)))

const rowsOf = (of: DurableObjectStub<Directory>) =>
  runInDurableObject(of, (_, { storage }) => [...storage.sql.exec<{ room: string }>("SELECT room FROM rooms")].map(({ room }) => room))

const reported = (room: string, more: Partial<Report> = {}): Report => ({
  ...{ room, members: 1, connections: 1, observers: 0, since: 1, leaseMs: LEASE, counters: {} },
  ...more,
})

afterEach(() => {
  vi.useRealTimers()
  vi.restoreAllMocks()
})

describe("a lease", () => {
  it("[DR5] of a room that crashed and never came back ends, and is told no longer", async () => {
    const room = newRoom()
    await connect(room, "anna")
    await vi.waitFor(async () => expect(await listed(room)).toHaveLength(1), WAIT)
    const at = Date.now()
    await crash(room)
    vi.setSystemTime(at + LEASE - 1000)
    expect(await listed(room)).toHaveLength(1)
    vi.setSystemTime(at + LEASE + 1000)
    expect(await listed(room)).toEqual([])
    // Its row goes at the next full hour.
    vi.setSystemTime(at + LEASE + 60 * MINUTE)
    await runDurableObjectAlarm(shardFor(room))
    expect(await rowsOf(shardFor(room))).not.toContain(room)
  })

  it("[DR8] of a room of bots alone, which nothing else wakes, is renewed by its alarm for as long as they stay", async () => {
    const room = newRoom()
    await admin(`rooms/${room}/members/bot`, "PUT", { ttl: 24 * 60 * MINUTE })
    await vi.waitFor(async () => expect(await listed(room)).toHaveLength(1), WAIT)
    let now = Date.now()
    for (let i = 0; i < 4; i++) {
      const { nextAlarmAt } = Object(Object(await admin(`rooms/${room}`)).liveness)
      expect(nextAlarmAt).toBeGreaterThan(now + LEASE / 2)
      expect(nextAlarmAt).toBeLessThan(now + LEASE)
      now = nextAlarmAt
      vi.setSystemTime(now)
      await runAlarm(room)
      vi.setSystemTime(now + LEASE / 2)
      await vi.waitFor(async () => expect(await listed(room)).toHaveLength(1), WAIT)
      vi.setSystemTime(now)
    }
  })

  it("[DR9] a report that failed is told again, and counted once", async () => {
    const room = newRoom()
    const before = await counters()
    vi.spyOn(Directory.prototype, "report").mockRejectedValueOnce(new Error("the directory is away"))
    const anna = await connect(room, "anna")
    await anna.ask({ type: "enter", data: {} })
    await vi.waitFor(async () => expect(await listed(room)).toMatchObject([{ members: 1, connections: 1 }]), WAIT)
    expect((await counters())["enters"]).toBe((before["enters"] ?? 0) + 1)
    vi.mocked(Directory.prototype.report).mockRejectedValueOnce(new Error("the directory is away"))
    anna.close(1000)
    await vi.waitFor(async () => expect(await listed(room)).toEqual([]), WAIT)
  })
})

describe("a shard's storage", () => {
  it("[DR6] what is past its lease is found by an index", async () => {
    const of = shard("plan")
    await of.report(reported("a"))
    const plans = await runInDurableObject(of, (_, { storage: { sql } }) => [
      ...sql.exec<{ detail: string }>(`EXPLAIN QUERY PLAN ${FORGET}`, 1),
      ...sql.exec<{ detail: string }>(`EXPLAIN QUERY PLAN ${NEXT_TO_FORGET}`),
    ])
    expect(plans.map(({ detail }) => detail)).toEqual([
      expect.stringMatching(/^SEARCH rooms USING .*INDEX rooms_to_forget/),
      expect.stringMatching(/^SEARCH rooms USING .*INDEX rooms_to_forget/),
    ])
  })

  it("[DR6] a report writes one row, and the index at most once an hour", async () => {
    const of = shard("costs")
    vi.setSystemTime(Date.UTC(2030, 0, 1, 12, 5))
    await of.report(reported("first"))
    const written = await runInDurableObject(of, async (directory, { storage: { sql } }) => {
      const exec = vi.spyOn(sql, "exec")
      const costs: number[] = []
      for (const minute of [5, 6, 30, 55, 56]) {
        vi.setSystemTime(Date.UTC(2030, 0, 1, 12, minute))
        exec.mockClear()
        await directory.report(reported("room", { members: minute }))
        costs.push(exec.mock.results.reduce((sum, { value }) => sum + Object(value).rowsWritten, 0))
      }
      exec.mockRestore()
      return costs
    })
    expect(written).toEqual([2, 1, 1, 2, 1])
  })

  it("[DR6] storage that was made before is taken over as it is", async () => {
    const of = shard("before")
    const now = Date.now()
    await runInDurableObject(of, async (_, { storage }) => {
      storage.sql.exec(`
        CREATE TABLE rooms (
          room TEXT PRIMARY KEY, members INTEGER NOT NULL, connections INTEGER NOT NULL, observers INTEGER NOT NULL,
          since INTEGER NOT NULL, reported_at INTEGER NOT NULL, lease_until INTEGER NOT NULL) WITHOUT ROWID;
        CREATE TABLE counters (name TEXT PRIMARY KEY, value INTEGER NOT NULL) WITHOUT ROWID;`)
      for (const [room, until] of [["gone", now - 1] as const, ["here", now + LEASE] as const, ["idle", now + LEASE] as const]) {
        storage.sql.exec("INSERT INTO rooms VALUES (?, 1, 1, 0, 1, ?, ?)", room, now, until)
      }
      await storage.setAlarm(now + LEASE)
    })
    await evictDurableObject(of)
    await of.report(reported("here", { members: 7 }))
    await of.report(reported("new"))
    const rooms = await of.list({ prefix: "", after: "", limit: 10 })
    expect(rooms.map(({ room, members }) => [room, members])).toEqual([
      ["here", 7],
      ["idle", 1],
      ["new", 1],
    ])
    expect(await of.totals()).toMatchObject({ rooms: 3, members: 9 })
    await evictDurableObject(of)
    vi.setSystemTime(now + LEASE + 1)
    await runDurableObjectAlarm(of)
    expect(await rowsOf(of)).toEqual(["here", "new"])
    vi.setSystemTime(now + LEASE + 60 * MINUTE)
    await runDurableObjectAlarm(of)
    expect(await rowsOf(of)).toEqual([])
  })
})
