/**
 * Connects per client address, by the platform's rate limit when a binding named CONNECT_RATE is there. It counts per
 * location of the platform and not exactly: it keeps a storm off the rooms, and is no quota.
 */
import { messageOf } from "../log/fault.ts"
import { log } from "../log/log.ts"
import type { Refusal } from "../protocol/errors.ts"

/** The shorter of the two periods that the platform offers; the binding does not say which it has. */
export const RETRY_AFTER_S = 10

const TOO_FAST: Refusal = { code: "too_fast", message: "too many connects from this address; try again later" }

/** Null: go on, also where there is no binding, no address, or no answer: a limiter that fails must not keep everybody out. */
export async function tooManyConnects(limiter: RateLimit | undefined, request: Request): Promise<Refusal | null> {
  const address = request.headers.get("cf-connecting-ip")
  if (limiter === undefined || address === null || address === "") return null
  try {
    const { success } = await limiter.limit({ key: networkOf(address) })
    return success ? null : TOO_FAST
  } catch (error) {
    log("rate_limit_failed", { message: messageOf(error) })
    return null
  }
}

/** Who has one address of IPv6 has 2⁶⁴ of them, a whole /64: its first half is the key. */
export function networkOf(address: string): string {
  if (!address.includes(":") || address.includes(".")) return address
  const [head = "", tail] = address.split("::")
  const before = head === "" ? [] : head.split(":")
  const after = tail === undefined || tail === "" ? [] : tail.split(":")
  const zeros = tail === undefined ? [] : Array<string>(Math.max(0, 8 - before.length - after.length)).fill("0")
  const groups = [...before, ...zeros, ...after].slice(0, 4).map((group) => group.toLowerCase().replace(/^0+(?=.)/, ""))
  return `${groups.join(":")}::/64`
}
