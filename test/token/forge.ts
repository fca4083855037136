/** Tokens that no honest issuer would make: every part is the caller's. */
import { createHmac } from "node:crypto"

export function base64url(text: string | Uint8Array): string {
  return Buffer.from(text).toString("base64url")
}

/** Signed with HMAC-SHA256, whatever the header says. `payload` may be text, to say what JSON.stringify would not. */
export function forge(header: object, payload: object | string, secret: string): string {
  const parts = `${base64url(JSON.stringify(header))}.${base64url(typeof payload === "string" ? payload : JSON.stringify(payload))}`
  return `${parts}.${createHmac("sha256", secret).update(parts).digest("base64url")}`
}
