/** Bars in groups as an SVG: one group for each thing compared, one bar for each of those that are compared. */
import { format } from "../statistics.ts"
import { COLORS, drawing, linearAxis, logAxis, round, text } from "./drawing.ts"

export type Bars = {
  readonly title: string
  readonly unit: string
  readonly scale: "linear" | "log"
  /** The bars' names, in the order of each group. */
  readonly series: readonly string[]
  /** A value that is no finite number has no bar. */
  readonly groups: readonly { readonly name: string; readonly values: readonly number[] }[]
}

const WIDTH = 860
const HEIGHT = 300
const MARGIN = { left: 64, right: 16, top: 62, bottom: 30 }
const INNER = { width: WIDTH - MARGIN.left - MARGIN.right, height: HEIGHT - MARGIN.top - MARGIN.bottom }

/** Of a group's width, what its bars take. */
const FILLED = 0.82
const LEGEND_WIDTH = 96

export function barChart(bars: Bars): string {
  const { title, unit, scale, groups } = bars
  const values = groups.flatMap((group) => group.values)
  const axis = (scale === "log" ? logAxis : linearAxis)(values)
  const y = (value: number) => MARGIN.top + INNER.height * (1 - axis.at(value))
  const groupWidth = INNER.width / Math.max(1, groups.length)
  return drawing(WIDTH, HEIGHT, `${title}, ${unit}`, [
    text(MARGIN.left, 22, `${title} (${unit}${scale === "log" ? "; each line ten times the one below" : ""})`, {
      fill: "var(--ink)",
      size: 14,
    }),
    ...legend(bars.series),
    ...axis.marks.flatMap((mark) => [
      `<path d="M${MARGIN.left} ${round(y(mark))}H${WIDTH - MARGIN.right}" stroke="var(--grid)"/>`,
      text(MARGIN.left - 6, y(mark) + 4, format(mark), { anchor: "end" }),
    ]),
    ...groups.flatMap(({ name, values: own }, group) => {
      const left = MARGIN.left + group * groupWidth + (groupWidth * (1 - FILLED)) / 2
      const width = (groupWidth * FILLED) / Math.max(1, own.length)
      return [
        text(left + (groupWidth * FILLED) / 2, HEIGHT - 10, name, { anchor: "middle", fill: "var(--ink)" }),
        ...own.map((value, i) => bar(left + i * width, width, y, value, i)),
      ]
    }),
  ])
}

function bar(left: number, width: number, y: (value: number) => number, value: number, nth: number): string {
  const center = left + width / 2
  const bottom = MARGIN.top + INNER.height
  if (!Number.isFinite(value)) return text(center, bottom - 4, "–", { anchor: "middle" })
  const top = Math.min(bottom - 1, y(value))
  const box = `x="${round(left + 1)}" y="${round(top)}" width="${round(width - 2)}" height="${round(bottom - top)}"`
  return `<rect ${box} fill="${COLORS[nth % COLORS.length]}"/>${text(center, top - 4, format(value), { anchor: "middle", fill: "var(--ink)", size: 10 })}`
}

function legend(series: readonly string[]): string[] {
  return series.map((name, i) => {
    const left = MARGIN.left + i * LEGEND_WIDTH
    return `<rect x="${left}" y="34" width="10" height="10" fill="${COLORS[i % COLORS.length]}"/>${text(left + 15, 43, name)}`
  })
}
