/** Structural sharing of JSON values: what did not change keeps its identity. */
import type { JsonObject } from "./types.ts"

/** Equal to `next`; every part of it that equals the same part of `old` is old's own. */
export function share(old: unknown, next: unknown): unknown {
  if (isObject(old) && isObject(next)) return shareObject(old, next)
  if (!Array.isArray(old) || !Array.isArray(next)) return next
  const shared = next.map((item, at) => share(old[at], item))
  return isSameList(old, shared) ? old : shared
}

/** The same of objects that are JSON, whatever their type calls them. */
export function shareObject<Json extends object>(old: Json, next: Json): Json {
  if (old === next) return old
  const before = new Map(Object.entries(old))
  const entries = Object.entries(next).map(([key, value]): [string, unknown] => [key, share(before.get(key), value)])
  const isSame = entries.length === before.size && entries.every(([key, value]) => value === before.get(key))
  // Equal to `next`, part by part.
  return isSame ? old : (Object.fromEntries(entries) as Json)
}

export function isSameList<T>(a: readonly T[], b: readonly T[]): boolean {
  return a.length === b.length && a.every((item, at) => item === b[at])
}

export function isObject(value: unknown): value is JsonObject {
  return typeof value === "object" && value !== null && !Array.isArray(value)
}
