/** The pictures of docs/performance.md, by their file's name below docs/. */
import type { Result } from "../load/result.ts"
import { type Bars, barChart } from "../plot/bars.ts"
import type { Run } from "../rounds.ts"
import type { NamedScenario } from "../scenarios.ts"
import type { TargetName } from "../target-names.ts"
import { mediansOf } from "./medians.ts"

export type Picture = { readonly file: string; readonly alt: string; readonly svg: string }

/** Those of which anything was run. */
export function plots(scenarios: readonly NamedScenario[], runs: readonly Run[]): Picture[] {
  const ran = scenarios.filter(({ name }) => runs.some(({ scenario }) => scenario === name))
  const storms = ran.filter(({ scenario }) => scenario.kind === "storm")
  const crowds = ran.filter(({ scenario }) => scenario.kind === "joins" || scenario.kind === "resume")
  return [
    picture("performance-cpu.svg", {
      title: "CPU of one delivered update",
      unit: "µs",
      scale: "log",
      ...byTarget(storms, ["rollcall", "deflate", "party", "ws"], runs, (result) =>
        result.kind === "storm" ? result.cpuUsPerState : null,
      ),
    }),
    picture("performance-delivered.svg", {
      title: "Delivered, of what was offered",
      unit: "%",
      scale: "linear",
      ...byTarget(storms, ["rollcall", "deflate", "party", "ws"], runs, (result) =>
        result.kind === "storm" ? (100 * result.deliveredPerS) / result.offeredPerS : null,
      ),
    }),
    picture("performance-latency.svg", {
      title: "From one member's move until another has it, with Rollcall",
      unit: "ms",
      scale: "linear",
      series: ["p50", "p95", "p99"],
      groups: storms.map(({ name }) => {
        const medians = mediansOf(runs, name, "storm")
        return {
          name,
          values: [
            medians.of("rollcall", (run) => run.p50Ms),
            medians.of("rollcall", (run) => run.p95Ms),
            medians.of("rollcall", (run) => run.p99Ms),
          ],
        }
      }),
    }),
    picture("performance-crowds.svg", {
      title: "Until a thousand who come, or come back, see everybody",
      unit: "ms",
      scale: "log",
      ...byTarget(crowds, ["rollcall", "deflate", "party", "ws"], runs, (result) =>
        result.kind === "joins" ? result.wholeMs : result.kind === "resume" ? result.currentMs : null,
      ),
    }),
  ].flatMap((one) => one ?? [])
}

function byTarget(
  scenarios: readonly NamedScenario[],
  targets: readonly TargetName[],
  runs: readonly Run[],
  pick: (result: Result) => number | null,
): Pick<Bars, "series" | "groups"> {
  return {
    series: targets,
    groups: scenarios.map(({ name, scenario }) => {
      const medians = mediansOf(runs, name, scenario.kind)
      return { name, values: targets.map((target) => medians.of(target, pick)) }
    }),
  }
}

function picture(file: string, bars: Bars): Picture | null {
  const hasValue = bars.groups.some(({ values }) => values.some(Number.isFinite))
  return hasValue ? { file, alt: `${bars.title}, ${bars.unit}`, svg: barChart(bars) } : null
}
