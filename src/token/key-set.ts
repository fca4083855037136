/**
 * The public keys behind JWKS_URL: fetched when first needed, kept for a while, fetched again for a key id that nobody
 * knows, and used on while the address fails. However many tokens come, forged ones too, the address is asked at a bounded rate.
 */
import { createRemoteJWKSet, errors, type JWTVerifyGetKey } from "jose"

export type KeySet = { readonly resolve: JWTVerifyGetKey }

/** The fault is the key set's, not the token's: trying again later may help. */
export class KeySetUnreachable extends Error {
  constructor() {
    super("the key set at JWKS_URL cannot be fetched, and none was fetched before")
  }
}

/** How long a fetched set is used without asking again, and how often an unknown key id, or an address that fails, may be asked. */
const FRESH_MS = 600_000
const COOLDOWN_MS = 30_000
/** While there is no set at all, every token waits for one. */
const RETRY_MS = 1000
const TIMEOUT_MS = 5000

/** How often a request looks for what another one asks: requests share no promise in a Worker. */
const LOOK_MS = 20

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
  const { freshMs = FRESH_MS, cooldownMs = COOLDOWN_MS } = options
  // When to ask is decided here: jose's own pauses do not count asks that failed, nor those of other requests of a Worker.
  const remote = createRemoteJWKSet(url, {
    cacheMaxAge: Number.POSITIVE_INFINITY,
    cooldownDuration: Number.POSITIVE_INFINITY,
    timeoutDuration: TIMEOUT_MS,
  })
  let fetchedAt = Number.NEGATIVE_INFINITY
  let askedAt = Number.NEGATIVE_INFINITY
  let asking = false
  const isHeld = () => Number.isFinite(fetchedAt)

  const ask = async (): Promise<void> => {
    askedAt = Date.now()
    asking = true
    try {
      await remote.reload()
      fetchedAt = Date.now()
    } catch {
      // What is held is used on; whether there is any, the caller looks.
    } finally {
      asking = false
    }
  }
  const mayAsk = (pauseMs: number) => Date.now() - askedAt >= pauseMs
  // A request that ended while it asked cleans nothing up.
  const isAsked = () => asking && !mayAsk(TIMEOUT_MS)
  /** Asks, or waits for whoever asks already; neither when the last ask is younger than `pauseMs`. */
  const renew = async (pauseMs: number): Promise<void> => {
    if (!isAsked()) return mayAsk(pauseMs) ? ask() : undefined
    for (let looked = 0; isAsked() && looked * LOOK_MS < TIMEOUT_MS; looked++) await new Promise((wake) => setTimeout(wake, LOOK_MS))
  }

  return {
    async resolve(header, token) {
      if (!isHeld()) {
        await renew(RETRY_MS)
        if (!isHeld()) throw new KeySetUnreachable()
      } else if (Date.now() - fetchedAt >= freshMs && mayAsk(cooldownMs)) await ask()
      const before = fetchedAt
      try {
        return await remote(header, token)
      } catch (error) {
        if (!(error instanceof errors.JWKSNoMatchingKey)) throw error
        await renew(cooldownMs)
        if (fetchedAt === before) throw error
        return remote(header, token)
      }
    },
  }
}
