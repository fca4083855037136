/** Where webhooks go and who signs them. Without an address they are off. */
import { webAddressFault } from "./web-address.ts"

export type WebhookSettings = WebhookTimes & {
  readonly url: string
  /** Each `whsec_` and base64; all of them sign, while one takes the place of another. */
  readonly secrets: readonly string[]
}

export type WebhookTimes = {
  /** The first pause after a delivery that failed, in milliseconds; each one more is longer. */
  readonly retryMs: number
  /** How long a room gathers events before it sends them, in milliseconds. */
  readonly delayMs: number
}

/** What `fetch` would refuse at every delivery is refused here. */
export function webhookUrlFault(text: string): string | null {
  const fault = webAddressFault("WEBHOOK_URL", text)
  if (fault !== null) return fault
  const { username, password } = new URL(text)
  return username === "" && password === "" ? null : "WEBHOOK_URL holds a name or a password; an address without them is allowed"
}

/** 24 to 64 bytes, as the specification of Standard Webhooks has it. Says nothing of the secret itself. */
export function webhookSecretFault(secret: string): string | null {
  const encoded = /^whsec_([A-Za-z0-9+/]+={0,2})$/.exec(secret)?.[1] ?? ""
  const bytes = encoded.length % 4 === 0 ? (encoded.length / 4) * 3 - (/=*$/.exec(encoded)?.[0].length ?? 0) : 0
  return bytes >= 24 && bytes <= 64 ? null : "has a secret that is not whsec_ and the base64 of 24 to 64 bytes; only such are allowed"
}
