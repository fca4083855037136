/** Text for a terminal: what strangers wrote cannot steer it. */

/**
 * Control characters, line separators, marks that turn the direction of what follows, and whatever has no width: with it one
 * member's name would look like another's. Joiners and the choice of a form make letters and emoji what they are.
 */
const UNSEEN = /(?!\u200c|\u200d|[\ufe00-\ufe0f])[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}\p{Default_Ignorable_Code_Point}]/gu

/** Each character that a terminal would obey or hide instead of showing it, as `\u001b`. Within JSON it means the same as before. */
export function visible(text: string): string {
  return text.replaceAll(UNSEEN, (character) => character.split("").map(escaped).join(""))
}

function escaped(unit: string): string {
  return `\\u${unit.charCodeAt(0).toString(16).padStart(4, "0")}`
}

/** JSON in one line. */
export function jsonLine(value: unknown): string {
  return visible(JSON.stringify(value) ?? "null")
}

/** Columns of equal width; what is longer than `columns` characters (0: no limit) is cut, and ends in … */
export function table(head: readonly string[], rows: readonly (readonly string[])[], columns = 0): string[] {
  const cells = [head, ...rows].map((row) => row.map(visible))
  const widths = head.map((_, column) => cells.reduce((most, row) => Math.max(most, lengthOf(row[column] ?? "")), 0))
  return cells.map((row) => {
    const line = row.map((cell, column) => cell + " ".repeat((widths[column] ?? 0) - lengthOf(cell))).join("  ")
    return clip(line.trimEnd(), columns)
  })
}

/** As many characters as fit; 0: all. */
export function clip(line: string, columns: number): string {
  const characters = [...line]
  return columns > 0 && characters.length > columns ? `${characters.slice(0, columns - 1).join("")}…` : line
}

function lengthOf(text: string): number {
  return [...text].length
}

const UNITS_MS = { ms: 1, s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 } as const

/** Milliseconds of `90s`, `15m`, `1h`, `7d`, `500ms` or `0`; null when it is none of these. */
export function durationMs(text: string): number | null {
  if (text === "0") return 0
  const [, digits, unit] = /^(\d{1,12})(ms|s|m|h|d)$/.exec(text) ?? []
  const factor = Object.entries(UNITS_MS).find(([name]) => name === unit)?.[1]
  return factor === undefined ? null : Number(digits) * factor
}

/** `3d`, `5h`, `12m`, `40s`: the greatest unit alone. */
export function ageText(ms: number): string {
  const [unit, factor] = (["d", "h", "m"] as const).map((name) => [name, UNITS_MS[name]] as const).find(([, size]) => ms >= size) ?? [
    "s",
    1000,
  ]
  return `${Math.max(0, Math.floor(ms / factor))}${unit}`
}
