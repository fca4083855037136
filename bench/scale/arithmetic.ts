/** What needs no simulation: limits, memory and money of a room with gateways, and of a million rooms. */
import { NUMBERS } from "../../src/config/config.ts"
import { DEFAULTS, type Load, monthOf } from "../cost/load.ts"
import { MESSAGES_PER_REQUEST, METERS, type MeterName, OBJECT_GB } from "../cost/prices.ts"
import { HOUR, steadyHour } from "../cost/steady-hour.ts"

/** https://developers.cloudflare.com/durable-objects/reference/faq/ and …/api/state/, read 2026-11-25. */
export const REQUESTS_PER_OBJECT_S = 1000
export const SOCKETS_PER_OBJECT = 32_768
/** https://developers.cloudflare.com/workers/platform/limits/, read 2026-11-25. */
export const OBJECT_MB = 128

export const FANOUT_PER_S = NUMBERS.FANOUT_PER_SECOND.default
export const TICK_MS = NUMBERS.TICK_MS.default
const S_PER_HOUR = 3600

/** An entry as it is told, with a name and a position. */
export const ENTRY_BYTES = JSON.stringify({
  ref: 123_456,
  connection: "f3Qp8rVnT2mWxk1Z",
  member: "member-123456",
  info: { name: "Annabel" },
  data: { cursor: { x: 1234, y: 567 } },
  status: "active",
  since: 1_795_600_000_000,
}).length

/** Taken for one member in a room's memory: its connection, its entry, its place in the maps and its socket's attachment. A guess, on the high side. */
export const ROSTER_BYTES = 2000

/** How long a tick lasts in an object that tells so many, in milliseconds. */
export function tickOf(receivers: number): number {
  return Math.max(TICK_MS, (receivers * 1000) / FANOUT_PER_S)
}

/** The number of gateways for which both ticks, the room's and a gateway's, are equally long. */
export function evenGateways(watchers: number): number {
  return Math.round(Math.sqrt(watchers))
}

export type Event = {
  readonly watchers: number
  readonly gateways: number
  /** Of the whole: frames a second from the room to all gateways, and from all gateways to the room. */
  readonly framesToGateways: number
  readonly framesToRoom: number
}

/** What an hour costs at list price: everything is awake, each watcher connects once, and pings count as messages. */
export function eventHour({ watchers, gateways, framesToGateways, framesToRoom }: Event) {
  const each = Math.max(1, Math.round(watchers / gateways))
  const clocks = { ...DEFAULTS.clocks, idleAfter: 0 }
  const hour = steadyHour({ members: each, clocks, tokenMs: HOUR, doing: "ping", joinsEveryMs: (0.9637 * HOUR) / each, settlesMs: HOUR })
  const frames = (framesToGateways + framesToRoom) * S_PER_HOUR
  return {
    connecting: price("workerRequests", watchers) + price("objectRequests", watchers),
    pings: price("objectRequests", (gateways * hour.pings) / MESSAGES_PER_REQUEST),
    sweeps: gateways * (price("objectRequests", hour.alarmRuns) + price("rowsWritten", hour.alarmsSet)),
    awake: price("gbSeconds", (gateways + 1) * S_PER_HOUR * OBJECT_GB),
    bySocket: price("objectRequests", frames / MESSAGES_PER_REQUEST),
    byCall: price("objectRequests", frames),
  }
}

function price(meter: MeterName, used: number): number {
  return (used * METERS[meter].dollars) / METERS[meter].per
}

/** A shard is given half of what an object is said to bear. */
export function shardsFor(reportsPerS: number): number {
  return Math.ceil(reportsPerS / (REQUESTS_PER_OBJECT_S / 2))
}

/** A room of five, round the clock: quiet, or with so many who come and go in it a minute, each of whom is reported. */
export function reportsPerS(rooms: number, changesPerMinute: number): number {
  const quiet = steadyHour({
    members: 5,
    clocks: { ...DEFAULTS.clocks, idleAfter: 0 },
    tokenMs: HOUR,
    doing: "ping",
    joinsEveryMs: (0.9637 * HOUR) / 5,
    settlesMs: HOUR,
  })
  const perRoom = Math.max(quiet.reports / S_PER_HOUR, Math.min(changesPerMinute / 60, 1000 / NUMBERS.REPORT_MS.default))
  return rooms * perRoom
}

export const MILLION_ROOMS: Load = { ...DEFAULTS, connections: 5_000_000, rooms: 1_000_000, hours: 8, moving: 0, rate: 0, joins: 2 }

export function millionRooms() {
  return monthOf(MILLION_ROOMS)
}
