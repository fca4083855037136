/** Full jitter: a uniformly random part of a ceiling that doubles, so that a crowd that lost its room does not come back as one. */

export const FIRST_BACKOFF_MS = 400
export const MAX_BACKOFF_MS = 20_000

/** `attempt` counts from 0; `random` is in [0, 1). */
export function backoff(attempt: number, random: number): number {
  return random * Math.min(MAX_BACKOFF_MS, FIRST_BACKOFF_MS * 2 ** attempt)
}
