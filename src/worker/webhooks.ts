/** Webhooks that the rooms have queued. */
import { readSettings } from "../config/config.ts"
import { consume } from "../webhook/consume.ts"

/** While there is no address, or a variable is wrong, messages wait. */
const RETRY_S = 300

export async function deliverWebhooks(batch: MessageBatch<unknown>, env: Cloudflare.Env): Promise<void> {
  const settings = readSettings(env)
  const webhook = settings.ok ? settings.value.webhook : null
  if (webhook === null) {
    const message = settings.ok ? "WEBHOOK_URL is not set" : settings.error.message
    console.error(JSON.stringify({ level: "error", event: "webhooks_waiting", waiting: batch.messages.length, message }))
    return batch.retryAll({ delaySeconds: RETRY_S })
  }
  await consume(batch, webhook)
}
