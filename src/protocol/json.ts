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

/** Length in UTF-8 bytes, without encoding. */
export function utf8Length(text: string): number {
  let bytes = text.length
  for (let i = 0; i < text.length; i++) {
    const unit = text.charCodeAt(i)
    if (unit < 0x80) continue
    bytes += unit < 0x800 ? 1 : 2
    // The two halves of a pair are four bytes together, and were counted as one and two more.
    if (unit >= 0xd800 && unit < 0xdc00 && isLowSurrogate(text.charCodeAt(i + 1))) {
      i++
    }
  }
  return bytes
}

function isLowSurrogate(unit: number): boolean {
  return unit >= 0xdc00 && unit < 0xe000
}

/** Whether `text` is longer than `limit` UTF-8 bytes; counts only when its length alone cannot tell. */
export function isLongerThan(text: string, limit: number): boolean {
  if (text.length > limit) return true
  if (text.length * 3 <= limit) return false
  return utf8Length(text) > limit
}
