/** Structural sharing of JSON values: what did not change keeps its identity. */
import type { JsonObject } from "./types.ts"

/** Equal to `next`; every part of it that equals the same part of `old` is old's own. */
export function share(old: unknown, next: unknown): unknown {
  if (old === next) return old
  if (isObject(old) && isObject(next)) return shareObject(old, next)
  if (!Array.isArray(old) || !Array.isArray(next)) return next
  const shared = next.map((item, at) => share(old[at], item))
  return old.length === shared.length && shared.every((item, at) => item === old[at]) ? old : shared
}

export function shareObject(old: JsonObject, next: JsonObject): JsonObject {
  const keys = Object.keys(next)
  const shared: JsonObject = {}
  let isSame = keys.length === Object.keys(old).length
  for (const key of keys) {
    const value = Object.hasOwn(old, key) ? share(old[key], next[key]) : next[key]
    isSame &&= value === old[key]
    shared[key] = value
  }
  return isSame ? old : shared
}

export function isObject(value: unknown): value is JsonObject {
  return typeof value === "object" && value !== null && !Array.isArray(value)
}
