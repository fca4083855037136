import * as fc from "fast-check"
import { expect, it } from "vitest"
import { format, median, percentile } from "../../bench/statistics.ts"

it("[BN4] a median has as many values above it as below", () => {
  fc.assert(
    fc.property(fc.array(fc.integer(), { minLength: 1 }), (values) => {
      const middle = median(values)
      expect(values.filter((value) => value < middle).length).toBeLessThanOrEqual(values.length / 2)
      expect(values.filter((value) => value > middle).length).toBeLessThanOrEqual(values.length / 2)
    }),
  )
  expect(median([])).toBeNaN()
  expect(median([1, Number.POSITIVE_INFINITY, 2])).toBe(2)
})

it("[BN4] a percentile is one of the values, and null of none", () => {
  const values = Float64Array.from({ length: 100 }, (_, i) => i)
  expect([0, 0.5, 0.99, 1].map((share) => percentile(values, share))).toEqual([0, 50, 99, 99])
  expect(percentile([], 0.5)).toBeNull()
})

it("[BN4] figures have three digits that count", () => {
  expect([0, 0.012345, 12.345, 999.4, 1234.5, Number.NaN, Number.POSITIVE_INFINITY].map(format)).toEqual([
    "0",
    "0.0123",
    "12.3",
    "999",
    "1,235",
    "–",
    "–",
  ])
})
