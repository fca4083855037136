/** Colours belong to people; the page itself is ink on paper. */

export const PALETTE: readonly [string, ...string[]] = [
  "#cf3b34",
  "#ec7a1c",
  "#e5b50b",
  "#37852b",
  "#0f8078",
  "#1878c9",
  "#4d5fd6",
  "#8a4fd3",
  "#cb3a8c",
  "#8f6340",
]

const HEX = /^#[0-9a-f]{6}$/i

export function isColor(value: unknown): value is string {
  return typeof value === "string" && HEX.test(value)
}

/** The colour after this one, round the palette. */
export function nextColor(color: string): string {
  const at = PALETTE.indexOf(color)
  return PALETTE[(at + 1) % PALETTE.length] ?? PALETTE[0]
}

/** White where it reads at 4.5 to 1, else black, which then does. */
export function inkOn(color: string): "#000" | "#fff" {
  return 1.05 / (luminance(color) + 0.05) >= 4.5 ? "#fff" : "#000"
}

/** Relative luminance as WCAG defines it, 0 to 1. */
function luminance(color: string): number {
  const [r = 0, g = 0, b = 0] = [1, 3, 5].map((at) => {
    const part = Number.parseInt(color.slice(at, at + 2), 16) / 255
    return part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4
  })
  return 0.2126 * r + 0.7152 * g + 0.0722 * b
}
