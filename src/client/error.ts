/** One class for whatever goes wrong: a code to branch on, a sentence to read. */
import type { ErrorCode as ServiceCode } from "../protocol/errors.ts"

/** The codes of the service, and those that only a client can have. */
export type ErrorCode =
  | ServiceCode
  | "not_connected"
  | "connection_lost"
  | "token_failed"
  | "invalid_data"
  | "released"
  | "acquire_timeout"
  | "closed"

export class RollcallError extends Error {
  override readonly name = "RollcallError"
  declare readonly code: ErrorCode

  constructor(code: ErrorCode, message: string, options?: ErrorOptions) {
    super(message, options)
    this.code = code
  }
}

/** What of an error can be passed on to another tab. */
export type Fault = { readonly code: ErrorCode; readonly message: string }

export function faultOf({ code, message }: Fault): Fault {
  return { code, message }
}

export function errorOf({ code, message }: Fault): RollcallError {
  return new RollcallError(code, message)
}
