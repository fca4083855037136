/** The standard-schema hook: what others say may be checked, by whichever library the app likes. */
import type { StandardSchemaV1 } from "@standard-schema/spec"
import { isObject, shareObject } from "./share.ts"
import type { JsonObject } from "./types.ts"

export type Validate = (
  data: JsonObject,
) => { readonly ok: true; readonly data: JsonObject } | { readonly ok: false; readonly fault: string }

/** Only what answers at once: a picture cannot wait for one of its parts. */
export function validator(schema: StandardSchemaV1): Validate {
  return (data) => {
    const result = schema["~standard"].validate(data)
    if (result instanceof Promise) return { ok: false, fault: "the schema answers asynchronously, which a room cannot wait for" }
    if (result.issues !== undefined) return { ok: false, fault: result.issues.map(({ message }) => message).join("; ") }
    // Most schemas copy what they let pass; what is equal keeps its identity.
    return isObject(result.value)
      ? { ok: true, data: shareObject(data, result.value) }
      : { ok: false, fault: "the schema makes no object of it" }
  }
}
