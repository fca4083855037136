/** A whole report of runs: what made it and on what, tables, pictures and goals. */
import { describeMachine } from "../machine.ts"
import type { Run } from "../rounds.ts"
import type { NamedScenario } from "../scenarios.ts"
import { format, median } from "../statistics.ts"
import { isRollcall } from "../target-names.ts"
import { goals, goalsTable, isMet } from "./goals.ts"
import { type Picture, plots } from "./plots.ts"
import { tables } from "./tables.ts"

/** Past this, the rest of the machine was too busy for the figures to mean much. */
const BUSY_CORES = 0.15

/** A generator this busy may be what was measured. */
const BUSY_GENERATOR = 0.9

export type Report = { readonly text: string; readonly pictures: readonly Picture[] }

export function benchReport(command: string, scenarios: readonly NamedScenario[], runs: readonly Run[]): Report {
  const pictures = plots(scenarios, runs)
  const list = goals(runs)
  const met = list.filter(isMet).length
  const text = [
    `Made by \`${command}\`: ${extentOf(runs)}; every run on a fresh server.`,
    describeMachine(["wrangler", "workerd", "partyserver", "ws"]),
    remarks(runs),
    list.length > 0 ? `### Goals\n\n${met} of ${list.length} are met.\n\n${goalsTable(list)}` : "",
    ...pictures.map(({ file, alt }) => `![${alt}](${file})`),
    tables(scenarios, runs),
  ]
    .filter(Boolean)
    .join("\n\n")
  return { text, pictures }
}

/** By the runs themselves: a report may be of those of an earlier command. */
function extentOf(runs: readonly Run[]): string {
  const counts = new Map<string, number>()
  for (const { scenario, target } of runs) counts.set(`${scenario} ${target}`, (counts.get(`${scenario} ${target}`) ?? 0) + 1)
  const rounds = Math.max(0, ...counts.values())
  const seconds = median(runs.flatMap(({ result }) => (result.kind === "storm" ? result.seconds : [])))
  return [
    rounds === 1 ? "one round" : `medians of ${rounds} rounds`,
    ...(Number.isNaN(seconds) ? [] : [`storms measured for ${seconds.toFixed(0)} s`]),
  ].join(", ")
}

/** Rollcall must tell everybody everything whatever the load; what an overloaded peer still owes is shown in its table. */
export function isFaulty({ target, result }: Run): boolean {
  if (!isRollcall(target)) return false
  const hasSlept = result.kind !== "wake" || result.constructed === null || result.constructed > 1
  const isWhole = result.kind !== "resume" || result.leaves === 0
  return result.failed + result.closed + result.partial + result.lost > 0 || !hasSlept || !isWhole
}

export function describeRun({ scenario, target, result }: Run): string {
  const numbers = Object.entries(result).map(([name, value]) => (typeof value === "number" ? `${name} ${format(value)}` : ""))
  return `${scenario} ${target}: ${numbers.filter(Boolean).join(", ")}`
}

/** Whatever makes the figures less than they seem. */
function remarks(runs: readonly Run[]): string {
  const others = Math.max(0, ...runs.map(({ result }) => result.otherCores))
  const busy = new Set(
    runs.filter(({ result }) => result.generatorCores > BUSY_GENERATOR).map(({ scenario, target }) => `${scenario} on ${target}`),
  )
  return [
    others > BUSY_CORES ? `- Something else on the machine used up to ${format(others)} cores meanwhile.` : "",
    ...[...busy].map((where) => `- In ${where} the generator was busy: it may be what was measured.`),
  ]
    .filter(Boolean)
    .join("\n")
}
