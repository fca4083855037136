/** When the room may speak next: the tick between two presence frames, and the budget of frames a second. */
import type { Millis } from "./connection.ts"

export type PaceLimits = { readonly tickMs: Millis; readonly fanoutPerSecond: number }

export type Pace = {
  /** The earliest next presence frame. */
  readonly presenceAt: Millis
  /** The instant at which all that was sent is paid for, at `fanoutPerSecond`. */
  readonly paidAt: Millis
  /** While a crowd moves: until then the next presence frame waits for more of it. */
  readonly gatherUntil: Millis
  /** So much longer the next presence frame waits, so that a thread that is late can catch up. */
  readonly rest: Millis
}

export const RESTED: Pace = { presenceAt: 0, paidAt: 0, gatherUntil: 0, rest: 0 }

/** So many who came or went within one tick are a crowd on the move. */
export const CROWD = 8

/** While a crowd moves, presence takes this part of the budget, as far as the tick gets no longer than so many. */
const CROWD_SHARE = 1 / 8
const CROWD_TICKS = 6

/** After so many without anybody it is not waited for any longer: those who receive a large frame need a while before they go on. */
const CROWD_REST_TICKS = 2

/**
 * A tick that comes later than this, and than half of what the last one took, tells that the thread, which rooms share, has more to do
 * than it can: the next waits as much longer, to so much at most, so that more merges and less is sent.
 */
const LATE_FROM_MS = 25
const MAX_REST_MS = 100

/** So many characters of a frame, or bytes of a compressed one, cost about what another frame costs (docs/performance.md). */
const LENGTH_OF_A_FRAME = 73_728

/** What a frame of this length takes of the budget, in frames: a room is not overloaded by long ones either. */
export function framesWorth(length: number): number {
  return 1 + length / LENGTH_OF_A_FRAME
}

/**
 * The earliest instant of the next flush. After a pause that is at once. A message that waits behind nothing is only
 * held to the budget, which may be overdrawn by a tick's worth, so that a few messages in a row go out at once.
 * `movedAt`: when somebody last came or went; a crowd is waited for as long as it keeps moving. Null: something hurries.
 */
export function flushAt(pace: Pace, startsWithPresence: boolean, limits: PaceLimits, movedAt: Millis | null = null): Millis {
  const inBudget = pace.paidAt - limits.tickMs
  if (!startsWithPresence) return inBudget
  const soonest = Math.max(pace.presenceAt, inBudget)
  if (movedAt === null) return soonest
  return Math.max(soonest, pace.presenceAt + pace.rest, Math.min(pace.gatherUntil, movedAt + limits.tickMs * CROWD_REST_TICKS))
}

/**
 * The pace after a flush of so many frames' worth, which told of `moved` who came or went; the tick stretches to connections ÷
 * `fanoutPerSecond`, and further while a crowd moves: each tick less is a frame less to all of it. `late`: by how much
 * a timer was, null for a flush without one, which leaves what is known of the thread half believed.
 */
export function afterFlush(
  pace: Pace,
  frames: number,
  hadPresence: boolean,
  limits: PaceLimits,
  now: Millis,
  moved = 0,
  late: Millis | null = null,
): Pace {
  const cost = (frames * 1000) / limits.fanoutPerSecond
  const paidAt = Math.max(pace.paidAt, now) + cost
  if (!hadPresence) return { ...pace, paidAt }
  const gatherUntil = moved < CROWD ? 0 : now + Math.min(cost / CROWD_SHARE, limits.tickMs * CROWD_TICKS)
  const presenceAt = now + Math.max(limits.tickMs, cost)
  const rest = late === null ? pace.rest / 2 : clamp(late - Math.max(LATE_FROM_MS, cost / 2), 0, MAX_REST_MS)
  return { presenceAt, paidAt, gatherUntil, rest }
}

function clamp(value: number, least: number, most: number): number {
  return Math.min(most, Math.max(least, value))
}

/**
 * How many messages may wait: a second's worth of the budget, at least one. Past that a `send` is refused as too
 * fast; nothing that was accepted is ever dropped.
 */
export function maxWaitingMessages(connected: number, limits: PaceLimits): number {
  return Math.max(1, Math.floor(limits.fanoutPerSecond / Math.max(1, connected)))
}
