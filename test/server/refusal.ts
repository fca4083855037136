import { RollcallError } from "../../src/server/error.ts"

/** The refusal that a call rejects with; anything else fails the test. */
export async function refusal(call: Promise<unknown>): Promise<RollcallError> {
  try {
    await call
  } catch (error) {
    if (error instanceof RollcallError) return error
    throw error
  }
  throw new Error("it was not refused")
}
