import { runInDurableObject } from "cloudflare:test"
import { env, exports } from "cloudflare:workers"
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest"
import { queuedWebhookSchema, webhookSchema } from "../../src/protocol/webhooks.ts"
import { MAX_WAITING } from "../../src/room/announcements.ts"
import { connect, crash, hibernate, newRoom, runAlarm, stubOf } from "./room-client.ts"

const SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"

/** The queue's end at the room: what it took, unless it fails. */
const taken: { id: string; room: string; story: string }[] = []
let isFailing = false
/** What it waits for before it takes anything. */
let answering = Promise.resolve()
const queue = {
  async sendBatch(messages: Iterable<{ body: unknown }>): Promise<void> {
    if (isFailing) throw new Error("the queue is away")
    await answering
    for (const { body } of messages) {
      const { id, room, payload } = queuedWebhookSchema.parse(body)
      const { type, data } = webhookSchema.parse(JSON.parse(payload))
      const words = [type, ...("member" in data ? [data.member] : []), ...("reason" in data ? [data.reason] : [])]
      taken.push({ id, room, story: words.join(" ") })
    }
  },
}

const real = env["WEBHOOKS"]
function set(variables: Record<string, unknown>): void {
  Object.assign(env, variables)
}

beforeEach(() => {
  taken.length = 0
  isFailing = false
  answering = Promise.resolve()
  set({ WEBHOOKS: queue, WEBHOOK_URL: "https://backend.test/hooks", WEBHOOK_SECRET: SECRET, WEBHOOK_RETRY_MS: "60000", GRACE_MS: "0" })
})
afterEach(() => {
  set({ WEBHOOKS: real, WEBHOOK_URL: "", WEBHOOK_SECRET: "", WEBHOOK_RETRY_MS: "5000", GRACE_MS: "10000" })
  vi.useRealTimers()
})

function stories(room: string): string[] {
  return taken.filter((one) => one.room === room).map(({ story }) => story)
}

function tables(room: string): Promise<string[]> {
  return runInDurableObject(stubOf(room), (_room, state) =>
    state.storage.sql
      .exec<{ name: string }>("SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE '\\_cf\\_%' ESCAPE '\\'")
      .toArray()
      .map(({ name }) => name)
      .sort(),
  )
}

function waiting(room: string): Promise<{ rows: number; alarm: number | null }> {
  return runInDurableObject(stubOf(room), async (_room, state) => ({
    rows: state.storage.sql.exec<{ n: number }>("SELECT count(*) AS n FROM outbox").one().n,
    alarm: await state.storage.getAlarm(),
  }))
}

async function later(room: string, ms: number): Promise<void> {
  vi.useFakeTimers({ toFake: ["Date"] })
  vi.setSystemTime(Date.now() + ms)
  await runAlarm(room)
}

async function entered(room: string, member: string) {
  const client = await connect(room, member)
  await client.ask({ type: "enter", data: {} })
  return client
}

describe("webhooks on their way out of a room", () => {
  it("[WH13] wait in its storage while the queue fails, through a crash, and go out in order after it", async () => {
    const room = newRoom()
    isFailing = true
    await entered(room, "anna")
    const { rows, alarm } = await waiting(room)
    expect(rows).toBe(2)
    expect(alarm).not.toBeNull()
    await crash(room)
    isFailing = false
    // The alarm alone wakes it: nobody comes back, so the member leaves as well.
    await later(room, 1)
    await vi.waitFor(() =>
      expect(stories(room)).toEqual(["room.occupied", "member.entered anna", "member.left anna closed", "room.vacated"]),
    )
    await vi.waitFor(async () => expect((await waiting(room)).rows).toBe(0))
    expect(new Set(taken.map(({ id }) => id)).size).toBe(4)
  })

  it("[WH13] are looked after by no alarm that is due already, however long the queue takes to answer", async () => {
    const room = newRoom()
    isFailing = true
    const anna = await entered(room, "anna")
    isFailing = false
    const { promise, resolve } = Promise.withResolvers<void>()
    answering = promise
    vi.useFakeTimers({ toFake: ["Date"] })
    vi.setSystemTime(Date.now() + 120_000)
    await anna.ask({ type: "pong" })
    await runAlarm(room)
    expect((await waiting(room)).alarm).toBeGreaterThan(Date.now() + 1000)
    resolve()
    await vi.waitFor(() => expect(stories(room)).toEqual(["room.occupied", "member.entered anna"]))
  })

  it("[WH10] outlive a closed room until the queue has them; then nothing is left", async () => {
    const room = newRoom()
    await entered(room, "anna")
    await vi.waitFor(() => expect(stories(room)).toHaveLength(2))
    isFailing = true
    await stubOf(room).close()
    expect((await waiting(room)).rows).toBe(2)
    await crash(room)
    isFailing = false
    await later(room, 120_000)
    await vi.waitFor(() => expect(stories(room).slice(2)).toEqual(["member.left anna room_closed", "room.vacated"]))
    await vi.waitFor(async () => expect(await tables(room)).toEqual([]))
  })

  it("[WH7] say nothing of a sleep, nor twice what was said before it", async () => {
    const room = newRoom()
    const anna = await entered(room, "anna")
    await hibernate(room)
    await anna.ask({ type: "update", data: { x: 1 } })
    await anna.ask({ type: "enter", data: {} })
    await anna.ask({ type: "leave" })
    await vi.waitFor(() => expect(stories(room)).toEqual(["room.occupied", "member.entered anna", "member.left anna left", "room.vacated"]))
  })

  it("[WH14] are so many at most: past it the oldest are dropped", async () => {
    const room = newRoom()
    const anna = await entered(room, "anna")
    await vi.waitFor(async () => expect((await waiting(room)).rows).toBe(0))
    isFailing = true
    await runInDurableObject(stubOf(room), (_room, state) => {
      state.storage.transactionSync(() => {
        for (let i = 1; i <= MAX_WAITING; i++) state.storage.sql.exec("INSERT INTO outbox VALUES (?, ?, '{}')", i, `old-${i}`)
      })
    })
    await hibernate(room)
    await anna.ask({ type: "leave" })
    expect((await waiting(room)).rows).toBe(MAX_WAITING)
    const kept = await runInDurableObject(stubOf(room), (_room, state) =>
      state.storage.sql.exec<{ id: string }>("SELECT id FROM outbox ORDER BY sequence").toArray(),
    )
    expect(kept[0]?.id).toBe("old-3")
    expect(kept.at(-1)?.id).toMatch(/^msg_/)
    // An empty room reports at once.
    anna.close(1000)
    const metrics = async () => {
      const response = await exports.default.fetch("https://rollcall.test/metrics", { headers: { authorization: "Bearer test-admin-key" } })
      return response.text()
    }
    await vi.waitFor(async () => expect(await metrics()).toContain("rollcall_webhooks_dropped_total 2\n"), { timeout: 4000, interval: 50 })
    await runInDurableObject(stubOf(room), (_room, state) => state.storage.deleteAll())
  })

  it.each([
    ["no address", { WEBHOOK_URL: "", WEBHOOK_SECRET: "" }],
    ["no queue", { WEBHOOKS: undefined }],
  ])("[WH15] cost nothing without them: %s", async (_what, variables) => {
    set(variables)
    const room = newRoom()
    const anna = await entered(room, "anna")
    expect(await tables(room)).not.toContain("outbox")
    await anna.ask({ type: "leave" })
    await stubOf(room).close()
    expect(await tables(room)).toEqual([])
    expect(taken).toEqual([])
  })

  it("[WH15] that are switched on while somebody is there begin with who is there", async () => {
    const room = newRoom()
    set({ WEBHOOK_URL: "", WEBHOOK_SECRET: "" })
    const anna = await entered(room, "anna")
    set({ WEBHOOK_URL: "https://backend.test/hooks", WEBHOOK_SECRET: SECRET })
    await hibernate(room)
    await anna.ask({ type: "update", data: { x: 1 } })
    await vi.waitFor(() => expect(stories(room)).toEqual(["room.occupied", "member.entered anna"]))
  })

  it("[WH15] that are switched off, and on again, begin anew with who is there then", async () => {
    const room = newRoom()
    const anna = await entered(room, "anna")
    await vi.waitFor(() => expect(stories(room)).toHaveLength(2))
    set({ WEBHOOK_URL: "", WEBHOOK_SECRET: "" })
    await hibernate(room)
    const bert = await entered(room, "bert")
    await anna.ask({ type: "leave" })
    set({ WEBHOOK_URL: "https://backend.test/hooks", WEBHOOK_SECRET: SECRET })
    await hibernate(room)
    await bert.ask({ type: "update", data: { x: 1 } })
    await vi.waitFor(() => expect(stories(room).slice(2)).toEqual(["room.occupied", "member.entered bert"]))
  })
})
