/** Who may act on every room: an admin key, in constant time, and in no log. */
import type { MiddlewareHandler } from "hono"
import { timingSafeEqual } from "hono/utils/buffer"
import type { AppEnv } from "./app.ts"
import { problem } from "./problem.ts"

export const withAdminKey: MiddlewareHandler<AppEnv> = async (c, next) => {
  const { adminKeys } = c.get("settings")
  if (adminKeys.length === 0) {
    return problem({ code: "misconfigured", message: "the admin API is off: set the secret ADMIN_KEYS (wrangler secret put ADMIN_KEYS)" })
  }
  const key = /^Bearer +(\S+)$/i.exec(c.req.header("authorization") ?? "")?.[1]
  if (key === undefined) return problem({ code: "bad_token", message: "send an admin key as Authorization: Bearer <key>" })
  if (!(await isOneOf(adminKeys, key))) return problem({ code: "bad_token", message: "this is not an admin key" })
  return next()
}

/** Every key is compared whichever fits. */
async function isOneOf(keys: readonly string[], key: string): Promise<boolean> {
  const equal = await Promise.all(keys.map((known) => timingSafeEqual(known, key)))
  return equal.includes(true)
}
