import { expect, it } from "vitest"
import { MAX_RETRIES } from "../../src/webhook/retry.ts"
import { textOf } from "../imports-of.ts"

it("[WH12] the queue gives up after as many retries as the consumer believes, into a queue for dead letters", () => {
  const consumer = textOf("wrangler.toml").split("[[queues.consumers]]")[1] ?? ""
  expect(Number(/^max_retries = (\d+)$/m.exec(consumer)?.[1])).toBe(MAX_RETRIES)
  expect(consumer).toMatch(/^dead_letter_queue = "rollcall-webhooks-dead"$/m)
})
