/** Webhooks that the rooms have queued. */
import { readSettings } from "../config/config.ts"
import { shardName } from "../directory/shard.ts"
import { logError, messageOf } from "../log/error.ts"
import { objectOf, type Placement } from "../placement/placement.ts"
import { consume, type DeliveryCounts } from "../webhook/consume.ts"

/** While there is no address, or a variable is wrong, messages wait. */
const RETRY_S = 300

export async function deliverWebhooks(batch: MessageBatch<unknown>, env: Cloudflare.Env): Promise<void> {
  const settings = readSettings(env)
  if (!settings.ok || settings.value.webhook === null) {
    const message = settings.ok ? "WEBHOOK_URL is not set" : settings.error.message
    logError("webhooks_waiting", { waiting: batch.messages.length, message })
    return batch.retryAll({ delaySeconds: RETRY_S })
  }
  const { webhook, placement } = settings.value
  await count(env.DIRECTORY, placement, await consume(batch, webhook))
}

/** Totals add up all shards, so that any will do. What cannot be counted is delivered all the same, and never again for that. */
async function count(
  directory: Cloudflare.Env["DIRECTORY"],
  placement: Placement,
  { delivered, failed, dead }: DeliveryCounts,
): Promise<void> {
  const all = { webhooksDelivered: delivered, webhooksFailed: failed, webhooksDead: dead }
  const counters = Object.fromEntries(Object.entries(all).filter(([, value]) => value > 0))
  try {
    if (directory !== undefined) await objectOf(directory, shardName(0), placement).count(counters)
  } catch (error) {
    logError("webhooks_not_counted", { message: messageOf(error) })
  }
}
