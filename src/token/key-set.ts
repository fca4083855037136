/**
 * The public keys behind JWKS_URL: fetched when first needed, kept for a while, fetched again for a key id that nobody
 * knows (at a bounded rate, so that forged ids cost nothing), and used on while the address fails.
 */
import { createLocalJWKSet, createRemoteJWKSet, errors, type JWTVerifyGetKey } from "jose"

export type KeySet = { readonly resolve: JWTVerifyGetKey }

/** The fault is the key set's, not the token's: trying again later may help. */
export class KeySetUnreachable extends Error {
  constructor() {
    super("the key set at JWKS_URL cannot be fetched, and none was fetched before")
  }
}

/** How long a fetched set is used without asking again, and how often an unknown key id may ask. */
const FRESH_MS = 600_000
const COOLDOWN_MS = 30_000
const TIMEOUT_MS = 5000

/** One per address and isolate: what it holds depends on nothing but the address. */
const keySets = new Map<string, KeySet>()

export function keySetAt(url: string): KeySet {
  const known = keySets.get(url)
  if (known !== undefined) return known
  const made = fetchedFrom(new URL(url))
  keySets.set(url, made)
  return made
}

/** Shorter times are for tests alone. */
export function fetchedFrom(url: URL, options: { freshMs?: number; cooldownMs?: number } = {}): KeySet {
  const remote = createRemoteJWKSet(url, {
    cacheMaxAge: options.freshMs ?? FRESH_MS,
    cooldownDuration: options.cooldownMs ?? COOLDOWN_MS,
    timeoutDuration: TIMEOUT_MS,
  })
  return {
    async resolve(header, token) {
      try {
        return await remote(header, token)
      } catch (error) {
        if (isAnswer(error)) throw error
        const last = remote.jwks()
        if (last === undefined) throw new KeySetUnreachable()
        return createLocalJWKSet(last)(header, token)
      }
    },
  }
}

/** The set was there and does not hold the key, or holds several: asking an older copy would not help. */
function isAnswer(error: unknown): boolean {
  return error instanceof errors.JWKSNoMatchingKey || error instanceof errors.JWKSMultipleMatchingKeys
}
