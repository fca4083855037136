/** Lines over time as an SVG: panels one below the other, which share the axis of time. */
import { format } from "../statistics.ts"
import { drawing, niceStep, text } from "./drawing.ts"

export type Line = { readonly name: string; readonly color: string; readonly points: readonly (readonly [number, number])[] }
export type Panel = { readonly title: string; readonly unit: string; readonly lines: readonly Line[] }

const WIDTH = 860
const PANEL_HEIGHT = 200
const MARGIN = { left: 60, right: 20, top: 34, bottom: 24 }
const INNER = { width: WIDTH - MARGIN.left - MARGIN.right, height: PANEL_HEIGHT - MARGIN.top - MARGIN.bottom }
const GRID_LINES = 4

/** `until` is the end of the axis, `steadyFrom` where the part that is judged begins; points' first number is in the same minutes. */
export function plot(panels: readonly Panel[], until: number, steadyFrom: number): string {
  const height = PANEL_HEIGHT * panels.length + 20
  return drawing(WIDTH, height, panels.map(({ title }) => title).join(", "), [
    ...panels.map(
      (panel, i) => `<g transform="translate(${MARGIN.left} ${i * PANEL_HEIGHT + MARGIN.top})">${draw(panel, until, steadyFrom)}</g>`,
    ),
    text(MARGIN.left, height - 8, "minutes; the shaded part is warm-up and not judged"),
  ])
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
    `<rect width="${x(steadyFrom)}" height="${INNER.height}" fill="var(--shade)"/>`,
    `<text y="-12" font-size="13" fill="var(--ink)">${title} (${unit})</text>`,
    ...rows.map(
      (value) =>
        `<path d="M0 ${y(value)}H${INNER.width}" stroke="var(--grid)"/><text x="-6" y="${y(value)}" dy="4" text-anchor="end" fill="var(--soft)">${format(value)}</text>`,
    ),
    ...columns.map(
      (minutes) => `<text x="${x(minutes)}" y="${INNER.height + 15}" text-anchor="middle" fill="var(--soft)">${format(minutes)}</text>`,
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
