/** What Rollcall promises itself, compared with the medians of the same runs. */
import { markdown, mediansOf } from "./report.ts"
import type { Run } from "./rounds.ts"
import { format } from "./statistics.ts"

/** `value` is NaN when the scenario was not run. */
type Goal = { readonly text: string; readonly value: number; readonly isMet: boolean }

function atMost(text: string, value: number, limit: number): Goal {
  return { text: `${text} at most ${format(limit)}`, value, isMet: value <= limit }
}

function atLeast(text: string, value: number, limit: number): Goal {
  return { text: `${text} at least ${format(limit)}`, value, isMet: value >= limit }
}

/** The goals whose scenario was run. */
export function goals(runs: readonly Run[]): Goal[] {
  const storms = (scenario: string) => mediansOf(runs, scenario, "storm")
  return [
    ...stormGoals("50 members", storms("storm-50"), { ofParty: 0.25, ofWs: null, p50: 15, p99: 35 }),
    ...stormGoals("200 members", storms("storm-200"), { ofParty: 0.07, ofWs: 0.12, p50: null, p99: 50 }),
    ...stormGoals("500 members", storms("storm-500"), { ofParty: 0.02, ofWs: null, p50: null, p99: 75 }),
    ...joinGoals(mediansOf(runs, "joins-1000", "joins")),
    atMost(
      "1,000 idle: CPU per ping, of PartyServer's,",
      mediansOf(runs, "idle-1000", "idle").ratio("rollcall", "party", (run) => run.cpuUsPerPing),
      0.4,
    ),
    ...manyRoomsGoals(storms("rooms-200x5")),
  ].filter(({ value }) => Number.isFinite(value))
}

type StormMedians = ReturnType<typeof mediansOf<"storm">>

function stormGoals(
  who: string,
  medians: StormMedians,
  limits: { ofParty: number; ofWs: number | null; p50: number | null; p99: number },
): Goal[] {
  const list = [
    atLeast(
      `${who}: delivered, of what was offered,`,
      medians.of("rollcall", (run) => run.deliveredPerS / run.offeredPerS),
      0.99,
    ),
    atMost(
      `${who}: CPU per update, of PartyServer's,`,
      medians.ratio("rollcall", "party", (run) => run.cpuUsPerState),
      limits.ofParty,
    ),
    atMost(
      `${who}: p99 in ms`,
      medians.of("rollcall", (run) => run.p99Ms),
      limits.p99,
    ),
    atMost(
      `${who}: bytes per update`,
      medians.of("rollcall", (run) => run.bytesPerState),
      30,
    ),
    atMost(
      `${who}: bytes per update with rollcall.v1.deflate`,
      medians.of("deflate", (run) => run.bytesPerState),
      16,
    ),
    atMost(`${who}: stale pairs in any run`, staleIn(medians), 0),
  ]
  if (limits.ofWs !== null) {
    list.push(
      atMost(
        `${who}: CPU per update, of bare ws',`,
        medians.ratio("rollcall", "ws", (run) => run.cpuUsPerState),
        limits.ofWs,
      ),
    )
  }
  if (limits.p50 !== null)
    list.push(
      atMost(
        `${who}: p50 in ms`,
        medians.of("rollcall", (run) => run.p50Ms),
        limits.p50,
      ),
    )
  return list
}

function joinGoals(medians: ReturnType<typeof mediansOf<"joins">>): Goal[] {
  return [
    atMost(
      "1,000 join: all see all, in ms,",
      medians.of("rollcall", (run) => run.wholeMs),
      1000,
    ),
    atMost(
      "1,000 join: CPU, of PartyServer's,",
      medians.ratio("rollcall", "party", (run) => run.serverCpuS),
      0.1,
    ),
    atMost(
      "1,000 join: bytes, of PartyServer's,",
      medians.ratio("rollcall", "party", (run) => run.receivedMb),
      0.6,
    ),
    atMost(
      "1,000 join: bytes with rollcall.v1.deflate, of PartyServer's,",
      medians.ratio("deflate", "party", (run) => run.receivedMb),
      0.6,
    ),
  ]
}

function manyRoomsGoals(medians: StormMedians): Goal[] {
  return [
    atMost(
      "200 rooms: p50 in ms",
      medians.of("rollcall", (run) => run.p50Ms),
      3,
    ),
    atMost(
      "200 rooms: p99 in ms",
      medians.of("rollcall", (run) => run.p99Ms),
      20,
    ),
    atMost(
      "200 rooms: CPU per update, of PartyServer's,",
      medians.ratio("rollcall", "party", (run) => run.cpuUsPerState),
      0.95,
    ),
    atMost("200 rooms: stale pairs in any run", staleIn(medians), 0),
  ]
}

/** The worst run, as a mean or median would hide one. */
function staleIn(medians: StormMedians): number {
  const runs = [...medians.runs("rollcall"), ...medians.runs("deflate")]
  return runs.length === 0 ? Number.NaN : Math.max(...runs.map(({ stale }) => stale))
}

export function goalsTable(list: readonly Goal[]): string {
  return markdown(
    "goal|measured|met",
    list.map(({ text, value, isMet }) => [text, format(value), isMet ? "yes" : "no"]),
  )
}
