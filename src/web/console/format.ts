/** Numbers and instants as an operator reads them, and the history of a room as a line. Pure. */

const STEPS = [
  [86_400_000, "d"],
  [3_600_000, "h"],
  [60_000, "min"],
  [1000, "s"],
] as const

/** "3 min": whole units, rounded down, of the largest that fits; a clock that differs a little is no negative age. */
export function span(ms: number): string {
  const [size, unit] = STEPS.find(([step]) => ms >= step) ?? [1000, "s"]
  return `${Math.max(0, Math.floor(ms / size))} ${unit}`
}

/** An instant ahead: "in 12 s", "now", or "none is set". */
export function untilOf(at: number | null, now: number): string {
  if (at === null) return "none is set"
  return at - now < 1000 ? "now" : `in ${span(at - now)}`
}

/** "1 member", "2 members". */
export function counted(count: number, noun: string): string {
  return `${count.toLocaleString("en")} ${noun}${count === 1 ? "" : "s"}`
}

/** Two letters at most, of a name or an id. */
export function initials(name: string): string {
  const words = name
    .trim()
    .split(/[\s._-]+/u)
    .filter((word) => word !== "")
  const first = words.length > 1 ? [words[0], words.at(-1)] : [words[0]]
  return (
    first
      .map((word) => Array.from(word ?? "")[0] ?? "")
      .join("")
      .toUpperCase() || "?"
  )
}

/** The path of a line from left to right in a box; flat at the bottom when nothing ever happened. */
export function sparkline(values: readonly number[], width: number, height: number): string {
  const top = Math.max(1, ...values)
  const step = values.length > 1 ? width / (values.length - 1) : 0
  const y = (value: number) => round(height - (value / top) * height)
  if (values.length === 1) return `M0 ${y(values[0] ?? 0)}H${width}`
  return values.map((value, at) => `${at === 0 ? "M" : "L"}${round(at * step)} ${y(value)}`).join("")
}

/** One more at the end, the oldest gone when there are too many. */
export function remembered(history: readonly number[], value: number, most: number): readonly number[] {
  return [...history, value].slice(-most)
}

function round(number: number): number {
  return Math.round(number * 10) / 10
}
