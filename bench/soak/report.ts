/** A soak's page and its plot, made of its samples. */
import { type Panel, plot } from "../plot/over-time.ts"
import { format, median } from "../statistics.ts"
import type { LoadPlan } from "./load.ts"
import type { Sample } from "./sample.ts"
import { judge, steadyPart } from "./verdict.ts"

export type Soak = { readonly plan: LoadPlan; readonly machine: string; readonly samples: readonly Sample[] }

type Measure = (sample: Sample) => number | null

export function soakPlot({ samples }: Soak): string {
  const loaded = samples.slice(0, -1)
  const line = (name: string, color: string, measure: Measure) => ({
    name,
    color,
    points: loaded.flatMap((sample) => {
      const value = measure(sample)
      return value === null ? [] : [[sample.at / 60, value] as const]
    }),
  })
  const panels: Panel[] = [
    { title: "Memory of workerd", unit: "MB", lines: [line("RSS", "var(--a)", ({ rssMb }) => rssMb)] },
    {
      title: "Delivery",
      unit: "ms",
      lines: [line("p50", "var(--a)", ({ p50Ms }) => p50Ms), line("p99", "var(--d)", ({ p99Ms }) => p99Ms)],
    },
    { title: "Members in all rooms", unit: "by the rooms' stats", lines: [line("members", "var(--a)", ({ members }) => members)] },
    {
      title: "Processor",
      unit: "cores",
      lines: [
        line("workerd", "var(--a)", ({ serverCores }) => serverCores),
        line("generator", "var(--b)", ({ generatorCores }) => generatorCores),
        line("all others", "var(--e)", ({ otherCores }) => otherCores),
      ],
    },
  ]
  return plot(panels, (loaded.at(-1)?.at ?? 60) / 60, (steadyPart(samples)[0]?.at ?? 0) / 60)
}

export function soakPage(soak: Soak): string {
  const { plan, machine, samples } = soak
  const steady = steadyPart(samples)
  const last = samples.at(-1)
  const minutes = (samples.at(-2)?.at ?? 0) / 60
  const over = (measure: Measure) => {
    const values = steady.flatMap((sample) => measure(sample) ?? [])
    return `${format(median(values))} (${format(Math.min(...values))} to ${format(Math.max(...values))})`
  }
  const judgements = judge(samples, plan.connections)
  const verdict = judgements.every(({ holds }) => holds) ? "Within its bounds." : "**Not within its bounds**: see below."
  return `${verdict} ${format(minutes)} minutes, ${plan.connections} connections in ${plan.rooms} rooms, ${plan.rate} updates a second each; a connection lasts ${plan.lifeS} s on average.

${machine}
- Something else on the machine used ${over(({ otherCores }) => otherCores)} cores meanwhile (median, least and most of the samples): latencies are those of a shared machine.

| what | found | allowed | |
| --- | --- | --- | --- |
${judgements.map(({ what, found, allowed, holds }) => `| ${what} | ${found} | ${allowed} | ${holds ? "holds" : "**broken**"} |`).join("\n")}

![Memory, latency, members and processor over time](soak.svg)

| of the steady part | median (least to most of the samples) |
| --- | --- |
| memory of workerd | ${over(({ rssMb }) => rssMb)} MB |
| latency, median | ${over(({ p50Ms }) => p50Ms)} ms |
| latency, 99th of 100 | ${over(({ p99Ms }) => p99Ms)} ms |
| workerd | ${over(({ serverCores }) => serverCores)} cores |
| generator | ${over(({ generatorCores }) => generatorCores)} cores |
| storage on disk, write-ahead logs included | ${over(({ storageMb }) => storageMb)} MB |

In all: ${format(last?.joins ?? 0)} joins, ${format(last?.leaves ?? 0)} goodbyes, ${format(last?.cuts ?? 0)} cuts without a word, ${format(last?.resumes ?? 0)} resumes, ${format(last?.steps ?? 0)} times out of the room and in again on the same socket, ${format(last?.updates ?? 0)} updates.`
}
