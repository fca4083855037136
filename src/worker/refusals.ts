/** Refused requests, by error code: counted in memory, told to the directory and to the log at a bounded rate. */
import type { MiddlewareHandler } from "hono"
import { z } from "zod"
import type { Settings } from "../config/config.ts"
import { log } from "../log/log.ts"
import { ERROR_CODES, type ErrorCode, PROBLEM_MEDIA_TYPE, PROBLEM_TYPE_PREFIX } from "../protocol/errors.ts"
import type { AppEnv } from "./app.ts"
import { count } from "./counts.ts"
import { RefusalCounter, type Refusals, together } from "./refusal-counter.ts"

/** The Worker tells as often as ten rooms' reports are apart. */
const REPORTS_APART = 10

/** What an operator wants to be told of; the others are a client's own mistakes, and are counted alone. */
const NOTABLE: readonly ErrorCode[] = [
  "bad_token",
  "forbidden",
  "bad_origin",
  "banned",
  "too_fast",
  "member_full",
  "room_full",
  "misconfigured",
  "internal",
]

/** Of this isolate; what it has not told when it ends is lost. */
const refusals = new RefusalCounter()

const problemType = z.object({ type: z.string() })

/** Also the refusals that a room makes of an upgrade, which are answers like all others. */
export const withRefusalsCounted: MiddlewareHandler<AppEnv> = async (c, next) => {
  await next()
  const now = Date.now()
  const code = await codeOf(c.res)
  if (code !== null) refusals.add(code, now)
  const settings = c.get("settings")
  const due = refusals.take(settings.reportMs * REPORTS_APART, now)
  if (due !== null) c.executionCtx.waitUntil(tell(due, c.env, settings))
}

async function tell(due: Refusals, { DIRECTORY }: Cloudflare.Env, settings: Settings): Promise<void> {
  const { counts, owed, forMs } = due
  const notable = NOTABLE.flatMap((code) => (counts[code] === undefined ? [] : [[code, counts[code]] as const]))
  if (notable.length > 0) log("requests_refused", { counts: Object.fromEntries(notable), forMs })
  const told = Object.entries(together(counts, owed)).map(([code, refused]) => [`refusals.${code}`, refused] as const)
  if (!(await count(DIRECTORY, settings, Object.fromEntries(told)))) refusals.giveBack(due)
}

async function codeOf(response: Response): Promise<ErrorCode | null> {
  if (response.headers.get("content-type") !== PROBLEM_MEDIA_TYPE) return null
  const { type } = problemType.parse(await response.clone().json())
  return ERROR_CODES.find((code) => type === PROBLEM_TYPE_PREFIX + code) ?? null
}
