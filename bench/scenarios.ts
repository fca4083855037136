/** What is measured, under the names that the command line takes, and on which servers. */
import type { Scenario } from "./load/job.ts"
import type { TargetName } from "./target-names.ts"

export type NamedScenario = {
  readonly name: string
  readonly title: string
  readonly scenario: Scenario
  readonly targets: readonly TargetName[]
  /** Counted and not timed: the same every time. */
  readonly isOnce?: boolean
}

/** `measureS`: the measured stretch of every storm. `warmS`: how long a storm goes on before. `billS`: how long a room is idle while it is billed. */
export type Lengths = { readonly measureS: number; readonly warmS: number; readonly billS: number }

export const FULL: Lengths = { measureS: 10, warmS: 5, billS: 185 }
export const SMOKE: Lengths = { measureS: 1, warmS: 0.5, billS: 10 }

const ALL = ["rollcall", "deflate", "party", "ws"] as const

/** For crowds that the peers cannot serve. */
const OURS = ["rollcall", "deflate"] as const

/** Past this many members in one room PartyServer and ws deliver next to nothing of what is offered. */
const PEERS_UP_TO = 500

/** A room sleeps 10 s after its last event: the last report to the directory comes a second after the last join. */
const SLEEP_S = 13

export function standardScenarios(lengths: Lengths): NamedScenario[] {
  const { measureS, warmS, billS } = lengths
  const pinging = { settleS: 2, idleS: 4, pingEveryMs: 1000 }
  return [
    ...[50, 200, 500, 1000].map((members) => stormOf(members, 10, lengths)),
    stormOf(2000, 2, lengths),
    stormOf(5000, 1, lengths),
    {
      name: "joins-1000",
      title: "Join storm: 1,000 members join one room at once",
      scenario: { kind: "joins", members: 1000, limitS: 60 },
      targets: ALL,
    },
    {
      name: "resume-1000",
      title: "Resume storm: the lines of 1,000 members break at once, and all come back within their grace",
      scenario: { kind: "resume", members: 1000, watchers: 10, awayS: 1, limitS: 60 },
      targets: ALL,
    },
    {
      name: "idle-1000",
      title: "Idle room: 1,000 members, one ping a second each",
      scenario: { kind: "idle", members: 1000, measureS, ...pinging },
      targets: ["rollcall", "naive", "bare", "party", "ws"],
    },
    {
      name: "wake-1000",
      title: "Wake: the first frame to a room of 1,000 members that was evicted",
      scenario: { kind: "wake", members: 1000, sleepS: SLEEP_S },
      targets: ["rollcall", "naive", "party"],
    },
    {
      name: "rooms-200x5",
      title: "Many rooms: 200 rooms of 5 members, 5 updates a second each",
      scenario: { kind: "storm", rooms: 200, perRoom: 5, rate: 5, warmS, measureS },
      targets: ["rollcall", "party", "ws"],
    },
    {
      name: "cost-100",
      title: "What a room of 100 members is billed for",
      scenario: { kind: "cost", members: 100, idleS: billS, pingEveryMs: 30_000, rate: 10, stormS: measureS },
      targets: ["counted"],
      isOnce: true,
    },
  ]
}

/** Those that the words name: `storm` all whose names begin with it, `storm-50` that one. */
export function choose(scenarios: readonly NamedScenario[], words: readonly string[]): NamedScenario[] {
  const fits = ({ name }: NamedScenario, word: string) => name === word || name.startsWith(`${word}-`)
  const unknown = words.filter((word) => !scenarios.some((scenario) => fits(scenario, word)))
  if (unknown.length > 0)
    throw new Error(`${unknown.join(", ")} is no scenario; these are: ${scenarios.map(({ name }) => name).join(", ")}`)
  return scenarios.filter((scenario) => words.some((word) => fits(scenario, word)))
}

/** `300@20`: 300 members in one room, 20 updates a second each. */
export function readStorm(text: string, lengths: Lengths): NamedScenario {
  const [, members, rate] = /^(\d+)@(\d+(?:\.\d+)?)$/.exec(text) ?? []
  if (members === undefined || rate === undefined)
    throw new Error(`--storm is ${text}; <members>@<updates a second> is allowed, like 300@20`)
  return stormOf(Number(members), Number(rate), lengths)
}

function stormOf(members: number, rate: number, { measureS, warmS }: Lengths): NamedScenario {
  const isStandard = rate === 10
  return {
    name: isStandard ? `storm-${members}` : `storm-${members}@${rate}`,
    title: `Cursor storm: ${members.toLocaleString("en")} members in one room, ${rate === 1 ? "one update" : `${rate} updates`} a second each`,
    scenario: { kind: "storm", rooms: 1, perRoom: members, rate, warmS, measureS },
    targets: members <= PEERS_UP_TO ? ALL : OURS,
  }
}
