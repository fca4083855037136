/** Webhooks: what the service tells a backend, signed by the Standard Webhooks specification. */
import { Webhook, WebhookVerificationError } from "standardwebhooks"
import { type Webhook as Body, webhookSchema } from "../protocol/webhooks.ts"
import { RollcallError } from "./error.ts"
import type { LeaveReason } from "./types.ts"

/**
 * What happened: the first came into a room, the last went, a member entered, a member left. `timestamp` is when (ISO
 * 8601); `id` is the same whenever the same event is delivered again; `data.sequence` is larger in whatever happened later in that room.
 */
export type WebhookEvent = { readonly id: string; readonly timestamp: string } & (
  | { readonly type: "room.occupied" | "room.vacated"; readonly data: WebhookRoom }
  | { readonly type: "member.entered"; readonly data: WebhookMember }
  | { readonly type: "member.left"; readonly data: WebhookMember & { readonly reason: LeaveReason } }
)

/** The room that a webhook tells of, and the event's place in its order. */
export type WebhookRoom = { readonly room: string; readonly sequence: number }

/** Of a member: `info` is what its token said. */
export type WebhookMember = WebhookRoom & { readonly member: string; readonly info: Readonly<Record<string, unknown>> }

/** A `Headers`, or an object as Node's `request.headers`; names in any case. */
export type WebhookHeaders = { get(name: string): string | null } | Readonly<Record<string, string | readonly string[] | undefined>>

const SIGNED_BY = ["webhook-id", "webhook-timestamp", "webhook-signature"] as const

/**
 * Verifies a webhook and says what happened. `payload` is the raw body, before anything parsed it; `secret` is the
 * one that signs (`whsec_…`), or several while it is changed. A delivery older than five minutes is refused.
 *
 * @throws RollcallError `bad_signature` when the service did not sign this, or not lately; `unknown_type` for an event that this version does
 * not know (acknowledge it); `bad_json` or `bad_request` for a signed body that does not fit; `misconfigured` for a secret that is none.
 */
export function verifyWebhook(payload: string | Uint8Array, headers: WebhookHeaders, secret: string | readonly string[]): WebhookEvent {
  const text = typeof payload === "string" ? payload : new TextDecoder().decode(payload)
  const signed = Object.fromEntries(SIGNED_BY.map((name) => [name, headerOf(headers, name) ?? ""]))
  verifySignature(text, signed, typeof secret === "string" ? [secret] : secret)
  const event = eventOf(text)
  return { ...event, id: signed["webhook-id"] ?? "" }
}

function verifySignature(text: string, signed: Record<string, string>, secrets: readonly string[]): void {
  let refusal = new RollcallError("misconfigured", "no secret verifies webhooks")
  for (const secret of secrets) {
    try {
      verifierOf(secret).verify(text, signed, { jsonParse: false })
      return
    } catch (error) {
      if (!(error instanceof WebhookVerificationError)) throw error
      refusal = new RollcallError("bad_signature", error.message)
    }
  }
  throw refusal
}

function verifierOf(secret: string): Webhook {
  try {
    return new Webhook(secret)
  } catch (error) {
    throw new RollcallError("misconfigured", "the webhook secret is not whsec_ and base64", undefined, { cause: error })
  }
}

function eventOf(text: string): Body {
  let body: unknown
  try {
    body = JSON.parse(text)
  } catch {
    throw new RollcallError("bad_json", "the webhook's body is not JSON")
  }
  const event = webhookSchema.safeParse(body)
  if (event.success) return event.data
  const [issue] = event.error.issues
  if (issue?.code === "invalid_union") throw new RollcallError("unknown_type", "the webhook's type is none that this version knows")
  throw new RollcallError("bad_request", `the webhook's ${issue?.path.join(".") || "body"}: ${issue?.message}`)
}

function headerOf(headers: WebhookHeaders, name: string): string | null {
  if (isHeaders(headers)) return headers.get(name)
  for (const [key, value] of Object.entries(headers)) {
    if (key.toLowerCase() === name) return typeof value === "string" ? value : (value?.[0] ?? null)
  }
  return null
}

function isHeaders(headers: WebhookHeaders): headers is { get(name: string): string | null } {
  return typeof headers["get"] === "function"
}
