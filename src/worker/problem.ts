/** Refusals as HTTP: RFC 9457 problems, made in one place. */
import type { Context } from "hono"
import { routePath } from "hono/route"
import { faultOf } from "../log/fault.ts"
import { log } from "../log/log.ts"
import { NoJurisdiction } from "../placement/placement.ts"
import { ERRORS, PROBLEM_MEDIA_TYPE, problemOf, type Refusal } from "../protocol/errors.ts"

/** `status` where a call wants another than its code's own; `retryAfterS` in seconds. */
export function problem(refusal: Refusal, options: { status?: number; retryAfterS?: number } = {}): Response {
  const { status = ERRORS[refusal.code].status, retryAfterS } = options
  const headers = new Headers({ "content-type": PROBLEM_MEDIA_TYPE })
  if (status === 401) headers.set("www-authenticate", "Bearer")
  if (retryAfterS !== undefined) headers.set("retry-after", String(retryAfterS))
  return new Response(JSON.stringify(problemOf(refusal, status)), { status, headers })
}

/** A refusal deep in a handler whose answer has a type: thrown, and answered in one place. */
export class Refused extends Error {
  readonly refusal: Refusal

  constructor(refusal: Refusal) {
    super(refusal.message)
    this.refusal = refusal
  }
}

/** A bug: told as such and nothing more; what it was goes to the log alone. */
export function problemOfError(error: unknown, c: Context): Response {
  if (error instanceof Refused) return problem(error.refusal)
  if (error instanceof NoJurisdiction) return problem({ code: "misconfigured", message: error.message }, { status: 500 })
  log("request_failed", { method: c.req.method, route: routePath(c, -1), ...faultOf(error) })
  return problem({ code: "internal", message: "the service failed; the operator's log says more" })
}
