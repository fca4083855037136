/**
 * A token bucket as a value: it holds twice the rate, so that a burst passes and a stream does not. Refused frames
 * cost no token, but they are counted, and forgotten at the same rate: who goes on regardless is told apart from who
 * was a little too fast.
 */

export type Bucket = { readonly tokens: number; readonly refused: number; readonly at: number }

export type Taken = { readonly bucket: Bucket; readonly verdict: "allowed" | "refused" | "flood" }

/** So many refused frames, less those forgotten, are a flood. */
const FLOOD = 20

/** Full at `now` (milliseconds); `rate` is frames per second. */
export function fullBucket(rate: number, now: number): Bucket {
  return { tokens: 2 * rate, refused: 0, at: now }
}

/** One frame. A clock that is set back refills nothing then, and as ever from there on. */
export function takeFrame(bucket: Bucket, rate: number, now: number): Taken {
  const refill = (Math.max(0, now - bucket.at) * rate) / 1000
  const tokens = Math.min(2 * rate, bucket.tokens + refill)
  const refused = Math.max(0, bucket.refused - refill)
  if (tokens >= 1) return { bucket: { tokens: tokens - 1, refused, at: now }, verdict: "allowed" }
  return { bucket: { tokens, refused: refused + 1, at: now }, verdict: refused + 1 >= FLOOD ? "flood" : "refused" }
}
