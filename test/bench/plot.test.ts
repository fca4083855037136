import * as fc from "fast-check"
import { describe, expect, it } from "vitest"
import { barChart } from "../../bench/plot/bars.ts"
import { linearAxis, logAxis } from "../../bench/plot/drawing.ts"

const positive = fc.array(fc.double({ min: 1e-6, max: 1e9, noNaN: true }), { minLength: 1, maxLength: 20 })

describe("[BN5] plots", () => {
  it("have axes that hold all values, with marks in order", () => {
    fc.assert(
      fc.property(positive, (values) => {
        for (const { at, marks } of [linearAxis(values), logAxis(values)]) {
          for (const value of values) {
            expect(at(value)).toBeGreaterThanOrEqual(-1e-9)
            expect(at(value)).toBeLessThanOrEqual(1 + 1e-9)
          }
          expect(marks.map(at)[0]).toBeCloseTo(0)
          expect(marks.map(at).at(-1)).toBeCloseTo(1)
          expect(marks.toSorted((a, b) => a - b)).toEqual(marks)
        }
      }),
    )
  })

  it("show a bar for each value and a dash where there is none", () => {
    const svg = barChart({
      title: "Time & <place>",
      unit: "ms",
      scale: "linear",
      series: ["a", "b"],
      groups: [
        { name: "one", values: [1, 2] },
        { name: "two", values: [4, Number.NaN] },
      ],
    })
    const heights = [...svg.matchAll(/<rect x="[\d.]+" y="[\d.]+" width="[\d.]+" height="([\d.]+)" fill="var\(--[ab]\)"\/><text/g)].map(
      ([, height]) => Number(height),
    )
    const bars = heights.filter((height) => height > 10)
    expect(bars[1]).toBeCloseTo((bars[0] ?? 0) * 2, 0)
    expect(bars[2]).toBeCloseTo((bars[0] ?? 0) * 4, 0)
    expect(svg.match(/>–</g)).toHaveLength(1)
    expect(svg).toContain("Time &amp; &lt;place&gt;")
    expect(svg).toContain("prefers-color-scheme:dark")
  })

  it("survive having nothing to show", () => {
    for (const scale of ["linear", "log"] as const) {
      expect(barChart({ title: "t", unit: "u", scale, series: ["a"], groups: [{ name: "g", values: [Number.NaN] }] })).not.toContain("NaN")
    }
  })
})
