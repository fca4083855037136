/** What the directory promises while the service goes down and comes back: with another number of shards, or without some of its rooms. */
import { readdirSync, rmSync } from "node:fs"
import { join } from "node:path"
import { DatabaseSync } from "node:sqlite"
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest"
import { createAdmin } from "../../src/server/index.ts"
import { DEV_ADMIN_KEY, type Service, startService } from "./service.ts"
import { enter, freshRoom } from "./wire-client.ts"

const REPORT_MS = 200
const WAIT = { timeout: 10_000, interval: 50 }
const TTL = 3_600_000

let service: Service
const adminHere = () => createAdmin({ url: service.url, key: DEV_ADMIN_KEY, timeoutMs: 20_000 })
const sharded = (shards: number, before = 0) => ({ REPORT_MS, DIRECTORY_SHARDS: shards, DIRECTORY_SHARDS_BEFORE: before })

/** Every room of every page, in the order in which it was told. */
async function list(prefix: string, limit = 7): Promise<string[]> {
  const names: string[] = []
  for await (const { rooms } of adminHere().roomPages({ prefix, limit })) names.push(...rooms.map(({ room }) => room))
  return names
}

/** The databases that hold the objects of a class. */
function databasesOf(folder: string, className: string): string[] {
  const files = readdirSync(folder, { recursive: true, encoding: "utf8" })
  return files.filter((file) => file.includes(`-${className}/`) && /[0-9a-f]{64}\.sqlite$/.test(file)).map((file) => join(folder, file))
}

beforeEach(async () => {
  service = await startService(sharded(4))
})
afterEach(() => service.kill())

describe("a service that comes back", () => {
  it("[DR7] with another number of shards lists each room once, from the first answer on, and while they move", {
    timeout: 90_000,
  }, async () => {
    const prefix = `${freshRoom()}-`
    let rooms = Array.from({ length: 40 }, (_, i) => `${prefix}${String(i).padStart(2, "0")}`)
    const place = (member: string) => Promise.all(rooms.map((room) => adminHere().place(room, member, { ttl: TTL })))
    await place("bot")
    await vi.waitFor(async () => expect(await list(prefix)).toEqual(rooms), WAIT)

    for (const [shards, before] of [[7, 4] as const, [2, 7] as const]) {
      service = await service.restart(sharded(shards, before))
      expect(await list(prefix)).toEqual(rooms)
      // Each change is a report to the new shard, and a room's end must be known in both.
      let isMoving = true
      const moves = place(`bot-${shards}`).finally(() => {
        isMoving = false
      })
      while (isMoving) expect(await list(prefix)).toEqual(rooms)
      await moves
      const [first = "", ...staying] = rooms
      await adminHere().close(first)
      rooms = staying
      await vi.waitFor(async () => {
        expect(await list(prefix)).toEqual(rooms)
        const summaries = (await adminHere().rooms({ prefix, limit: 1000 })).rooms
        expect(new Set(summaries.map(({ members }) => members))).toEqual(new Set([shards === 7 ? 2 : 3]))
        expect(await adminHere().totals()).toMatchObject({ rooms: rooms.length, members: rooms.length * (shards === 7 ? 2 : 3) })
      }, WAIT)
    }
    // All have moved: the old number need not be named any more.
    service = await service.restart(sharded(2))
    expect(await list(prefix)).toEqual(rooms)
    expect(await adminHere().totals()).toMatchObject({ rooms: rooms.length, members: rooms.length * 3 })
  })

  it("[DR5] after a kill tells rooms that never come back until their leases end, and then no longer", { timeout: 90_000 }, async () => {
    const lost = freshRoom()
    await enter(service, { room: lost, member: "anna" })
    await adminHere().place(lost, "bot", { ttl: TTL })
    await vi.waitFor(async () => expect(await adminHere().totals()).toMatchObject({ rooms: 1, members: 2, connections: 1 }), WAIT)
    service = await service.restart(sharded(4), (folder) => {
      for (const file of databasesOf(folder, "Room")) for (const end of ["", "-wal", "-shm"]) rmSync(file + end, { force: true })
    })
    expect(await list(lost)).toEqual([lost])
    // Ten minutes are too long for a test: the leases are made as old as they would be then.
    service = await service.restart(sharded(4), (folder) => {
      const ended = databasesOf(folder, "Directory").map((file) => {
        const database = new DatabaseSync(file)
        // A shard that no room was told to has no table yet.
        const isUsed = database.prepare("SELECT 1 FROM sqlite_master WHERE name = 'rooms'").get() !== undefined
        const changes = isUsed ? Number(database.prepare("UPDATE rooms SET lease_until = ?").run(Date.now()).changes) : 0
        database.close()
        return changes
      })
      expect(ended.reduce((sum, changes) => sum + changes, 0)).toBe(1)
    })
    expect(await list(lost)).toEqual([])
    expect(await adminHere().totals()).toMatchObject({ rooms: 0, members: 0, connections: 0 })
    // Its name is free for a room that is there.
    await adminHere().place(lost, "bot", { ttl: TTL })
    await vi.waitFor(async () => expect(await adminHere().totals()).toMatchObject({ rooms: 1, members: 1, connections: 0 }), WAIT)
    expect(await list(lost)).toEqual([lost])
  })
})
