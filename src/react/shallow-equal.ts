/**
 * The default equality of the hooks: the same value, or two arrays or two plain objects whose items are the same values. Rollcall's
 * snapshots are structurally shared, so a selector may build a new array or object at every call and still causes no render without a change.
 *
 * @example
 * ```ts
 * shallowEqual([1, 2], [1, 2]) // true
 * shallowEqual({ at: [1] }, { at: [1] }) // false: the inner arrays are two
 * ```
 */
export function shallowEqual(a: unknown, b: unknown): boolean {
  if (Object.is(a, b)) return true
  if (Array.isArray(a) && Array.isArray(b)) return a.length === b.length && a.every((item, at) => Object.is(item, b[at]))
  if (!isPlainObject(a) || !isPlainObject(b)) return false
  const keys = Object.keys(a)
  return keys.length === Object.keys(b).length && keys.every((key) => Object.hasOwn(b, key) && Object.is(a[key], b[key]))
}

function isPlainObject(value: unknown): value is { readonly [key: string]: unknown } {
  if (typeof value !== "object" || value === null) return false
  const prototype: unknown = Object.getPrototypeOf(value)
  return prototype === Object.prototype || prototype === null
}
