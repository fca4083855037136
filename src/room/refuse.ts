/** A connect that the room refuses, as the problem that the Worker hands on. */
import type { Connection, MemberId } from "../core/connection.ts"
import { admit } from "../core/roster.ts"
import { PROBLEM_MEDIA_TYPE, problemOf, type Refusal } from "../protocol/errors.ts"
import type { RoomParts } from "./parts.ts"

/** What a full room or member is told to wait before it tries again. */
const RETRY_AFTER_S = 5

/** A resume needs no free place in the room, but a socket as everybody does: those whose peer has not answered a close are still the runtime's. */
export function noPlace({ roster, sockets, settings }: RoomParts, resumed: Connection | null, member: MemberId): Refusal | null {
  const refusal = resumed === null ? admit(roster, member, settings.capacity) : null
  if (refusal !== null || sockets.hasPlace) return refusal
  return { code: "room_full", message: "a room's sockets, those that are still closing included, are all taken; try again later" }
}

export function refuseConnect(refusal: Refusal): Response {
  const problem = problemOf(refusal)
  const headers = new Headers({ "content-type": PROBLEM_MEDIA_TYPE })
  if (refusal.code === "upgrade_required") headers.set("upgrade", "websocket")
  if (refusal.code === "member_full" || refusal.code === "room_full") headers.set("retry-after", String(RETRY_AFTER_S))
  return new Response(JSON.stringify(problem), { status: problem.status, headers })
}
