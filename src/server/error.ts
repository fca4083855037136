/** What goes wrong between a backend and the service: a refusal with a code, or no answer at all. */
import { ERRORS } from "../protocol/errors.ts"
import type { ErrorCode } from "./types.ts"

/**
 * The contract's error codes, and two that a backend alone can meet: `bad_answer`, what answered is not this
 * service (a proxy's error page, another version), and `bad_signature`, a webhook that the service did not sign.
 */
export type RollcallErrorCode = ErrorCode | "bad_answer" | "bad_signature"

/** A refusal, by the service or by a check before it was asked. `message` is `code (status): detail`. */
export class RollcallError extends Error {
  /** What to decide by; it is stable, the texts are not. */
  readonly code: RollcallErrorCode
  /** The HTTP status of the answer; for a refusal made here, the one that fits it. */
  readonly status: number
  /** A sentence that names the fault and what is allowed. It quotes no secret, no key and no token. */
  readonly detail: string

  constructor(code: RollcallErrorCode, detail: string, status: number = statusOf(code), options?: ErrorOptions) {
    super(`${code} (${status}): ${detail}`, options)
    this.name = "RollcallError"
    this.code = code
    this.status = status
    this.detail = detail
  }
}

/** No answer: the line, the name, the time limit. Whether the call took effect is not known. `cause` is the platform's own error. */
export class RollcallNetworkError extends Error {
  constructor(message: string, options?: ErrorOptions) {
    super(message, options)
    this.name = "RollcallNetworkError"
  }
}

function statusOf(code: RollcallErrorCode): number {
  if (code === "bad_answer") return 502
  return code === "bad_signature" ? 401 : ERRORS[code].status
}
