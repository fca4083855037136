/** What a client does after a close. The contract's table in the few bytes that a browser needs; a test holds the two together. */
import type { Retry } from "../protocol/close-codes.ts"

const RETRIES: { readonly [code: number]: Retry } = { 4401: "reauth", 4408: "enter", 4429: "pause", 4440: "user" }

/** 1000 and every other code of the room's own are final, those that a later version adds included; the rest is the transport's. */
export function retryOf(code: number): Retry {
  return RETRIES[code] ?? (code === 1000 || (code >= 4400 && code < 4500) ? "never" : "resume")
}
