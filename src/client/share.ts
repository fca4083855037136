/** Structural sharing of JSON values: what did not change keeps its identity. */
import type { JsonObject } from "./types.ts"

/** Equal to `next`; every part of it that equals the same part of `old` is old's own. */
export function share<Json>(old: unknown, next: Json): Json {
  if (old === next || !isObject(old) || !isObject(next) || Array.isArray(old) !== Array.isArray(next)) return next
  const before = new Map(Object.entries(old))
  const entries = Object.entries(next).map(([key, value]): [string, unknown] => [key, share(before.get(key), value)])
  const isSame = entries.length === before.size && entries.every(([key, value]) => value === before.get(key))
  const shared: unknown = isSame ? old : Array.isArray(next) ? entries.map(([, value]) => value) : Object.fromEntries(entries)
  // Equal to `next`, part by part.
  return shared as Json
}

export function isSameList<T>(a: readonly T[], b: readonly T[]): boolean {
  return a.length === b.length && a.every((item, at) => item === b[at])
}

/** An array is one, too: its keys are texts like any other's. */
export function isObject(value: unknown): value is JsonObject {
  return typeof value === "object" && value !== null
}
