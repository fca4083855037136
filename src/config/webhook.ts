/** Where webhooks go and who signs them. Without an address they are off. */

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

/** Over plain http only on this machine: who can change what goes to or comes from it speaks for the service. The address may hold a key: it is not quoted. */
export function webAddressFault(name: string, text: string): string | null {
  const url = URL.canParse(text) ? new URL(text) : null
  const isLocal = url !== null && ["localhost", "127.0.0.1", "[::1]"].includes(url.hostname)
  if (url?.protocol === "https:" || (isLocal && url.protocol === "http:")) return null
  return `${name} is ${url === null ? "no address" : `of the scheme ${url.protocol.slice(0, -1)}`}; an https address is allowed (http on localhost alone)`
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
