/**
 * Shallow patches: a key's value replaces the old one whole, `null` removes the key. Shallow on purpose: such
 * patches compose, which RFC 7396 merge patches do not, and so a tick's changes merge into one.
 */
import type { JsonObject } from "../protocol/frames.ts"

/** The data after the patch; neither argument is changed. */
export function applyPatch(data: JsonObject, patch: JsonObject): JsonObject {
  const patched: JsonObject = { ...data, ...patch }
  for (const key in patch) if (patch[key] === null) delete patched[key]
  return patched
}

/** One patch with the effect of `first` and then `second`. */
export function composePatches(first: JsonObject, second: JsonObject): JsonObject {
  return { ...first, ...second }
}

/** The patch without the nulls that remove nothing from this data: they cost the sender no bytes, and would cost everybody theirs. */
export function withoutIdleNulls(patch: JsonObject, data: JsonObject): JsonObject {
  const entries = Object.entries(patch)
  const telling = entries.filter(([key, value]) => value !== null || Object.hasOwn(data, key))
  return telling.length === entries.length ? patch : Object.fromEntries(telling)
}

/** Data holds no top-level null: such a key counts as absent. */
export function withoutNulls(data: JsonObject): JsonObject {
  return applyPatch({}, data)
}
