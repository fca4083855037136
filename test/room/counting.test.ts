/** What a room counts, over sleeps and reports: none is lost, and none is told twice. */

import { exports } from "cloudflare:workers"
import { afterEach, expect, it, vi } from "vitest"
import { z } from "zod"
import { emptyRoster, enter, open } from "../../src/core/roster.ts"
import { decodeAttachment, encodeAttachment } from "../../src/room/attachment.ts"
import { newTallies } from "../../src/room/tallies.ts"
import { connect, crash, hibernate, newRoom, type RoomClient, runAlarm } from "./room-client.ts"

type Counters = Record<string, number>
const totals = z.object({ counters: z.record(z.string(), z.number()) })

afterEach(() => vi.useRealTimers())

async function counters(): Promise<Counters> {
  const response = await exports.default.fetch("https://rollcall.test/v1/admin/stats", {
    headers: { authorization: "Bearer test-admin-key" },
  })
  return totals.parse(await response.json()).counters
}

/** How much each of these grew. */
async function grownBy(names: readonly string[], before: Counters): Promise<number[]> {
  const now = await counters()
  return names.map((name) => (now[name] ?? 0) - (before[name] ?? 0))
}

const WAIT = { timeout: 4000, interval: 20 }

async function move(client: RoomClient, times: number): Promise<void> {
  for (let x = 0; x < times; x++) await client.ask({ type: "update", data: { x } })
  // The end of the tick: a room does not fall asleep before.
  await vi.waitFor(() => expect(client.picture.get(client.welcome.ref)?.data).toMatchObject({ x: times - 1 }), WAIT)
}

/** A minute after the last report a sweep tells what was counted. */
async function reportBySweep(room: string, client: RoomClient): Promise<void> {
  vi.setSystemTime(Date.now() + 65_000)
  await client.ask({ type: "pong" })
  await runAlarm(room)
}

it("[MT8] outlives its sleeps, and goes with the next report, once", async () => {
  const room = newRoom()
  const before = await counters()
  const anna = await connect(room, "anna")
  const bert = await connect(room, "bert")
  await anna.ask({ type: "enter", data: {} })
  for (let sleep = 0; sleep < 5; sleep++) {
    await move(anna, 3)
    await bert.ask({ type: "send", event: "e", data: sleep })
    expect((await bert.ask({ type: "nonsense" })).type).toBe("error")
    // Who carries may go: another takes over.
    if (sleep === 2) {
      bert.close(1000)
      await vi.waitFor(async () => expect(await anna.sync()).toHaveLength(1), WAIT)
      break
    }
    await hibernate(room)
  }
  // In the middle of it a report, told by the alarm, and a sleep right behind it.
  await reportBySweep(room, anna)
  const names = ["updates", "messages", "errors.unknown_type", "enters"]
  await vi.waitFor(async () => expect(await grownBy(names, before)).toEqual([9, 3, 3, 1]), WAIT)
  for (let sleep = 0; sleep < 3; sleep++) {
    await hibernate(room)
    // The clock stands still for who set it, and what is carried is told from what was reported by it.
    vi.setSystemTime(Date.now() + 1)
    await move(anna, 2)
  }
  await hibernate(room)
  anna.close(1000)
  const all = [...names, "leaves.left", "wakeups"]
  // Constructed at first, and by what came after each of six sleeps.
  await vi.waitFor(async () => expect(await grownBy(all, before)).toEqual([15, 3, 3, 1, 1, 7]), WAIT)
  const [framesIn, framesOut] = await grownBy(["framesIn", "framesOut"], before)
  // enter, updates, messages, nonsense, and a sync or more.
  expect(framesIn).toBeGreaterThanOrEqual(1 + 15 + 3 + 3 + 1)
  expect(framesOut).toBeGreaterThanOrEqual(anna.frames.length + bert.frames.length)
})

it("[MT8] a crash takes it, and nothing else", async () => {
  const room = newRoom()
  const anna = await connect(room, "anna")
  await anna.ask({ type: "enter", data: {} })
  await reportBySweep(room, anna)
  await vi.waitFor(async () => expect((await grownBy(["enters"], {}))[0]).toBeGreaterThan(0), WAIT)
  const before = await counters()
  await move(anna, 4)
  await crash(room)
  const again = await connect(room, "anna")
  await again.ask({ type: "enter", data: {} })
  await move(again, 2)
  await reportBySweep(room, again)
  await vi.waitFor(async () => expect((await grownBy(["updates"], before))[0]).toBe(2), WAIT)
  again.close(1000)
})

it("[MT8] never takes the bytes that a connection's data needs", () => {
  const now = Date.now()
  const grants = { subscribe: true, presence: true, message: true }
  const counted = { at: now, counts: { framesIn: 12_345, "errors.bad_json": 1 } }
  for (const [bytes, isCarried] of [
    [100, true],
    [9000, true],
    [10_200, false],
  ] as const) {
    const roster = emptyRoster()
    const identity = { member: "anna", info: { text: "i".repeat(4000) }, grants, expiresAt: now }
    const connection = open(roster, crypto.randomUUID(), identity, 60, now)
    enter(roster, connection, { text: "x".repeat(bytes) }, 11_000, now)
    for (let pad = 0; pad < 2000; pad += 100) {
      connection.info = { text: "i".repeat(4000), pad: "p".repeat(isCarried ? 0 : pad) }
      if (connection.entry !== null) connection.entry = { ...connection.entry, info: connection.info }
      const without = encodeAttachment(connection, newTallies(now))
      const encoded = encodeAttachment(connection, newTallies(now), counted)
      const carried = decodeAttachment(encoded, 60, now)?.counted
      if (isCarried) expect(carried).toEqual(counted)
      else if (carried === null) expect(encoded).toEqual(without)
      else expect(encoded.length).toBeLessThanOrEqual(16_001)
    }
  }
})
