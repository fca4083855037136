/** When a room tells the directory of itself: merged, at a bounded rate, and next to never while nothing changes. Pure. */
import type { Millis } from "./connection.ts"

export type Occupants = { readonly members: number; readonly connections: number; readonly observers: number }

/** What the directory was last told, and when. */
export type Reported = Occupants & { readonly at: Millis }

export const NOBODY: Occupants = { members: 0, connections: 0, observers: 0 }

export type ReportLimits = {
  /** The shortest pause between two reports. */
  readonly everyMs: Millis
  /** How long the directory believes a report. */
  readonly leaseMs: Millis
}

/** Ten minutes, and never shorter than a few sweeps: an idle room renews its lease when it is awake anyway; nor than two reports. */
export function leaseFor(clocks: { readonly interval: Millis; readonly timeout: Millis }, everyMs: Millis): Millis {
  return Math.max(600_000, 4 * (clocks.timeout - clocks.interval), 2 * everyMs)
}

/**
 * When to report: an instant, `now` or earlier for at once, or null for not at all. A room that has become empty says so
 * at once: there may be no later. `isSweep`: the room is awake to look after its lease, and after what it has counted.
 */
export function reportAt(
  last: Reported | null,
  current: Occupants,
  isSweep: boolean,
  hasCounted: boolean,
  { everyMs, leaseMs }: ReportLimits,
  now: Millis,
): Millis | null {
  const known = last ?? { ...NOBODY, at: Number.NEGATIVE_INFINITY }
  if (isSame(known, current)) {
    if (isEmpty(current)) return null
    // A clock that was set back must not silence it.
    if (now < known.at) return now
    const age = now - known.at
    const isStale = isSweep && (age >= leaseMs / 2 || (hasCounted && age >= COUNTERS_EVERY_MS))
    return isStale || now >= renewBy(known, leaseMs) ? now : null
  }
  return isEmpty(current) || now < known.at ? now : Math.max(now, known.at + everyMs)
}

/** After so many failures before: doubling, so that many rooms do not keep a directory down that is in trouble. */
export function retryAfter(failures: number, { everyMs, leaseMs }: ReportLimits): Millis {
  return Math.min(leaseMs / 4, Math.max(1000, everyMs) * 2 ** failures)
}

/** A room that no sweep wakes in time, as one of bots alone, has to be woken for its lease. Infinity: it has none. */
export function renewBy(last: Reported | null, leaseMs: Millis): Millis {
  return last === null || isEmpty(last) ? Number.POSITIVE_INFINITY : last.at + RENEW_BY * leaseMs
}

const RENEW_BY = 0.75

/** What a busy room counts is told with the next report, which comes so often at least. */
const COUNTERS_EVERY_MS = 60_000

export function isEmpty({ members, connections }: Occupants): boolean {
  return members === 0 && connections === 0
}

function isSame(a: Occupants, b: Occupants): boolean {
  return a.members === b.members && a.connections === b.connections && a.observers === b.observers
}
