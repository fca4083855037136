/** When a delivery that failed is tried again: about a day in all, with the default pause. */

/** Of the queue's consumer in wrangler.toml: a test holds the two equal. */
export const MAX_RETRIES = 10

const FACTOR = 3
/** The longest that a queue delays a message. */
const MAX_DELAY_S = 43_200
/** What a receiver may ask for. */
const MAX_RETRY_AFTER_S = 3600

/**
 * Seconds until the next attempt, after the `attempts`th failed. `chance` is from 0 to 1: half of the pause is
 * certain, so that those who failed together do not all come again at once.
 */
export function retryDelay(attempts: number, retryMs: number, chance: number, retryAfterS = 0): number {
  const pause = Math.min(MAX_DELAY_S, (retryMs / 1000) * FACTOR ** (attempts - 1))
  return Math.round(Math.max(pause * (0.5 + chance / 2), Math.min(retryAfterS, MAX_RETRY_AFTER_S)))
}

/** Whether the queue gives a message up when this attempt fails. */
export function isLastAttempt(attempts: number): boolean {
  return attempts > MAX_RETRIES
}

/** Seconds that a `Retry-After` asks for, as a number or as a date; 0 when it asks for none. */
export function retryAfter(header: string | null, now: number): number {
  if (header === null) return 0
  if (/^\d+$/.test(header)) return Number(header)
  const at = Date.parse(header)
  return Number.isNaN(at) ? 0 : Math.max(0, Math.ceil((at - now) / 1000))
}
