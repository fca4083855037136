/** How much of the time a room in which people move is kept awake by its tick. */

/** Below, a room sends everything at once and sets no timer. */
export type Tick = { readonly tickMs: number; readonly fanoutPerSecond: number }

/**
 * The share of time in which the tick's timer is pending, 0 to 1. The room cannot hibernate then, and its duration is billed. Frames
 * come at random, `framesPerS` of them. What comes after a pause is told at once; what comes within a tick of that waits for its end.
 */
export function awakeShare(members: number, framesPerS: number, { tickMs, fanoutPerSecond }: Tick): number {
  const tick = Math.max(tickMs, (members * 1000) / fanoutPerSecond)
  const perMs = framesPerS / 1000
  if (perMs === 0 || tick === 0) return 0
  const quiet = Math.exp(-perMs * tick)
  return (tick - (1 - quiet) / perMs) / (tick + quiet / perMs)
}
