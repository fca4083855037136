/** What is measured, under the names that `--only` takes. */
import type { Scenario } from "./load/job.ts"

export type NamedScenario = { readonly name: string; readonly title: string; readonly scenario: Scenario }

/** Seconds of the measured stretch. */
export function standardScenarios(measureS: number): NamedScenario[] {
  const pinging = { settleS: 2, idleS: 4, pingEveryMs: 1000 }
  return [
    ...[50, 200, 500].map((members) => stormOf(members, 10, measureS)),
    {
      name: "joins-1000",
      title: "Join storm: 1,000 members join one room at once",
      scenario: { kind: "joins", members: 1000, limitS: 60 },
    },
    {
      name: "idle-1000",
      title: "Idle room: 1,000 members, one ping a second each",
      scenario: { kind: "idle", members: 1000, measureS, ...pinging },
    },
    {
      name: "rooms-200x5",
      title: "Many rooms: 200 rooms of 5 members, 5 updates a second each",
      scenario: { kind: "storm", rooms: 200, perRoom: 5, rate: 5, warmS: 2, measureS },
    },
  ]
}

/** `200@10`: 200 members in one room, 10 updates a second each. */
export function readStorm(text: string, measureS: number): NamedScenario {
  const [, members, rate] = /^(\d+)@(\d+(?:\.\d+)?)$/.exec(text) ?? []
  if (members === undefined || rate === undefined)
    throw new Error(`--storm is ${text}; <members>@<updates a second> is allowed, like 300@20`)
  return stormOf(Number(members), Number(rate), measureS)
}

function stormOf(members: number, rate: number, measureS: number): NamedScenario {
  const isStandard = rate === 10
  return {
    name: isStandard ? `storm-${members}` : `storm-${members}@${rate}`,
    title: `Cursor storm: ${members.toLocaleString("en")} members in one room, ${rate} updates a second each`,
    scenario: { kind: "storm", rooms: 1, perRoom: members, rate, warmS: 2, measureS },
  }
}
