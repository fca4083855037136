import { evictDurableObject, runDurableObjectAlarm, runInDurableObject } from "cloudflare:test"
import { env, exports } from "cloudflare:workers"
import { describe, expect, it, vi } from "vitest"
import { z } from "zod"
import { shardName, shardOf } from "../../src/directory/shard.ts"
import { roomPageSchema, totalsSchema } from "../../src/protocol/admin.ts"
import { connect, crash, hibernate, newRoom, runAlarm } from "./room-client.ts"

async function admin(path: string): Promise<unknown> {
  const response = await exports.default.fetch(`https://rollcall.test/v1/admin/${path}`, {
    headers: { authorization: "Bearer test-admin-key" },
  })
  expect(response.status).toBe(200)
  return response.json()
}

const rooms = async (query: string) => roomPageSchema.parse(await admin(`rooms?${query}`))
const totals = async () => totalsSchema.parse(await admin("stats"))
const WAIT = { timeout: 4000, interval: 20 }

describe("the directory", () => {
  it("[DR3] lists a room while somebody is in it, and no longer", async () => {
    const room = newRoom()
    const anna = await connect(room, "anna")
    await vi.waitFor(
      async () => expect((await rooms(`prefix=${room}`)).rooms).toMatchObject([{ room, members: 0, connections: 1, observers: 1 }]),
      WAIT,
    )
    await anna.ask({ type: "enter", data: {} })
    // Told by the alarm, as the first change was told just now.
    vi.setSystemTime(Date.now() + 5000)
    await runAlarm(room)
    await vi.waitFor(
      async () => expect((await rooms(`prefix=${room}`)).rooms).toMatchObject([{ room, members: 1, connections: 1, observers: 0 }]),
      WAIT,
    )
    await hibernate(room)
    anna.close(1000)
    await vi.waitFor(async () => expect((await rooms(`prefix=${room}`)).rooms).toEqual([]), WAIT)
    vi.useRealTimers()
  })

  it("[DR4] pages through all shards in one order, none twice and none left out", async () => {
    const prefix = newRoom()
    const names = Array.from({ length: 23 }, (_, i) => `${prefix}-${String(i).padStart(2, "0")}`)
    await Promise.all(names.map((name) => connect(name, "anna")))
    expect(new Set(names.map((name) => shardOf(name, 4))).size).toBe(4)
    await vi.waitFor(async () => expect((await rooms(`prefix=${prefix}&limit=1000`)).rooms).toHaveLength(23), WAIT)
    const found: string[] = []
    let cursor: string | null = ""
    while (cursor !== null) {
      const page = await rooms(`prefix=${prefix}&limit=5&cursor=${cursor}`)
      found.push(...page.rooms.map(({ room }) => room))
      cursor = page.cursor
    }
    expect(found).toEqual(names)
    expect(await totals()).toMatchObject({ rooms: expect.any(Number) })
    expect((await totals()).rooms).toBeGreaterThanOrEqual(23)
  })

  it("[DR5] forgets a room that says nothing any more when its lease ends", async () => {
    const room = newRoom()
    const shard = env.DIRECTORY?.getByName(shardName(shardOf(room, 4)))
    await shard?.report({ room, members: 1, connections: 1, observers: 0, since: 1, leaseMs: 300, counters: { updates: 2 } })
    expect((await rooms(`prefix=${room}`)).rooms).toHaveLength(1)
    await vi.waitFor(async () => expect((await rooms(`prefix=${room}`)).rooms).toEqual([]), WAIT)
    if (shard !== undefined) await runDurableObjectAlarm(shard)
    expect((await totals()).counters["updates"]).toBeGreaterThanOrEqual(2)
  })

  it("[DR5] a room that crashed goes once its dead have left", async () => {
    const room = newRoom()
    const anna = await connect(room, "anna")
    await anna.ask({ type: "enter", data: {} })
    await vi.waitFor(async () => expect((await rooms(`prefix=${room}`)).rooms).toHaveLength(1), WAIT)
    await crash(room)
    vi.setSystemTime(Date.now() + 60_000)
    await runAlarm(room)
    vi.setSystemTime(Date.now() + 60_000)
    await runAlarm(room)
    await vi.waitFor(async () => expect((await rooms(`prefix=${room}`)).rooms).toEqual([]), WAIT)
    vi.useRealTimers()
  })

  it("[MT7] keeps what was counted in one row, and goes on from the rows of an older release", async () => {
    const shard = env.DIRECTORY?.getByName(`shard-${crypto.randomUUID()}`)
    if (shard === undefined) throw new Error("no directory is bound")
    await runInDurableObject(shard, (_, { storage: { sql } }) => {
      sql.exec(
        "CREATE TABLE rooms (room TEXT PRIMARY KEY, members INTEGER NOT NULL, connections INTEGER NOT NULL, observers INTEGER NOT NULL, since INTEGER NOT NULL, reported_at INTEGER NOT NULL, lease_until INTEGER NOT NULL) WITHOUT ROWID",
      )
      sql.exec("CREATE TABLE counters (name TEXT PRIMARY KEY, value INTEGER NOT NULL) WITHOUT ROWID")
      sql.exec("INSERT INTO counters VALUES ('updates', 5), ('enters', 7)")
    })
    await evictDurableObject(shard)
    expect((await shard.totals()).counters).toEqual({ updates: 5, enters: 7 })
    const report = { room: "r", members: 1, connections: 1, observers: 0, since: 1, leaseMs: 60_000 }
    await shard.report({ ...report, counters: {} })
    const written = await runInDurableObject(shard, async (directory, { storage: { sql } }) => {
      const exec = vi.spyOn(sql, "exec")
      await directory.report({ ...report, counters: { updates: 1, framesIn: 2, framesOut: 3, "leaves.left": 4 } })
      const rows = exec.mock.results.reduce((sum, { value }) => sum + z.object({ rowsWritten: z.number() }).parse(value).rowsWritten, 0)
      exec.mockRestore()
      return rows
    })
    expect(written).toBe(2)
    expect((await shard.totals()).counters).toEqual({ updates: 6, enters: 7, framesIn: 2, framesOut: 3, "leaves.left": 4 })
  })

  it("[MT1] /metrics says what /v1/admin/stats says, and nobody reads it without a key", async () => {
    const { counters } = await totals()
    const response = await exports.default.fetch("https://rollcall.test/metrics", { headers: { authorization: "Bearer test-admin-key" } })
    const text = await response.text()
    expect(text).toContain(`rollcall_wakeups_total ${counters["wakeups"]}`)
    expect(text).toContain(`rollcall_leaves_total{reason="left"} ${counters["leaves.left"]}`)
    for (const line of text.trimEnd().split("\n"))
      expect(line).toMatch(/^(# (HELP|TYPE) rollcall_\w+ .+|rollcall_\w+(\{\w+="\w+"\})? \d+)$/)
    const refused = await exports.default.fetch("https://rollcall.test/metrics")
    expect(refused.status).toBe(401)
    await refused.text()
  })
})
