/** Runs → tables in markdown: one for each scenario, medians of its rounds, with the ratios to the peers. */
import type { IdleResult, JoinsResult, StormResult } from "./load/job.ts"
import type { Run } from "./rounds.ts"
import type { NamedScenario } from "./scenarios.ts"
import { format, median } from "./statistics.ts"
import { TARGETS, type TargetName } from "./targets.ts"

/** Medians of one scenario on one target; a value that is no number in a run (nobody whole in time) counts as none. */
export class Medians<R extends object> {
  readonly #results: ReadonlyMap<TargetName, readonly R[]>

  constructor(results: ReadonlyMap<TargetName, readonly R[]>) {
    this.#results = results
  }

  get targets(): TargetName[] {
    return TARGETS.filter((target) => this.#results.has(target))
  }

  runs(target: TargetName): readonly R[] {
    return this.#results.get(target) ?? []
  }

  of(target: TargetName, pick: (result: R) => number | null): number {
    return median(this.runs(target).map((result) => pick(result) ?? Number.POSITIVE_INFINITY))
  }

  ratio(target: TargetName, reference: TargetName, pick: (result: R) => number | null): number {
    return this.of(target, pick) / this.of(reference, pick)
  }
}

export function mediansOf<K extends Run["result"]["kind"]>(
  runs: readonly Run[],
  scenario: string,
  kind: K,
): Medians<Extract<Run["result"], { kind: K }>> {
  const results = new Map<TargetName, Extract<Run["result"], { kind: K }>[]>()
  const isOfKind = (result: Run["result"]): result is Extract<Run["result"], { kind: K }> => result.kind === kind
  for (const run of runs) {
    if (run.scenario !== scenario || !isOfKind(run.result)) continue
    results.set(run.target, [...(results.get(run.target) ?? []), run.result])
  }
  return new Medians(results)
}

export function tables(scenarios: readonly NamedScenario[], runs: readonly Run[]): string {
  return scenarios
    .map(({ name, title, scenario }) => {
      const table = () => {
        switch (scenario.kind) {
          case "storm":
            return stormTable(mediansOf(runs, name, "storm"))
          case "joins":
            return joinsTable(mediansOf(runs, name, "joins"))
          case "idle":
            return idleTable(mediansOf(runs, name, "idle"))
        }
      }
      return `### ${title}\n\n${table()}`
    })
    .join("\n\n")
}

function stormTable(medians: Medians<StormResult>): string {
  const cpu = ({ cpuUsPerState }: StormResult) => cpuUsPerState
  return markdown(
    "server|delivered/s|of offered|CPU µs per update|of `party`'s|of `ws`'s|p50 / p95 / p99 ms|bytes per update|cores|RSS MB|generator cores|stale",
    medians.targets.map((target) => {
      const of = (pick: (result: StormResult) => number | null) => medians.of(target, pick)
      return [
        target,
        format(of((run) => run.deliveredPerS)),
        share(of((run) => run.deliveredPerS / run.offeredPerS)),
        format(of(cpu)),
        ratio(medians, target, "party", cpu),
        ratio(medians, target, "ws", cpu),
        [of((run) => run.p50Ms), of((run) => run.p95Ms), of((run) => run.p99Ms)].map(format).join(" / "),
        format(of((run) => run.bytesPerState)),
        format(of((run) => run.serverCores)),
        format(of((run) => run.rssMb)),
        format(of((run) => run.generatorCores)),
        format(worst(medians, target, (run) => run.stale)),
      ]
    }),
  )
}

function joinsTable(medians: Medians<JoinsResult>): string {
  const cpu = ({ serverCpuS }: JoinsResult) => serverCpuS
  const bytes = ({ receivedMb }: JoinsResult) => receivedMb
  const time = ({ wholeMs }: JoinsResult) => wholeMs
  return markdown(
    "server|all see all, ms|of `party`'s|server CPU s|of `party`'s|MB to clients|of `party`'s|frames|RSS MB|generator cores|not whole",
    medians.targets.map((target) => [
      target,
      format(medians.of(target, time)),
      ratio(medians, target, "party", time),
      format(medians.of(target, cpu)),
      ratio(medians, target, "party", cpu),
      format(medians.of(target, bytes)),
      ratio(medians, target, "party", bytes),
      format(medians.of(target, (run) => run.frames)),
      format(medians.of(target, (run) => run.rssMb)),
      format(medians.of(target, (run) => run.generatorCores)),
      format(worst(medians, target, (run) => run.partial)),
    ]),
  )
}

function idleTable(medians: Medians<IdleResult>): string {
  const cpu = ({ cpuUsPerPing }: IdleResult) => cpuUsPerPing
  return markdown(
    "server|CPU µs per ping|of `party`'s|of `ws`'s|cores when nothing happens|RSS MB|RSS KB per connection|pings unanswered",
    medians.targets.map((target) => [
      target,
      format(medians.of(target, cpu)),
      ratio(medians, target, "party", cpu),
      ratio(medians, target, "ws", cpu),
      format(medians.of(target, (run) => run.idleCores)),
      format(medians.of(target, (run) => run.rssMb)),
      format(medians.of(target, (run) => run.rssKbPerConnection)),
      format(worst(medians, target, (run) => Math.max(0, run.pings - run.replies))),
    ]),
  )
}

export function markdown(head: string, rows: readonly (readonly string[])[]): string {
  const columns = head.split("|")
  const lines = [columns, columns.map((_, index) => (index === 0 ? "---" : "--:")), ...rows]
  return lines.map((cells) => `| ${cells.join(" | ")} |`).join("\n")
}

/** What no median may hide. */
function worst<R extends object>(medians: Medians<R>, target: TargetName, pick: (result: R) => number): number {
  return Math.max(...medians.runs(target).map(pick))
}

function ratio<R extends object>(
  medians: Medians<R>,
  target: TargetName,
  reference: TargetName,
  pick: (result: R) => number | null,
): string {
  const value = medians.ratio(target, reference, pick)
  return Number.isFinite(value) ? `${format(value)}×` : "–"
}

function share(value: number): string {
  return Number.isFinite(value) ? `${(value * 100).toFixed(1)} %` : "–"
}
