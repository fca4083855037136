/** Runs → tables in markdown: one for each scenario, medians of its rounds, with the ratios to the peers. */
import type { IdleResult, JoinsResult, ResumeResult, StormResult, WakeResult } from "../load/result.ts"
import type { Run } from "../rounds.ts"
import type { NamedScenario } from "../scenarios.ts"
import { format } from "../statistics.ts"
import type { TargetName } from "../target-names.ts"
import { costTable } from "./cost.ts"
import { markdown } from "./markdown.ts"
import { type Medians, mediansOf } from "./medians.ts"

/** Those of the scenarios that were run. */
export function tables(scenarios: readonly NamedScenario[], runs: readonly Run[]): string {
  return scenarios
    .filter(({ name }) => runs.some(({ scenario }) => scenario === name))
    .map((scenario) => `### ${scenario.title}\n\n${table(scenario, runs)}`)
    .join("\n\n")
}

function table({ name, scenario }: NamedScenario, runs: readonly Run[]): string {
  switch (scenario.kind) {
    case "storm":
      return stormTable(mediansOf(runs, name, "storm"))
    case "joins":
      return joinsTable(mediansOf(runs, name, "joins"))
    case "resume":
      return resumeTable(mediansOf(runs, name, "resume"))
    case "idle":
      return idleTable(mediansOf(runs, name, "idle"))
    case "wake":
      return wakeTable(mediansOf(runs, name, "wake"))
    case "cost":
      return costTable(mediansOf(runs, name, "cost"))
  }
}

function stormTable(medians: Medians<StormResult>): string {
  const cpu = ({ cpuUsPerState }: StormResult) => cpuUsPerState
  return markdown(
    "server|delivered/s|of offered|CPU µs per update|of `party`'s|of `ws`'s|p50 / p95 / p99 ms|bytes per update|cores|RSS MB|generator cores|stale during|stale after",
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
        ofPairs(medians, target, (run) => run.staleDuring),
        ofPairs(medians, target, (run) => run.stale),
      ]
    }),
  )
}

/** The worst run's pairs, and how many there are. */
function ofPairs(medians: Medians<StormResult>, target: TargetName, pick: (run: StormResult) => number): string {
  const pairs = medians.worst(target, pick)
  return pairs === 0 ? "0" : `${share(pairs / medians.worst(target, (run) => run.checked))} of pairs`
}

function joinsTable(medians: Medians<JoinsResult>): string {
  const cpu = ({ serverCpuS }: JoinsResult) => serverCpuS
  const bytes = ({ receivedMb }: JoinsResult) => receivedMb
  const time = ({ wholeMs }: JoinsResult) => wholeMs
  return markdown(
    "server|all see all, ms|of `party`'s|server CPU s|of `party`'s|MB to clients|of `party`'s|frames|RSS MB|generator cores|not whole|stale after",
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
      format(medians.worst(target, (run) => run.partial)),
      format(medians.worst(target, (run) => run.stale)),
    ]),
  )
}

function resumeTable(medians: Medians<ResumeResult>): string {
  const time = ({ currentMs }: ResumeResult) => currentMs
  const cpu = ({ serverCpuS }: ResumeResult) => serverCpuS
  return markdown(
    "server|all current, ms|of `party`'s|server CPU s|of `party`'s|resumed|leaves told|MB to clients|KB to each who missed nothing|KB to each who missed a move|generator cores|not whole|stale after",
    medians.targets.map((target) => [
      target,
      format(medians.of(target, time)),
      ratio(medians, target, "party", time),
      format(medians.of(target, cpu)),
      ratio(medians, target, "party", cpu),
      format(medians.of(target, (run) => run.resumed)),
      format(medians.worst(target, (run) => run.leaves)),
      format(medians.of(target, (run) => run.receivedMb)),
      format(medians.of(target, (run) => run.currentBytes / 1024)),
      format(medians.of(target, (run) => run.staleBytes / 1024)),
      format(medians.of(target, (run) => run.generatorCores)),
      format(medians.worst(target, (run) => run.partial)),
      format(medians.worst(target, (run) => run.stale)),
    ]),
  )
}

function idleTable(medians: Medians<IdleResult>): string {
  const cpu = ({ cpuUsPerPing }: IdleResult) => cpuUsPerPing
  const rss = ({ rssKbPerConnection }: IdleResult) => rssKbPerConnection
  return markdown(
    "server|CPU µs per ping|of `party`'s|of `ws`'s|cores when nothing happens|RSS KB per connection|of `naive`'s|of `bare`'s|RSS MB|pings unanswered",
    medians.targets.map((target) => [
      target,
      format(medians.of(target, cpu)),
      ratio(medians, target, "party", cpu),
      ratio(medians, target, "ws", cpu),
      format(medians.of(target, (run) => run.idleCores)),
      format(medians.of(target, rss)),
      ratio(medians, target, "naive", rss),
      ratio(medians, target, "bare", rss),
      format(medians.of(target, (run) => run.rssMb)),
      format(medians.worst(target, (run) => Math.max(0, run.pings - run.replies))),
    ]),
  )
}

function wakeTable(medians: Medians<WakeResult>): string {
  const rss = ({ rssKbPerConnection }: WakeResult) => rssKbPerConnection
  return markdown(
    "server|to all, ms|to the median member, ms|the next frame, to all, ms|constructed|RSS KB per connection asleep|of `naive`'s|stale after",
    medians.targets.map((target) => [
      target,
      format(medians.of(target, (run) => run.wakeMs)),
      format(medians.of(target, (run) => run.wakeP50Ms)),
      format(medians.of(target, (run) => run.awakeMs)),
      format(medians.of(target, (run) => run.constructed)),
      format(medians.of(target, rss)),
      ratio(medians, target, "naive", rss),
      format(medians.worst(target, (run) => run.stale)),
    ]),
  )
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
