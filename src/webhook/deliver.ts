/** One webhook to one address: signed anew at each attempt, with the same id and the same bytes. */
import { Webhook } from "standardwebhooks"
import type { WebhookSettings } from "../config/webhook.ts"
import type { QueuedWebhook } from "../protocol/webhooks.ts"
import { retryAfter } from "./retry.ts"

const ANSWER_LIMIT_MS = 15_000

export type Delivery = { readonly ok: true } | { readonly ok: false; readonly fault: string; readonly retryAfterS: number }

/** Any 2xx is success. A redirect is a failure: it would lead what is signed to where nobody configured it. */
export async function deliver({ id, payload }: QueuedWebhook, { url, secrets }: WebhookSettings, now: Date): Promise<Delivery> {
  try {
    const response = await fetch(url, {
      method: "POST",
      redirect: "manual",
      signal: AbortSignal.timeout(ANSWER_LIMIT_MS),
      headers: {
        "content-type": "application/json",
        "user-agent": "Rollcall-Webhooks/1",
        "webhook-id": id,
        "webhook-timestamp": String(Math.floor(now.getTime() / 1000)),
        "webhook-signature": secrets.map((secret) => new Webhook(secret).sign(id, now, payload)).join(" "),
      },
      body: payload,
    })
    await response.body?.cancel()
    if (response.ok) return { ok: true }
    return { ok: false, fault: `status ${response.status}`, retryAfterS: retryAfter(response.headers.get("retry-after"), now.getTime()) }
  } catch (error) {
    // An error's message may quote the address, and an address may hold a key.
    const isLate = error instanceof Error && error.name === "TimeoutError"
    return { ok: false, fault: isLate ? `no answer within ${ANSWER_LIMIT_MS} ms` : "no connection", retryAfterS: 0 }
  }
}
