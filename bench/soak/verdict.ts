/** Whether anything grew: robust slopes over the steady part, against bounds that were fixed before the run. */
import { format, median } from "../statistics.ts"
import type { Sample } from "./sample.ts"

/** The first part of a run is warm-up: caches fill, code is compiled. */
const WARM_SHARE = 0.25

/** Megabytes a minute of the server's memory; a leak of one connection's state for every one that ends would be as much. */
const MAX_MB_PER_MINUTE = 0.5

/** Milliseconds a minute of the median latency. */
const MAX_MS_PER_MINUTE = 0.05

export type Judgement = { readonly what: string; readonly found: string; readonly allowed: string; readonly holds: boolean }

/** The last sample is taken after the load: it counts for the rooms alone. */
export function steadyPart(samples: readonly Sample[]): Sample[] {
  const loaded = samples.slice(0, -1)
  return loaded.slice(Math.floor(loaded.length * WARM_SHARE))
}

/** The median of the slopes of all pairs (Theil-Sen): a few outliers do not move it. NaN of fewer than two points. */
export function theilSen(points: readonly (readonly [number, number])[]): number {
  const slopes = points.flatMap(([x, y], i) => points.slice(i + 1).map(([u, v]) => (v - y) / (u - x)))
  return median(slopes)
}

export function judge(samples: readonly Sample[], connections: number): Judgement[] {
  const steady = steadyPart(samples)
  const memory = theilSen(steady.map(({ at, rssMb }) => [at / 60, rssMb]))
  const latency = theilSen(steady.flatMap(({ at, p50Ms }) => (p50Ms === null ? [] : [[at / 60, p50Ms] as const])))
  const last = samples.at(-1)
  const left = last === undefined ? "nothing" : `${last.connections} connections, ${last.members} members, ${last.observers} observers`
  return [
    {
      what: "memory of workerd, slope of the steady part",
      found: `${format(memory)} MB a minute`,
      allowed: `${MAX_MB_PER_MINUTE} at most`,
      holds: memory <= MAX_MB_PER_MINUTE,
    },
    {
      what: "median latency, slope of the steady part",
      found: `${format(latency)} ms a minute`,
      allowed: `${MAX_MS_PER_MINUTE} at most`,
      holds: latency <= MAX_MS_PER_MINUTE,
    },
    {
      what: "the rooms' counts, once churn has stopped and grace is over",
      found: left,
      allowed: `${connections} connections and members, no observer`,
      holds: last?.connections === connections && last.members === connections && last.observers === 0,
    },
    {
      what: "connects that failed, sockets that the server ended",
      found: `${last?.failed} and ${last?.closed}`,
      allowed: "none",
      holds: last?.failed === 0 && last.closed === 0,
    },
    {
      what: "cut connections that resumed within grace and were continued",
      found: `${last?.continued} of ${last?.resumes}`,
      allowed: "all",
      holds: last !== undefined && last.continued === last.resumes,
    },
  ]
}
