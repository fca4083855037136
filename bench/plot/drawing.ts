/** What all plots share: a page that reads well on light and on dark ground, and axes with round numbers. */

/** Series take these in turn. */
export const COLORS = ["var(--a)", "var(--b)", "var(--c)", "var(--d)", "var(--e)"] as const

const STYLE = `
svg{--paper:#fff;--ink:#16161a;--soft:#5b5b66;--grid:#dddde3;--shade:#f1f1f4;--a:#0b62d6;--b:#0f8a6c;--c:#7a3fc4;--d:#c2410c;--e:#6b6b76}
@media(prefers-color-scheme:dark){svg{--paper:#131316;--ink:#efeff2;--soft:#a5a5b0;--grid:#35353d;--shade:#1e1e23;--a:#6aa8ff;--b:#46cfa9;--c:#b98cf5;--d:#ff9a5c;--e:#9a9aa6}}
`

/** A whole SVG; `label` says what it shows to whoever does not see it. */
export function drawing(width: number, height: number, label: string, content: readonly string[]): string {
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" role="img" aria-label="${escaped(label)}" font-family="system-ui,sans-serif" font-size="11">`,
    `<style>${STYLE}</style>`,
    `<rect width="${width}" height="${height}" fill="var(--paper)"/>`,
    ...content,
    "</svg>",
    "",
  ].join("\n")
}

export function text(x: number, y: number, content: string, { fill = "var(--soft)", anchor = "start", size = 11 } = {}): string {
  return `<text x="${round(x)}" y="${round(y)}" fill="${fill}" text-anchor="${anchor}" font-size="${size}">${escaped(content)}</text>`
}

export function round(value: number): string {
  return String(Number(value.toFixed(1)))
}

const STEPS = [1, 2, 5, 10]

/** 1, 2 or 5 times a power of ten, no less than `least`. */
export function niceStep(least: number): number {
  const power = 10 ** Math.floor(Math.log10(least))
  return (STEPS.find((step) => step * power >= least) ?? 10) * power
}

export type Axis = {
  /** From 0 to 1 on the axis. */
  readonly at: (value: number) => number
  readonly marks: readonly number[]
}

/** From zero to a round number above all values. */
export function linearAxis(values: readonly number[], lines = 4): Axis {
  const highest = Math.max(...values.filter(Number.isFinite), 1e-9)
  const step = niceStep(highest / lines)
  const count = Math.ceil(highest / step - 1e-9)
  return { at: (value) => value / (step * count), marks: Array.from({ length: count + 1 }, (_, i) => Number((i * step).toPrecision(12))) }
}

/** From the power of ten below all values to the one above: what differs a hundredfold shows side by side. */
export function logAxis(values: readonly number[]): Axis {
  const positive = values.filter((value) => Number.isFinite(value) && value > 0)
  const low = Math.floor(Math.log10(Math.min(...positive, Number.MAX_VALUE)) - 1e-9)
  const high = Math.max(low + 1, Math.ceil(Math.log10(Math.max(...positive, Number.MIN_VALUE)) - 1e-9))
  if (positive.length === 0) return { at: () => 0, marks: [] }
  return {
    at: (value) => (value > 0 ? (Math.log10(value) - low) / (high - low) : 0),
    marks: Array.from({ length: high - low + 1 }, (_, i) => 10 ** (low + i)),
  }
}

function escaped(content: string): string {
  return content.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;").replaceAll('"', "&quot;")
}
