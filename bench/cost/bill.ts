/** Usage → dollars, by the published prices. */
import type { Usage } from "./load.ts"
import { CLOUDFLARE_BASE, METERS, type Meter, type MeterName, type Tier } from "./prices.ts"

export type Line = { readonly meter: Meter; readonly used: number; readonly dollars: number }
export type Bill = { readonly lines: readonly Line[]; readonly dollars: number }

const NAMES: readonly MeterName[] = ["objectRequests", "gbSeconds", "rowsWritten", "rowsRead", "storedGb", "workerRequests", "workerCpuMs"]

/** What is included costs nothing, but the plan itself does. */
export function billOf(usage: Usage): Bill {
  const lines = NAMES.map((name): Line => {
    const meter = METERS[name]
    const used = usage[name]
    return { meter, used, dollars: (Math.max(0, used - meter.included) / meter.per) * meter.dollars }
  })
  return { lines, dollars: CLOUDFLARE_BASE + lines.reduce((sum, { dollars }) => sum + dollars, 0) }
}

/** Without the plan, and without what it includes. */
export function listPrice(usage: Usage): number {
  return NAMES.reduce((sum, name) => sum + (usage[name] * METERS[name].dollars) / METERS[name].per, 0)
}

/** Dollars for so much, each part of it by its own tier. */
export function tiered(amount: number, tiers: readonly Tier[]): number {
  let below = 0
  let sum = 0
  for (const [upTo, dollars] of tiers) {
    sum += Math.max(0, Math.min(amount, upTo) - below) * dollars
    below = upTo
  }
  return sum
}
