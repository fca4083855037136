/** What JSON from a stranger may hold, beyond being JSON; and how large it is on the wire. */

export const MAX_NESTING = 32

/**
 * The first fault of a parsed JSON value, or null: a number that is not finite (`1e999` parses to Infinity),
 * `__proto__` as a key (a plain assignment later would set a prototype), or more than 32 levels of nesting.
 */
export function jsonFault(value: unknown, level = 1): string | null {
  if (typeof value === "number") return Number.isFinite(value) ? null : "a number is not finite"
  if (typeof value !== "object" || value === null) return null
  if (level > MAX_NESTING) return `more than ${MAX_NESTING} levels of nesting`
  if (Array.isArray(value)) {
    for (const item of value) {
      const fault = jsonFault(item, level + 1)
      if (fault !== null) return fault
    }
    return null
  }
  for (const [key, item] of Object.entries(value)) {
    if (key === "__proto__") return "__proto__ is not allowed as a key"
    const fault = jsonFault(item, level + 1)
    if (fault !== null) return fault
  }
  return null
}

const encoder = new TextEncoder()

/** Length in UTF-8 bytes. A string that passed through JSON.stringify holds no lone surrogate, so this is exact. */
export function utf8Length(text: string): number {
  return encoder.encode(text).length
}

/** Whether `text` is longer than `limit` UTF-8 bytes; encodes only when its length alone cannot tell. */
export function isLongerThan(text: string, limit: number): boolean {
  if (text.length > limit) return true
  if (text.length * 3 <= limit) return false
  return utf8Length(text) > limit
}
