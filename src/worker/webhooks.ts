/** Webhooks that the rooms have queued. */
import { readSettings } from "../config/config.ts"
import { log } from "../log/log.ts"
import { consume } from "../webhook/consume.ts"
import { count } from "./counts.ts"

/** While there is no address, or a variable is wrong, messages wait. */
const RETRY_S = 300

export async function deliverWebhooks(batch: MessageBatch<unknown>, env: Cloudflare.Env): Promise<void> {
  const settings = readSettings(env)
  if (!settings.ok || settings.value.webhook === null) {
    const message = settings.ok ? "WEBHOOK_URL is not set" : settings.error.message
    log("webhooks_held", { waiting: batch.messages.length, message })
    return batch.retryAll({ delaySeconds: RETRY_S })
  }
  const { delivered, failed, dead } = await consume(batch, settings.value.webhook)
  const all = { webhooksDelivered: delivered, webhooksFailed: failed, webhooksDead: dead }
  // What cannot be counted is delivered all the same, and never again for that.
  await count(env.DIRECTORY, settings.value, Object.fromEntries(Object.entries(all).filter(([, value]) => value > 0)))
}
