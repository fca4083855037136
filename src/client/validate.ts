/** The standard-schema hook: what others say may be checked, by whichever library the app likes. */
import type { StandardSchemaV1 } from "@standard-schema/spec"
import { RollcallError } from "./error.ts"
import { isObject, share } from "./share.ts"
import type { Entry } from "./types.ts"

/** The entry as it may be shown; undefined: not at all. */
export type Validate = (entry: Entry, previous: Entry | undefined) => Entry | undefined

/** What a schema answers, if it does at once: a promise has none of these. */
type Answer = { readonly value?: unknown; readonly issues?: readonly StandardSchemaV1.Issue[] }

/** Who was valid before stays with the last data that was. Only what a schema answers at once counts: a picture cannot wait for its parts. */
export function validator(schema: StandardSchemaV1, fail: (error: RollcallError) => void): Validate {
  return (entry, previous) => {
    const { value, issues }: Answer = Object(schema["~standard"].validate(entry.data))
    // Most schemas copy what they let pass; what is equal keeps its identity.
    if (isObject(value)) return { ...entry, data: share(entry.data, value) }
    const fault = issues?.[0]?.message ?? "no object at once"
    fail(new RollcallError("invalid_data", `${entry.member} (${entry.connection}): ${fault}`))
    return previous && { ...entry, data: previous.data }
  }
}
