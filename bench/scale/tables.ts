/** Simulation and arithmetic → the tables of docs/scale.md. */
import { billOf } from "../cost/bill.ts"
import { membersOf } from "../cost/load.ts"
import { big } from "../cost/peers.ts"
import { markdown, money } from "../cost/tables.ts"
import {
  ENTRY_BYTES,
  evenGateways,
  eventHour,
  FANOUT_PER_S,
  MILLION_ROOMS,
  millionRooms,
  OBJECT_MB,
  ROSTER_BYTES,
  reportsPerS,
  SOCKETS_PER_OBJECT,
  shardsFor,
  TICK_MS,
  tickOf,
} from "./arithmetic.ts"
import type { WatchersView } from "./hub.ts"
import { type Outcome, type Scenario, simulate } from "./simulation.ts"

const MILLION = 1_000_000
const BASE = {
  ...{ members: 30, rate: 5, churn: 5, fromMs: 600, hopMs: 5, cutEveryMs: 0, loseEvery: 0, seed: 1 },
  limits: { tickMs: TICK_MS, fanoutPerSecond: FANOUT_PER_S },
}

type Run = { readonly scenario: Scenario; readonly outcome: Outcome }

function run(gateways: number, view: WatchersView, watchers = MILLION): Run {
  // A little more than half a second, or a few of a slow gateway's ticks.
  const ms = BASE.fromMs + Math.max(600, 4 * tickOf(watchers / gateways))
  const scenario: Scenario = { ...BASE, ms, watchers, gateways, view }
  return { scenario, outcome: simulate(scenario) }
}

const GATEWAYS = [1, 10, 100, 300, 1000, 2000]
const VIEWS: readonly WatchersView[] = ["full", { first: 20 }, "members", "count"]

/** All sections of the page, by name. Each run is checked: none may leave a gateway astray. */
export function sections(): Readonly<Record<"gateways" | "views" | "money" | "memory" | "direct" | "shards" | "rooms", string>> {
  const runs = GATEWAYS.map((gateways) => run(gateways, "full"))
  const views = VIEWS.map((view) => run(evenGateways(MILLION), view))
  for (const { scenario, outcome } of [...runs, ...views]) {
    if (outcome.astray > 0) throw new Error(`${outcome.astray} of ${scenario.gateways} gateways do not know what the room knows`)
  }
  return {
    direct: directTable(),
    gateways: gatewayTable(runs),
    views: viewTable(views),
    money: moneyTable(views),
    memory: memoryTable(),
    shards: shardTable(),
    rooms: roomsTable(),
  }
}

function directTable(): string {
  return markdown(
    [">sockets in one object", ">told every", ">frames to it at 10 a second each"],
    [100, 500, 1000, 5000, 10_000, SOCKETS_PER_OBJECT].map((sockets) => [
      n(sockets),
      `${Math.round(tickOf(sockets))} ms`,
      `${n(sockets * 10)}/s`,
    ]),
  )
}

function gatewayTable(runs: readonly Run[]): string {
  const head = [
    ">gateways",
    ">sockets each",
    ">room's tick",
    ">gateway's tick",
    ">room → gateways",
    ">gateways → room",
    ">to each watcher",
    ">to all",
    ">age when told, p50",
    ">p99",
    ">mean age of what is seen",
  ]
  const rows = runs.map(({ scenario, outcome }) => {
    const { gateways, watchers } = scenario
    const each = watchers / gateways
    return [
      n(gateways),
      each > SOCKETS_PER_OBJECT ? `${n(each)} (too many)` : n(each),
      `${Math.round(tickOf(gateways))} ms`,
      `${n(tickOf(each))} ms`,
      `${n(outcome.framesToGateways)}/s`,
      `${n(outcome.framesToRoom)}/s`,
      `${digits(outcome.framesToWatchers / watchers)}/s`,
      `${big(outcome.framesToWatchers)}/s`,
      `${n(outcome.p50)} ms`,
      `${n(outcome.p99)} ms`,
      `${n(meanAge(scenario, outcome))} ms`,
    ]
  })
  return markdown(head, rows)
}

/** Between two frames what is seen grows older by half of the time between them. */
function meanAge({ watchers }: Scenario, { p50, framesToWatchers }: Outcome): number {
  return p50 + (500 * watchers) / framesToWatchers
}

function viewTable(runs: readonly Run[]): string {
  const head = ["view", ">bytes of a frame", ">frames to each watcher", ">bytes to each watcher", ">to all watchers", ">age when told, p50"]
  const rows = runs.map(({ scenario: { watchers, view }, outcome }) => [
    nameOf(view),
    n(outcome.bytesToWatchers / outcome.framesToWatchers),
    `${digits(outcome.framesToWatchers / watchers)}/s`,
    `${n(outcome.bytesToWatchers / watchers)}/s`,
    `${digits((outcome.bytesToWatchers * 8) / 1e9)} Gbit/s`,
    outcome.p50 > 0 ? `${outcome.p50} ms` : "none are told",
  ])
  return markdown(head, rows)
}

function memoryTable(): string {
  const rows = [50, 1000, 10_000, 100_000, MILLION].map((members) => {
    const bytes = members * ENTRY_BYTES
    return [n(members), size(bytes), size(bytes * MILLION), `${digits((members * ROSTER_BYTES) / 1e6)} MB of ${OBJECT_MB}`]
  })
  return markdown([">members", ">the room as a frame", ">that to 1,000,000 who join", ">the room in memory, about"], rows)
}

function moneyTable(runs: readonly Run[]): string {
  const head = ["view", ">connecting", ">pings", ">sweeps", ">awake", ">frames, by sockets", ">sum", ">frames, by calls instead"]
  const rows = runs.map(({ scenario: { watchers, gateways, view }, outcome }) => {
    const { connecting, pings, sweeps, awake, bySocket, byCall } = eventHour({ watchers, gateways, ...outcome })
    return [
      nameOf(view),
      ...[connecting, pings, sweeps, awake, bySocket, connecting + pings + sweeps + awake + bySocket, byCall].map(money),
    ]
  })
  return markdown(head, rows)
}

function shardTable(): string {
  const rows = (
    [
      ["quiet", 0],
      ["somebody comes or goes every ten minutes", 0.1],
      ["somebody comes or goes every minute", 1],
      ["somebody comes or goes every second", 60],
    ] as const
  ).map(([what, changes]) => {
    const reports = reportsPerS(MILLION, changes)
    const shards = shardsFor(reports)
    return [what, `${n(reports)}/s`, `${n(reports / 4)}/s`, shards > 256 ? `${n(shards)}: more than the 256 there may be` : n(shards)]
  })
  return markdown(["1,000,000 rooms, each", ">reports", ">to each of 4 shards", ">shards needed"], rows)
}

function roomsTable(): string {
  const { usage, sleepless } = millionRooms()
  const bill = billOf(usage)
  const rows = bill.lines.map(({ meter, used, dollars }) => [meter.name, big(used), money(dollars)])
  return markdown(
    [`${n(MILLION_ROOMS.rooms)} rooms of ${membersOf(MILLION_ROOMS)}, 8 h a day, a month`, ">used", ">dollars"],
    [...rows, ["**all, with the plan**", "", `**${money(bill.dollars)}**`], ["never hibernating", "", money(billOf(sleepless).dollars)]],
  )
}

function nameOf(view: WatchersView): string {
  return typeof view === "string" ? `\`${view}\`` : `the first ${view.first}`
}

function size(bytes: number): string {
  const [unit, name] = SIZES.find(([least]) => bytes >= least) ?? [1, "B"]
  return `${digits(bytes / unit)} ${name}`
}

const SIZES = [
  [1e12, "TB"],
  [1e9, "GB"],
  [1e6, "MB"],
  [1e3, "kB"],
] as const

function n(value: number): string {
  return Math.round(value).toLocaleString("en")
}

function digits(value: number): string {
  return String(Number(value.toPrecision(2)))
}
