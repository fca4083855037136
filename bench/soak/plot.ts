/** Lines over time as an SVG: panels one below the other, which share the axis of time. */
import { format } from "../statistics.ts"

export type Line = { readonly name: string; readonly color: string; readonly points: readonly (readonly [number, number])[] }
export type Panel = { readonly title: string; readonly unit: string; readonly lines: readonly Line[] }

const WIDTH = 860
const PANEL_HEIGHT = 200
const MARGIN = { left: 60, right: 20, top: 34, bottom: 24 }
const INNER = { width: WIDTH - MARGIN.left - MARGIN.right, height: PANEL_HEIGHT - MARGIN.top - MARGIN.bottom }
const GRID_LINES = 4
const STEPS = [1, 2, 5, 10]

/** `until` is the end of the axis, `steadyFrom` where the part that is judged begins; points' first number is in the same minutes. */
export function plot(panels: readonly Panel[], until: number, steadyFrom: number): string {
  const height = PANEL_HEIGHT * panels.length + 20
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${height}" font-family="sans-serif" font-size="11">`,
    `<rect width="${WIDTH}" height="${height}" fill="#fff"/>`,
    ...panels.map(
      (panel, i) => `<g transform="translate(${MARGIN.left} ${i * PANEL_HEIGHT + MARGIN.top})">${draw(panel, until, steadyFrom)}</g>`,
    ),
    `<text x="${MARGIN.left}" y="${height - 8}" fill="#555">minutes; the shaded part is warm-up and not judged</text>`,
    "</svg>",
    "",
  ].join("\n")
}

function draw({ title, unit, lines }: Panel, until: number, steadyFrom: number): string {
  const highest = Math.max(1, ...lines.flatMap(({ points }) => points.map(([, y]) => y)))
  const step = niceStep(highest / GRID_LINES)
  const top = Math.ceil(highest / step) * step
  const x = (minutes: number) => ((minutes / until) * INNER.width).toFixed(1)
  const y = (value: number) => (INNER.height - (value / top) * INNER.height).toFixed(1)
  const rows = Array.from({ length: Math.round(top / step) + 1 }, (_, i) => i * step)
  const minuteStep = niceStep(until / 10)
  const columns = Array.from({ length: Math.floor(until / minuteStep) + 1 }, (_, i) => i * minuteStep)
  return [
    `<rect width="${x(steadyFrom)}" height="${INNER.height}" fill="#f1f1f4"/>`,
    `<text y="-12" font-size="13" fill="#111">${title} (${unit})</text>`,
    ...rows.map(
      (value) =>
        `<path d="M0 ${y(value)}H${INNER.width}" stroke="#ddd"/><text x="-6" y="${y(value)}" dy="4" text-anchor="end" fill="#555">${format(value)}</text>`,
    ),
    ...columns.map(
      (minutes) => `<text x="${x(minutes)}" y="${INNER.height + 15}" text-anchor="middle" fill="#555">${format(minutes)}</text>`,
    ),
    ...lines.map(
      ({ color, points }) =>
        `<polyline fill="none" stroke="${color}" stroke-width="1.5" points="${points.map(([a, b]) => `${x(a)},${y(b)}`).join(" ")}"/>`,
    ),
    ...lines.map(
      ({ name, color }, i) =>
        `<text x="${INNER.width - (lines.length - 1 - i) * 90}" y="-12" text-anchor="end" fill="${color}">${name}</text>`,
    ),
  ].join("\n")
}

/** 1, 2 or 5 times a power of ten, no less than `least`. */
function niceStep(least: number): number {
  const power = 10 ** Math.floor(Math.log10(least))
  return (STEPS.find((step) => step * power >= least) ?? 10) * power
}
