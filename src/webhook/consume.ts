/** The queue's consumer: rooms side by side, the events of one room one after the other. */
import type { WebhookSettings } from "../config/webhook.ts"
import { log } from "../log/log.ts"
import { type QueuedWebhook, queuedWebhookSchema } from "../protocol/webhooks.ts"
import { type Delivery, deliver } from "./deliver.ts"
import { isLastAttempt, retryDelay } from "./retry.ts"

/** The platform opens six connections at once; one more would wait while its time runs. */
const MAX_AT_ONCE = 6

export type DeliveryCounts = { delivered: number; failed: number; retried: number; dead: number }

type Undelivered = { readonly id: string | null; readonly room: string | null; readonly fault: string }

type Queued = { readonly message: Message<unknown>; readonly webhook: QueuedWebhook }

/** Settles every message of the batch. `attempt` delivers one. */
export async function consume(
  batch: MessageBatch<unknown>,
  settings: WebhookSettings,
  attempt: (webhook: QueuedWebhook) => Promise<Delivery> = (webhook) => deliver(webhook, settings, new Date()),
): Promise<DeliveryCounts> {
  const counts: DeliveryCounts = { delivered: 0, failed: 0, retried: 0, dead: 0 }
  const rooms = new Map<string, Queued[]>()
  for (const message of batch.messages) {
    const webhook = queuedWebhookSchema.safeParse(message.body)
    if (webhook.success) rooms.set(webhook.data.room, [...(rooms.get(webhook.data.room) ?? []), { message, webhook: webhook.data }])
    else giveUp(message, { id: null, room: null, fault: "no webhook of this version" }, settings, counts)
  }
  const waiting = [...rooms.values()]
  const lane = async () => {
    for (let events = waiting.shift(); events !== undefined; events = waiting.shift()) await consumeRoom(events, settings, attempt, counts)
  }
  await Promise.all(Array.from({ length: MAX_AT_ONCE }, lane))
  return counts
}

/** What comes after an event that failed waits with it, unless this is its last attempt. */
async function consumeRoom(
  events: readonly Queued[],
  settings: WebhookSettings,
  attempt: (webhook: QueuedWebhook) => Promise<Delivery>,
  counts: DeliveryCounts,
): Promise<void> {
  let heldFor: number | null = null
  for (const { message, webhook } of events) {
    if (heldFor !== null && !isLastAttempt(message.attempts)) {
      message.retry({ delaySeconds: heldFor })
      counts.retried++
      continue
    }
    const delivery = await attempt(webhook)
    if (delivery.ok) {
      message.ack()
      counts.delivered++
      continue
    }
    counts.failed++
    const { fault, retryAfterS } = delivery
    if (isLastAttempt(message.attempts)) {
      giveUp(message, { id: webhook.id, room: webhook.room, fault }, settings, counts)
      continue
    }
    heldFor = retryDelay(message.attempts, settings.retryMs, Math.random(), retryAfterS)
    message.retry({ delaySeconds: heldFor })
    counts.retried++
    log("webhook_failed", { id: webhook.id, room: webhook.room, fault, attempts: message.attempts, retryInSeconds: heldFor })
  }
}

/** The queue moves it to the dead letters when it has no attempt left. */
function giveUp(message: Message<unknown>, facts: Undelivered, settings: WebhookSettings, counts: DeliveryCounts): void {
  if (isLastAttempt(message.attempts)) {
    counts.dead++
    log("webhook_dead", { ...facts, attempts: message.attempts })
    message.retry()
  } else {
    counts.retried++
    message.retry({ delaySeconds: retryDelay(message.attempts, settings.retryMs, Math.random()) })
  }
}
