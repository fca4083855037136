/**
 * Sessions: a secret that only its client holds. The connection's public id is a hash of it, so that the room keeps
 * no secret, and whoever knows an id cannot resume it.
 */
import type { SessionKeys } from "../room/admission.ts"

/** 192 bits of randomness; 96 bits of its hash are the id: unguessable, and short in every frame that names it. */
const SESSION_BYTES = 24
const CONNECTION_BYTES = 12

/** Only what `mintSession` could have made is looked for; anything else is a session that nobody has. */
export function isSession(text: string | undefined): text is string {
  return text !== undefined && /^[A-Za-z0-9_-]{32}$/.test(text)
}

export function mintSession(): Promise<SessionKeys> {
  return sessionKeys(base64url(crypto.getRandomValues(new Uint8Array(SESSION_BYTES))))
}

export async function sessionKeys(session: string): Promise<SessionKeys> {
  const hash = await crypto.subtle.digest("SHA-256", new TextEncoder().encode(session))
  return { session, connection: base64url(new Uint8Array(hash, 0, CONNECTION_BYTES)) }
}

function base64url(bytes: Uint8Array): string {
  return btoa(String.fromCharCode(...bytes))
    .replaceAll("+", "-")
    .replaceAll("/", "_")
    .replaceAll("=", "")
}
