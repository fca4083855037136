/** Colours belong to people; the page itself is ink on paper. */

export const PALETTE: readonly [string, ...string[]] = [
  "#d9423a",
  "#ee7b1d",
  "#e2b203",
  "#58a53a",
  "#12948a",
  "#1f8fe0",
  "#4d63d8",
  "#8a4fd3",
  "#d6459b",
  "#8f6b4a",
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

/** Black or white, whichever reads better on `color`: never below 4.5 to 1. */
export function inkOn(color: string): "#000" | "#fff" {
  const light = luminance(color)
  return 1.05 / (light + 0.05) > (light + 0.05) / 0.05 ? "#fff" : "#000"
}

/** Relative luminance as WCAG defines it, 0 to 1. */
function luminance(color: string): number {
  const [r = 0, g = 0, b = 0] = [1, 3, 5].map((at) => {
    const part = Number.parseInt(color.slice(at, at + 2), 16) / 255
    return part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4
  })
  return 0.2126 * r + 0.7152 * g + 0.0722 * b
}
