import { runInDurableObject } from "cloudflare:test"
import { describe, expect, it, vi } from "vitest"
import { connect, crash, hibernate, newRoom, requestConnect, runAlarm, stubOf, tokenFor } from "./room-client.ts"

const RETENTION = 2_592_000_000

function stored(room: string): Promise<{ tables: string[]; alarm: number | null }> {
  return runInDurableObject(stubOf(room), async (_room, state) => ({
    tables: state.storage.sql
      .exec<{ name: string }>("SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE '\\_cf\\_%' ESCAPE '\\'")
      .toArray()
      .map(({ name }) => name),
    alarm: await state.storage.getAlarm(),
  }))
}

function rows(room: string, table: string): Promise<unknown[]> {
  return runInDurableObject(stubOf(room), (_room, state) => state.storage.sql.exec(`SELECT * FROM ${table}`).toArray())
}

describe("what a room stores", () => {
  it("[NF2] is nothing for a room that was only asked about, or only watched", async () => {
    const asked = newRoom()
    await stubOf(asked).stats(asked)
    const refused = await requestConnect(asked, await tokenFor("anna", { rooms: {} }))
    expect(refused.status).toBe(403)
    await refused.text()
    expect(await stored(asked)).toEqual({ tables: [], alarm: null })
    const watched = newRoom()
    const anna = await connect(watched, "anna")
    anna.close(1000)
    await vi.waitFor(() => expect(anna.closed.code).toBe(1000))
    expect(await stored(watched)).toEqual({ tables: [], alarm: null })
  })

  it("[NF1] [NF3] is last seen alone once everybody left, until its retention ends; then nothing", async () => {
    const room = newRoom()
    const anna = await connect(room, "anna")
    await anna.ask({ type: "enter", data: {} })
    anna.close(1000)
    await vi.waitFor(() => expect(anna.closed.code).toBe(1000))
    expect(await rows(room, "connections")).toEqual([])
    expect(await rows(room, "seen")).toEqual([{ member: "anna", at: expect.any(Number) }])
    const { alarm } = await stored(room)
    expect(alarm).toBeGreaterThan(Date.now() + RETENTION - 5000)
    await hibernate(room)
    vi.useFakeTimers({ toFake: ["Date"] })
    try {
      vi.setSystemTime(Date.now() + RETENTION + 1)
      await runAlarm(room)
    } finally {
      vi.useRealTimers()
    }
    expect(await stored(room)).toEqual({ tables: [], alarm: null })
  })

  it("[NF4] is made anew by whoever comes after all was deleted", async () => {
    const room = newRoom()
    const anna = await connect(room, "anna")
    anna.close(1000)
    await vi.waitFor(() => expect(anna.closed.code).toBe(1000))
    const bert = await connect(room, "bert")
    await bert.ask({ type: "enter", data: { x: 1 } })
    await crash(room)
    const back = await connect(room, "bert", { session: bert.welcome.session })
    expect(back.welcome).toMatchObject({ resumed: true, present: [{ data: { x: 1 } }] })
  })

  it("[HB10] is not touched by an idle room: a sleep and a wake-up write no row", async () => {
    const room = newRoom()
    const anna = await connect(room, "anna")
    await anna.ask({ type: "enter", data: {} })
    const changes = () =>
      runInDurableObject(stubOf(room), (_room, state) => state.storage.sql.exec<{ n: number }>("SELECT total_changes() AS n").one().n)
    // Counted since the database was opened, which a wake-up does anew.
    for (let i = 0; i < 3; i++) {
      await hibernate(room)
      await anna.ask({ type: "update", data: { i } })
      await anna.ask({ type: "pong" })
      await anna.sync()
      expect(await changes()).toBe(0)
    }
    await anna.ask({ type: "leave" })
    expect(await changes()).toBeGreaterThan(0)
  })
})
