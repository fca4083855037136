/**
 * What a room counts while somebody is in it. The counters ride on attachments, so that counting writes no row: each
 * is monotonic, and after hibernation the room takes the newest it finds on its sockets. A crash starts them anew.
 */
import { z } from "zod"

const count = z.int().nonnegative()

export const talliesSchema = z.object({
  /** When the room was last empty, in milliseconds since 1970. */
  since: z.number(),
  /** How often the object was constructed since then. */
  wakeups: count,
  sweeps: count,
  lost: count,
  idle: count,
  /** The most members at once, as long as the room is remembered. */
  peak: count,
  peakAt: z.number(),
})

export type Tallies = z.infer<typeof talliesSchema>

export function newTallies(now: number): Tallies {
  return { since: now, wakeups: 1, sweeps: 0, lost: 0, idle: 0, peak: 0, peakAt: now }
}

/** The newer of two: no counter ever goes down while the room is occupied. */
export function newerTallies(a: Tallies, b: Tallies): Tallies {
  const newer = a.wakeups + a.sweeps + a.lost + a.idle >= b.wakeups + b.sweeps + b.lost + b.idle ? a : b
  return a.peak > newer.peak
    ? { ...newer, peak: a.peak, peakAt: a.peakAt }
    : b.peak > newer.peak
      ? { ...newer, peak: b.peak, peakAt: b.peakAt }
      : newer
}
