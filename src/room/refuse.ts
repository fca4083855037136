/** A connect that the room refuses, as the problem that the Worker hands on. */
import { PROBLEM_MEDIA_TYPE, problemOf, type Refusal } from "../protocol/errors.ts"

/** What a full room or member is told to wait before it tries again. */
const RETRY_AFTER_S = 5

export function refuseConnect(refusal: Refusal): Response {
  const problem = problemOf(refusal)
  const headers = new Headers({ "content-type": PROBLEM_MEDIA_TYPE })
  if (refusal.code === "upgrade_required") headers.set("upgrade", "websocket")
  if (refusal.code === "member_full" || refusal.code === "room_full") headers.set("retry-after", String(RETRY_AFTER_S))
  return new Response(JSON.stringify(problem), { status: problem.status, headers })
}
