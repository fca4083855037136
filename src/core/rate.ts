/** A token bucket as a value: it holds twice the rate, so that a burst passes and a stream does not. */

export type Bucket = { readonly tokens: number; readonly at: number }

/** Full at `now` (milliseconds); `rate` is frames per second. */
export function fullBucket(rate: number, now: number): Bucket {
  return { tokens: 2 * rate, at: now }
}

/** The bucket after one frame, or null when the frame is too fast. A clock that goes backwards refills nothing. */
export function takeFrame(bucket: Bucket, rate: number, now: number): Bucket | null {
  const refill = (Math.max(0, now - bucket.at) * rate) / 1000
  const tokens = Math.min(2 * rate, bucket.tokens + refill)
  return tokens < 1 ? null : { tokens: tokens - 1, at: Math.max(bucket.at, now) }
}
