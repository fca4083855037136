/** Error codes: one list for error frames and for RFC 9457 problems, with the HTTP status of each. */

export const ERRORS = {
  bad_json: { status: 400, title: "The text is not JSON" },
  bad_frame: { status: 400, title: "The frame is malformed" },
  unknown_type: { status: 400, title: "The frame's type is unknown" },
  not_entered: { status: 409, title: "The connection has not entered" },
  forbidden: { status: 403, title: "The token does not allow this" },
  too_large: { status: 413, title: "Too large" },
  too_fast: { status: 429, title: "Too fast" },
  bad_token: { status: 401, title: "No valid credentials" },
  bad_room: { status: 400, title: "The room's name is not allowed" },
  bad_request: { status: 400, title: "The request is malformed" },
  not_found: { status: 404, title: "Not found" },
  banned: { status: 409, title: "The member is banned from the room" },
  room_full: { status: 503, title: "The room is full" },
  member_full: { status: 429, title: "The member has too many connections" },
  bad_origin: { status: 403, title: "The Origin is not allowed" },
  upgrade_required: { status: 426, title: "A WebSocket upgrade is required" },
  misconfigured: { status: 503, title: "The service is not configured" },
  internal: { status: 500, title: "An error of the service" },
} as const

export type ErrorCode = keyof typeof ERRORS

export const ERROR_CODES = Object.keys(ERRORS) as [ErrorCode, ...ErrorCode[]]

/** What a refusal says, wherever it is told: a code, and a sentence that names the fault and what is allowed. */
export type Refusal = { readonly code: ErrorCode; readonly message: string }

export type Result<T, E = Refusal> = { readonly ok: true; readonly value: T } | { readonly ok: false; readonly error: E }

export function ok<T>(value: T): { readonly ok: true; readonly value: T } {
  return { ok: true, value }
}

export function refused(code: ErrorCode, message: string): { readonly ok: false; readonly error: Refusal } {
  return { ok: false, error: { code, message } }
}

/** An RFC 9457 problem. `type` ends in the error code; it is a name, not an address to open. */
export type Problem = { type: string; title: string; status: number; detail: string }

export const PROBLEM_TYPE_PREFIX = "urn:rollcall:error:"
export const PROBLEM_MEDIA_TYPE = "application/problem+json"

export function problemOf(refusal: Refusal, status: number = ERRORS[refusal.code].status): Problem {
  const { title } = ERRORS[refusal.code]
  return { type: PROBLEM_TYPE_PREFIX + refusal.code, title, status, detail: refusal.message }
}
