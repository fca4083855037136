/** Loads and bills → the tables of docs/cost.md. */
import { type Bill, billOf, listPrice } from "./bill.ts"
import { DEFAULTS, directoryHour, type Load, membersOf, monthOf } from "./load.ts"
import { big, quotes } from "./peers.ts"
import { METERS } from "./prices.ts"
import { HOUR } from "./steady-hour.ts"

export type NamedLoad = { readonly title: string; readonly load: Load }

const THOUSAND = { ...DEFAULTS, connections: 1000, rooms: 50 }
const MILLION = { ...DEFAULTS, connections: 1_000_000, rooms: 50_000 }
const IDLE = { hours: 24, moving: 0, rate: 0, joins: 1 }

export const LOADS: readonly NamedLoad[] = [
  { title: "1,000 idle: round the clock, nobody does anything", load: { ...THOUSAND, ...IDLE } },
  { title: "1,000 busy: 8 hours a day, all move 10 times a second", load: { ...THOUSAND, hours: 8, moving: 8, rate: 10, joins: 4 } },
  { title: "1,000,000 idle: round the clock", load: { ...MILLION, ...IDLE } },
  { title: "1,000,000 at work: 8 hours a day, moving for one of them", load: { ...MILLION, hours: 8, moving: 1, rate: 10, joins: 4 } },
]

/** Everything of one load: its bill line by line, and others beside it. */
export function loadTables({ title, load }: NamedLoad): string {
  const { usage, sleepless, awake } = monthOf(load)
  const bill = billOf(usage)
  const never = billOf(sleepless)
  const rows = bill.lines.map(({ meter, used, dollars }) => [meter.name, big(used), big(meter.included), money(dollars)])
  const lines = markdown(["of a month", ">used", ">included", ">dollars"], [...rows, ["plan", "", "", money(bill.dollars - sum(bill))]])
  const services = [
    ["**Rollcall**", `**${money(bill.dollars)}**`, `rooms awake ${percent(awake)} of the time that somebody is in them`],
    ["the same, never hibernating", money(never.dollars), "awake as long as somebody is connected"],
    ...quotes(load).map(({ service, dollars, how }) => [service, dollars === null ? "by quote" : money(dollars), how]),
  ]
  return `### ${title}\n\n${describe(load)}\n\n${lines}\n\n${markdown(["service", ">dollars a month", "for"], services)}`
}

function describe({ connections, rooms, hours, moving, rate, joins }: Load): string {
  const each = `${hours} h a day, ${joins} ${joins === 1 ? "connect" : "connects"} a day each`
  return `${n(connections)} connections in ${n(rooms)} rooms, ${each}${moving > 0 ? `; ${rate} updates a second each for ${moving} h a day` : ""}.`
}

function sum({ lines }: Bill): number {
  return lines.reduce((total, { dollars }) => total + dollars, 0)
}

/** What a thousand hours of a connection use, before anything that is included is taken off. */
export function hourTable(): string {
  const [idle, busy] = [LOADS[0], LOADS[1]]
  if (idle === undefined || busy === undefined) throw new Error("there are loads")
  const rows = [
    ["idle", { ...idle.load, joins: 0 }],
    ["idle, its pings not counted", { ...idle.load, joins: 0, arePingsBilled: false }],
    ["moving 10 times a second", { ...busy.load, joins: 0 }],
    ["moving once a second", { ...busy.load, joins: 0, rate: 1 }],
  ] as const
  return markdown(
    [
      "1,000 connection-hours in rooms of 20",
      ">requests",
      ">rows written",
      ">GB-s",
      ">GB-s, never hibernating",
      ">dollars",
      ">never hibernating",
    ],
    rows.map(([what, load]) => {
      const { usage, sleepless, quietHours, movingHours } = monthOf(load)
      const thousands = ((quietHours + movingHours) * membersOf(load)) / 1000
      const each = (value: number) => big(value / thousands)
      const duration = [each(usage.gbSeconds), each(sleepless.gbSeconds)]
      const dollars = [listPrice(usage), listPrice(sleepless)].map((sum) => `$${(sum / thousands).toPrecision(2)}`)
      return [what, each(usage.objectRequests), each(usage.rowsWritten), ...duration, ...dollars]
    }),
  )
}

/** What turning one thing changes. */
export function leverTable(): string {
  const idle: Load = { ...MILLION, ...IDLE }
  const busy: Load = { ...THOUSAND, hours: 8, moving: 8, rate: 10, joins: 4 }
  const slow: Load = { ...THOUSAND, connections: 5000, rooms: 1000, hours: 8, moving: 8, rate: 1, joins: 4 }
  const calm = { ...idle.clocks, interval: 60_000, timeout: 300_000 }
  const rows: readonly (readonly [string, string, Load])[] = [
    ["1,000,000 idle", "`IDLE_TIMEOUT_MS` 0: nobody is sent away as idle", idle],
    ["", "`HEARTBEAT_TIMEOUT_MS` 300,000 and `HEARTBEAT_INTERVAL_MS` 60,000", { ...idle, clocks: calm }],
    ["", "tokens of 24 h, not of 1 h", { ...idle, tokenMs: 24 * HOUR }],
    ["", "both", { ...idle, clocks: calm, tokenMs: 24 * HOUR }],
    ["", "`IDLE_TIMEOUT_MS` at its half an hour, and everybody comes twice a day", { ...idle, hours: 1, joins: 2 }],
    ["1,000 busy", "as it comes", busy],
    ["", "5 updates a second", { ...busy, rate: 5 }],
    ["", "`TICK_MS` 100", { ...busy, tickMs: 100 }],
    ["1,000 rooms of 5, one update a second each", "as it comes", slow],
    ["", "`TICK_MS` 1000", { ...slow, tickMs: 1000 }],
  ]
  return markdown(
    ["load", "with", ">dollars a month", ">never hibernating"],
    rows.map(([load, change, changed]) => {
      const { usage, sleepless } = monthOf(changed)
      return [load, change, money(billOf(usage).dollars), money(billOf(sleepless).dollars)]
    }),
  )
}

/** The directory's part, list price: what is included is not taken off. */
export function directoryTable(): string {
  const [quiet, busy] = [LOADS[0], LOADS[1]]
  if (quiet === undefined || busy === undefined) throw new Error("there are loads")
  const rows = (
    [
      ["nobody moves", directoryHour(quiet.load, "ping")],
      ["somebody moves", directoryHour(busy.load, "move")],
    ] as const
  ).map(([what, { requests, rowsWritten, gbSeconds }]) => {
    const { objectRequests, rowsWritten: written, gbSeconds: duration } = METERS
    const dollars =
      (requests * objectRequests.dollars) / objectRequests.per +
      (rowsWritten * written.dollars) / written.per +
      (gbSeconds * duration.dollars) / duration.per
    return [what, String(requests), String(rowsWritten), gbSeconds.toPrecision(2), `$${(dollars * 1000).toPrecision(2)}`]
  })
  return markdown(["an hour of a room of 20", ">reports", ">rows written", ">GB-s", ">dollars for 1,000 such hours"], rows)
}

/** A column whose head begins with `>` holds numbers. */
export function markdown(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]) => `| ${cells.join(" | ")} |`
  const names = head.map((name) => name.replace(/^>/, ""))
  return [line(names), line(head.map((name) => (name.startsWith(">") ? "--:" : "---"))), ...rows.map(line)].join("\n")
}

export function money(dollars: number): string {
  if (dollars >= 1e6) return `$${big(dollars)}`
  return `$${dollars.toLocaleString("en", { minimumFractionDigits: 2, maximumFractionDigits: 2 })}`
}

function percent(share: number): string {
  return `${Number((100 * share).toPrecision(2))} %`
}

function n(value: number): string {
  return value.toLocaleString("en")
}
