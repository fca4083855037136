import { createExecutionContext, createMessageBatch, getQueueResult } from "cloudflare:test"
import { describe, expect, it, vi } from "vitest"
import type { QueuedWebhook } from "../../src/protocol/webhooks.ts"
import { consume } from "../../src/webhook/consume.ts"
import { isLastAttempt, MAX_RETRIES, retryAfter, retryDelay } from "../../src/webhook/retry.ts"

const settings = { url: "https://backend.test/", secrets: [], retryMs: 5000, delayMs: 0 }

function batchOf(ids: readonly string[], attempts = 1): MessageBatch<unknown> {
  const messages = ids.map((id) => {
    const body: QueuedWebhook = { id, room: id.slice(0, 1), payload: "{}" }
    return { id, timestamp: new Date(), attempts, body }
  })
  return createMessageBatch<unknown>("rollcall-webhooks", messages)
}

async function run(batch: MessageBatch<unknown>, fails: readonly string[], retryAfterS = 0) {
  const tried: string[] = []
  const retries = batch.messages.map((message) => vi.spyOn(message, "retry"))
  const counts = await consume(batch, settings, async ({ id }) => {
    tried.push(id)
    return fails.includes(id) ? { ok: false, fault: "status 500", retryAfterS } : { ok: true }
  })
  const result = await getQueueResult(batch, createExecutionContext())
  const delays = retries.flatMap(({ mock }) => mock.calls.map(([options]) => options?.delaySeconds))
  return { tried, counts, delays, acked: result.explicitAcks, retried: result.retryMessages }
}

describe("the consumer", () => {
  it("[WH8] holds back what follows a failed event of its room, and no other room's", async () => {
    const { tried, counts, delays, acked, retried } = await run(batchOf(["a1", "b1", "a2", "b2", "a3"]), ["a2"])
    expect([...tried].sort()).toEqual(["a1", "a2", "b1", "b2"])
    expect([...acked].sort()).toEqual(["a1", "b1", "b2"])
    expect(retried.map(({ msgId }) => msgId)).toEqual(["a2", "a3"])
    expect(delays[0]).toBeGreaterThan(0)
    expect(delays).toEqual([delays[0], delays[0]])
    expect(counts).toEqual({ delivered: 3, failed: 1, retried: 2, dead: 0 })
  })

  it("[WH12] tries everything on its last attempt, and gives up what fails then", async () => {
    const { tried, counts, acked } = await run(batchOf(["a1", "a2"], MAX_RETRIES + 1), ["a1"])
    expect(tried).toEqual(["a1", "a2"])
    expect(acked).toEqual(["a2"])
    expect(counts).toEqual({ delivered: 1, failed: 1, retried: 0, dead: 1 })
  })

  it("[WH11] waits as long as the receiver asks, an hour at most", async () => {
    expect((await run(batchOf(["a1"]), ["a1"], 120)).delays).toEqual([120])
    expect((await run(batchOf(["a1"]), ["a1"], 1e9)).delays).toEqual([3600])
  })

  it("[WH11] waits longer each time, with jitter, about a day in all", () => {
    const total = (chance: number) =>
      Array.from({ length: MAX_RETRIES }, (_, i) => retryDelay(i + 1, 5000, chance)).reduce((sum, delay) => sum + delay, 0)
    expect(total(0)).toBeGreaterThan(12 * 3600)
    expect(total(1)).toBeLessThan(26 * 3600)
    for (let i = 1; i < MAX_RETRIES - 1; i++) expect(retryDelay(i + 1, 5000, 0)).toBeGreaterThan(retryDelay(i, 5000, 1))
    expect(retryDelay(1000, 3_600_000, 1)).toBe(43_200)
    expect([isLastAttempt(MAX_RETRIES), isLastAttempt(MAX_RETRIES + 1)]).toEqual([false, true])
  })

  it("[WH11] reads Retry-After as seconds or as a date", () => {
    const now = Date.UTC(2026, 0, 1)
    expect(
      ["7", new Date(now + 9000).toUTCString(), new Date(now - 9000).toUTCString(), "soon", null].map((one) => retryAfter(one, now)),
    ).toEqual([7, 9, 0, 0, 0])
  })
})
