/** One class for whatever goes wrong: a code to branch on, a sentence to read. */
import type { ErrorCode as ServiceCode } from "../protocol/errors.ts"

/** The codes of the service, and those that only a client can have. */
export type ErrorCode =
  | ServiceCode
  | "not_connected"
  | "connection_lost"
  | "connect_failed"
  | "token_failed"
  | "invalid_data"
  | "released"
  | "acquire_timeout"
  | "closed"
  | "listener_failed"

export class RollcallError extends Error {
  override readonly name = "RollcallError"
  readonly code: ErrorCode

  constructor(code: ErrorCode, message: string, options?: ErrorOptions) {
    super(message, options)
    this.code = code
  }
}
