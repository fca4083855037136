/** What Rollcall promises itself, compared with the medians of the same runs. */
import type { StormResult } from "../load/result.ts"
import type { Run } from "../rounds.ts"
import { format } from "../statistics.ts"
import { markdown } from "./markdown.ts"
import { type Medians, mediansOf } from "./medians.ts"

/** `value` is NaN when the scenario was not run. */
export type Goal = {
  readonly scenario: string
  readonly what: string
  readonly value: number
  readonly limit: number
  readonly isFloor: boolean
}

export function isMet({ value, limit, isFloor }: Goal): boolean {
  return isFloor ? value >= limit : value <= limit
}

/** Of all that was offered, what must arrive: the last tick's updates are under way when the stretch ends. */
const ALL_OFFERED = 0.99

/** JSON with x and y as numbers, and the same compressed. */
const BYTES_PER_UPDATE = 30
const BYTES_COMPRESSED = 16

/** The goals whose scenario was run. */
export function goals(runs: readonly Run[]): Goal[] {
  const storm = (name: string, limits: StormLimits) => stormGoals(name, mediansOf(runs, name, "storm"), limits)
  return [
    ...storm("storm-50", { ofParty: 0.25, p50: 15, p99: 35 }),
    ...storm("storm-200", { ofParty: 0.07, ofWs: 0.12, p99: 50 }),
    ...storm("storm-500", { ofParty: 0.02, p99: 75 }),
    ...storm("storm-1000", { statesPerS: 9e6, p99: 130, compressed: true }),
    ...storm("storm-2000@2", {}),
    ...storm("storm-5000@1", { statesPerS: 20e6, p99: 700, compressed: true }),
    ...storm("rooms-200x5", { ofParty: 0.95, p50: 3, p99: 20, bytes: false }),
    ...joinGoals(runs),
    ...resumeGoals(runs),
    ...idleGoals(runs),
  ].filter(({ value }) => !Number.isNaN(value))
}

type StormLimits = {
  readonly ofParty?: number
  readonly ofWs?: number
  readonly statesPerS?: number
  readonly p50?: number
  readonly p99?: number
  /** Whether bytes per update are promised: in a room of a few there is nothing to share a frame with. */
  readonly bytes?: boolean
  /** Whether what arrives, and how soon, is promised with compressed frames too. */
  readonly compressed?: boolean
}

function stormGoals(
  scenario: string,
  medians: Medians<StormResult>,
  { ofParty, ofWs, statesPerS, p50, p99, bytes = true, compressed = false }: StormLimits,
): Goal[] {
  const cpu = ({ cpuUsPerState }: StormResult) => cpuUsPerState
  const delivered = (target: Ours) => {
    const of = (pick: (run: StormResult) => number) => medians.of(target, pick)
    return statesPerS === undefined
      ? atLeast(
          scenario,
          named("delivered, of what was offered", target),
          of((run) => run.deliveredPerS / run.offeredPerS),
          ALL_OFFERED,
        )
      : atLeast(
          scenario,
          named("states delivered a second", target),
          of((run) => run.deliveredPerS),
          statesPerS,
        )
  }
  const latency = (quantile: "p50" | "p99", limit: number | undefined, target: Ours) =>
    limit === undefined
      ? []
      : [
          atMost(
            scenario,
            named(`${quantile}, ms`, target),
            medians.of(target, (run) => run[`${quantile}Ms`]),
            limit,
          ),
        ]
  const stale = (target: Ours) =>
    atMost(
      scenario,
      named("stale pairs in any run", target),
      worst(medians.runs(target), (run) => Math.max(run.stale, run.staleDuring)),
      0,
    )
  return [
    delivered("rollcall"),
    ...(ofParty === undefined
      ? []
      : [atMost(scenario, "CPU per update, of PartyServer's", medians.ratio("rollcall", "party", cpu), ofParty)]),
    ...(ofWs === undefined ? [] : [atMost(scenario, "CPU per update, of bare ws'", medians.ratio("rollcall", "ws", cpu), ofWs)]),
    ...latency("p50", p50, "rollcall"),
    ...latency("p99", p99, "rollcall"),
    ...(bytes
      ? [
          atMost(
            scenario,
            "bytes per update",
            medians.of("rollcall", (run) => run.bytesPerState),
            BYTES_PER_UPDATE,
          ),
          atMost(
            scenario,
            named("bytes per update", "deflate"),
            medians.of("deflate", (run) => run.bytesPerState),
            BYTES_COMPRESSED,
          ),
        ]
      : []),
    stale("rollcall"),
    stale("deflate"),
    ...(compressed ? [delivered("deflate"), ...latency("p99", p99, "deflate")] : []),
  ]
}

function joinGoals(runs: readonly Run[]): Goal[] {
  const scenario = "joins-1000"
  const medians = mediansOf(runs, scenario, "joins")
  return [
    atMost(
      scenario,
      "everybody sees everybody, ms",
      medians.of("rollcall", (run) => run.wholeMs),
      1000,
    ),
    atMost(
      scenario,
      "CPU, of PartyServer's",
      medians.ratio("rollcall", "party", (run) => run.serverCpuS),
      0.1,
    ),
    atMost(
      scenario,
      "bytes, of PartyServer's",
      medians.ratio("rollcall", "party", (run) => run.receivedMb),
      0.6,
    ),
    atMost(
      scenario,
      named("bytes, of PartyServer's", "deflate"),
      medians.ratio("deflate", "party", (run) => run.receivedMb),
      0.6,
    ),
  ]
}

/** An answer that holds no entry: an upgrade's response and a welcome. */
const WELCOME_BYTES = 1024

function resumeGoals(runs: readonly Run[]): Goal[] {
  const scenario = "resume-1000"
  const medians = mediansOf(runs, scenario, "resume")
  return [
    atMost(
      scenario,
      "leaves that anybody was told of",
      worst([...medians.runs("rollcall"), ...medians.runs("deflate")], (run) => run.leaves),
      0,
    ),
    atMost(
      scenario,
      "all are current, ms",
      medians.of("rollcall", (run) => run.currentMs),
      1500,
    ),
    atMost(
      scenario,
      "bytes to each who had missed nothing",
      medians.of("rollcall", (run) => run.currentBytes),
      WELCOME_BYTES,
    ),
  ]
}

function idleGoals(runs: readonly Run[]): Goal[] {
  const idle = mediansOf(runs, "idle-1000", "idle")
  return [
    atMost(
      "idle-1000",
      "CPU per ping, of PartyServer's",
      idle.ratio("rollcall", "party", (run) => run.cpuUsPerPing),
      0.4,
    ),
    atMost(
      "idle-1000",
      "cores when nothing happens",
      idle.of("rollcall", (run) => run.idleCores),
      0.01,
    ),
    atMost(
      "idle-1000",
      "RSS per connection, of a naive hibernating object's",
      idle.ratio("rollcall", "naive", (run) => run.rssKbPerConnection),
      1.1,
    ),
  ]
}

type Ours = "rollcall" | "deflate"

function named(what: string, target: Ours): string {
  return target === "deflate" ? `${what}, with rollcall.v1.deflate` : what
}

function worst<R extends object>(runs: readonly R[], pick: (run: R) => number): number {
  return runs.length === 0 ? Number.NaN : Math.max(...runs.map(pick))
}

function atMost(scenario: string, what: string, value: number, limit: number): Goal {
  return { scenario, what, value, limit, isFloor: false }
}

function atLeast(scenario: string, what: string, value: number, limit: number): Goal {
  return { scenario, what, value, limit, isFloor: true }
}

export function goalsTable(list: readonly Goal[]): string {
  return markdown(
    "scenario|what|goal|measured|met",
    list.map((goal) => [
      goal.scenario,
      goal.what,
      `${goal.isFloor ? "≥" : "≤"} ${format(goal.limit)}`,
      format(goal.value),
      isMet(goal) ? "yes" : "**no**",
    ]),
  )
}
