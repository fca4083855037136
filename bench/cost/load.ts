/** A load, and what the service uses for it in a month of 30 days, by its own counts. */
import { NUMBERS } from "../../src/config/config.ts"
import type { Clocks } from "../../src/core/liveness.ts"
import { awakeShare } from "./awake.ts"
import { COUNTS, type Counts, type Event, FRAME_MS, INDEX_ROWS_PER_HOUR, ROOM_BYTES, ROWS_READ_PER_WAKE, wakeMs } from "./counts.ts"
import { MESSAGES_PER_REQUEST, type MeterName, OBJECT_GB } from "./prices.ts"
import { HOUR, type SteadyHour, steadyHour } from "./steady-hour.ts"

export type Load = {
  /** At the same time, each a user of its own. */
  readonly connections: number
  readonly rooms: number
  /** How long each is connected, a day. */
  readonly hours: number
  /** For so many of these hours they move. */
  readonly moving: number
  /** Updates a second of each while it moves. */
  readonly rate: number
  /** Times a day that each connects anew. */
  readonly joins: number
  readonly clocks: Clocks
  readonly tokenMs: number
  readonly tickMs: number
  /** Cloudflare does not say whether a ping that the runtime answers counts as a message: by default, it does. */
  readonly arePingsBilled: boolean
}

export type Usage = Readonly<Record<MeterName, number>>

export const DAYS = 30

export const DEFAULTS = {
  // Nobody is sent away as idle: the costliest case.
  clocks: {
    interval: NUMBERS.HEARTBEAT_INTERVAL_MS.default,
    timeout: NUMBERS.HEARTBEAT_TIMEOUT_MS.default,
    awayAfter: NUMBERS.AWAY_AFTER_MS.default,
    idleAfter: 0,
  },
  tokenMs: HOUR,
  tickMs: NUMBERS.TICK_MS.default,
  arePingsBilled: true,
} as const

/** Of the Worker for one connect: the token is verified, the request handed on. Milliseconds. */
const CONNECT_CPU_MS = 2

/** A report from a room to the directory, until it is answered: both are awake meanwhile. Milliseconds. */
const REPORT_MS = 50

export function membersOf({ connections, rooms }: Load): number {
  return Math.max(1, Math.round(connections / rooms))
}

/** An hour of one room of this load, quiet or moving. */
export function hourOf(load: Load, doing: "move" | "ping"): SteadyHour {
  const members = membersOf(load)
  // They joined over an hour, not all at once: so tokens end one by one, and pings are spread.
  const joinsEveryMs = (0.9637 * HOUR) / members
  return steadyHour({ members, clocks: load.clocks, tokenMs: load.tokenMs, doing, joinsEveryMs, settlesMs: HOUR })
}

export type Month = {
  readonly usage: Usage
  /** The same, if rooms never slept while somebody is in them. */
  readonly sleepless: Usage
  /** Of the hours in which a room is occupied, the share that it is awake. */
  readonly awake: number
  /** Room-hours in which nobody moves, and in which somebody does. */
  readonly quietHours: number
  readonly movingHours: number
}

export function monthOf(load: Load): Month {
  const { connections, rooms, hours, moving, rate, joins } = load
  const members = membersOf(load)
  const quietHours = rooms * (hours - moving) * DAYS
  const movingHours = rooms * moving * DAYS
  const sessions = connections * joins * DAYS
  const updates = connections * rate * 3600 * moving * DAYS
  const quiet = hourOf(load, "ping")
  const busy = moving === 0 ? quiet : hourOf(load, "move")
  const both = (pick: (hour: SteadyHour) => number) => quietHours * pick(quiet) + movingHours * pick(busy)
  const ofSession = (pick: (counts: Counts) => number) =>
    sessions * (["connect", "enter", "goodbye"] satisfies Event[]).reduce((sum, event) => sum + pick(COUNTS[event]), 0)

  const reports = both((hour) => hour.reports) + ofSession((counts) => counts.reports)
  const alarmRuns = both((hour) => hour.alarmRuns) + ofSession((counts) => counts.alarmRuns)
  const tokens = both((hour) => hour.tokens)
  const messages = updates + sessions + tokens + (load.arePingsBilled ? both((hour) => hour.pings) : 0)
  // A connect, its enter and its end, each on its own; and in a room in which people move, nothing finds it asleep.
  const wakes = quietHours * (quiet.alarmRuns + quiet.tokens) + 3 * sessions
  const share = awakeShare(members, members * rate, { tickMs: load.tickMs, fanoutPerSecond: NUMBERS.FANOUT_PER_SECOND.default })
  const movingS = movingHours * 3600 * Math.min(1, share + ((1 - share) * members * rate * FRAME_MS) / 1000)
  const reportS = (reports * REPORT_MS) / 1000
  const roomS = (wakes * wakeMs(members)) / 1000 + movingS + reportS
  const occupiedS = (quietHours + movingHours) * 3600
  const usage: Usage = {
    workerRequests: sessions,
    workerCpuMs: sessions * CONNECT_CPU_MS,
    objectRequests: sessions + messages / MESSAGES_PER_REQUEST + alarmRuns + reports,
    gbSeconds: (roomS + reportS) * OBJECT_GB,
    rowsWritten:
      both((hour) => hour.alarmsSet) +
      quietHours * quiet.reports * rowsOf(COUNTS["idle report"]) +
      movingHours * busy.reports * rowsOf(COUNTS["busy report"]) +
      (quietHours + movingHours) * INDEX_ROWS_PER_HOUR +
      ofSession(rowsOf),
    rowsRead: wakes * (ROWS_READ_PER_WAKE.room + ROWS_READ_PER_WAKE.member * members),
    storedGb: (rooms * ROOM_BYTES) / 1e9,
  }
  const awake = occupiedS === 0 ? 0 : Math.min(1, roomS / occupiedS)
  const sleepless = { ...usage, gbSeconds: (Math.max(occupiedS, roomS) + reportS) * OBJECT_GB }
  return { usage, sleepless, awake, quietHours, movingHours }
}

/** All rows that are billed, of the room and of the directory. */
function rowsOf({ rows, alarmsSet, directoryRows }: Counts): number {
  return rows + alarmsSet + directoryRows
}

/** What the directory costs for an hour of one room: reports, with the rows that they write on both sides. */
export function directoryHour(
  load: Load,
  doing: "move" | "ping",
): { readonly requests: number; readonly rowsWritten: number; readonly gbSeconds: number } {
  const { reports } = hourOf(load, doing)
  const rows = COUNTS[doing === "move" ? "busy report" : "idle report"]
  return {
    requests: reports,
    rowsWritten: reports * rowsOf(rows) + INDEX_ROWS_PER_HOUR,
    gbSeconds: (2 * reports * REPORT_MS * OBJECT_GB) / 1000,
  }
}
