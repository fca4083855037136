/** What every answer tells a browser, whichever route made it; a page says its own policy. */
import type { MiddlewareHandler } from "hono"
import type { AppEnv } from "./app.ts"

/** Nothing here is to be run, framed, kept, or told to the next page. */
const HEADERS = {
  "cache-control": "no-store",
  "content-security-policy": "default-src 'none'; frame-ancestors 'none'",
  "cross-origin-resource-policy": "same-origin",
  "referrer-policy": "no-referrer",
  "x-content-type-options": "nosniff",
}

/** What a route has set stays. A 101 takes no more headers. */
export const withSafeHeaders: MiddlewareHandler<AppEnv> = async (c, next) => {
  await next()
  if (c.res.status === 101) return
  const missing = Object.entries(HEADERS).filter(([name]) => !c.res.headers.has(name))
  for (const [name, value] of missing) c.header(name, value)
}
