/** `npm run cost`: arguments → what is printed. */
import { parseArgs } from "node:util"
import { DEFAULTS, type Load } from "./load.ts"
import { directoryTable, hourTable, LOADS, leverTable, loadTables } from "./tables.ts"

export const USAGE = `npm run cost -- [options]    what a load costs a month; without options, the tables of docs/cost.md
  --connections 1000   at the same time, each a user of its own
  --rooms 50           over which they are spread evenly
  --hours 8            how long each is connected a day
  --moving 1           for how many of these hours it moves
  --rate 10            updates a second of each while it moves
  --joins 4            how often each connects a day
  --heartbeat 30       HEARTBEAT_INTERVAL_MS, in seconds
  --timeout 90         HEARTBEAT_TIMEOUT_MS, in seconds
  --token 1            how long a token lasts, in hours
  --tick 25            TICK_MS
  --free-pings         a ping that the runtime answers is no request
  --write              puts the tables into docs/cost.md`

type Range = { readonly default: number; readonly min: number; readonly max: number; readonly unit: string }

const NUMBERS = {
  connections: { default: 1000, min: 1, max: 1e9, unit: "connections" },
  rooms: { default: 50, min: 1, max: 1e9, unit: "rooms" },
  hours: { default: 8, min: 0, max: 24, unit: "hours a day" },
  moving: { default: 1, min: 0, max: 24, unit: "hours a day" },
  rate: { default: 10, min: 0, max: 60, unit: "updates a second" },
  joins: { default: 4, min: 0, max: 10_000, unit: "connects a day" },
  heartbeat: { default: DEFAULTS.clocks.interval / 1000, min: 1, max: 86_400, unit: "seconds" },
  timeout: { default: DEFAULTS.clocks.timeout / 1000, min: 2, max: 604_800, unit: "seconds" },
  token: { default: 1, min: 0.1, max: 1000, unit: "hours" },
  tick: { default: DEFAULTS.tickMs, min: 0, max: 10_000, unit: "milliseconds" },
} as const satisfies Record<string, Range>

type Name = keyof typeof NUMBERS

/** What was asked for: a load of one's own, or null: the tables of docs/cost.md. Throws a sentence that says what is allowed. */
export function readLoad(args: readonly string[]): { readonly load: Load | null; readonly write: boolean; readonly help: boolean } {
  const text = { type: "string" } as const
  const flag = { type: "boolean", default: false } as const
  const { values } = parseArgs({
    args: [...args],
    options: {
      ...{ connections: text, rooms: text, hours: text, moving: text, rate: text, joins: text },
      ...{ heartbeat: text, timeout: text, token: text, tick: text },
      ...{ "free-pings": flag, write: flag, help: flag },
    },
  })
  const read = (name: Name): number => {
    const range: Range = NUMBERS[name]
    const value = values[name]
    const number = value === undefined ? range.default : value.trim() === "" ? Number.NaN : Number(value)
    if (number >= range.min && number <= range.max) return number
    throw new Error(`--${name} is ${value}; ${range.min} to ${range.max} ${range.unit} are allowed`)
  }
  const isOwn = Object.entries(values).some(([name, value]) => name !== "write" && name !== "help" && value !== false)
  const load: Load = {
    connections: read("connections"),
    rooms: read("rooms"),
    hours: read("hours"),
    moving: read("moving"),
    rate: read("rate"),
    joins: read("joins"),
    clocks: { ...DEFAULTS.clocks, interval: read("heartbeat") * 1000, timeout: read("timeout") * 1000 },
    tokenMs: read("token") * 3_600_000,
    tickMs: read("tick"),
    arePingsBilled: values["free-pings"] !== true,
  }
  if (load.moving > load.hours) throw new Error(`--moving is ${load.moving}; no more than --hours (${load.hours}) are allowed`)
  if (load.rooms > load.connections)
    throw new Error(`--rooms is ${load.rooms}; no more than --connections (${load.connections}) are allowed`)
  const { interval, timeout } = load.clocks
  if (timeout < 2 * interval) throw new Error(`--timeout is ${timeout / 1000}; twice --heartbeat (${interval / 1000}) at least is allowed`)
  if (load.connections / load.rooms > 32_768) throw new Error("a room holds 32,768 connections at most: more --rooms are needed")
  return { load: isOwn ? load : null, write: values.write, help: values.help }
}

export function sections(): Readonly<Record<"loads" | "hours" | "levers" | "directory", string>> {
  return { loads: LOADS.map(loadTables).join("\n\n"), hours: hourTable(), levers: leverTable(), directory: directoryTable() }
}

export function answer(load: Load | null): string {
  if (load !== null) return loadTables({ title: "Your load", load })
  const { loads, hours, levers, directory } = sections()
  return [loads, "### An hour of a connection", hours, "### What can be turned", levers, "### The directory", directory].join("\n\n")
}
