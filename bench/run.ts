/**
 * `npm run bench`: Rollcall and its peers, in workerd and Node, under the same load.
 * `npm run bench -- --write` puts the tables into docs/performance.md; `npm run bench -- cache` measures the caches, `… -- browser` the client.
 */
import { mkdtempSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { parseArgs } from "node:util"
import { installPeers } from "./build.ts"
import { goals, goalsTable } from "./goals.ts"
import { describeMachine } from "./machine.ts"
import { writeSection } from "./page.ts"
import { tables } from "./report.ts"
import { type Run, runRounds } from "./rounds.ts"
import { type NamedScenario, readStorm, standardScenarios } from "./scenarios.ts"
import { format } from "./statistics.ts"
import { prepareTarget, TARGETS, type TargetName } from "./targets.ts"

const USAGE = `npm run bench -- [options]
  --write            puts the tables into docs/performance.md
  --secs 10          the measured stretch of every run
  --rounds 3         how often every run is repeated; tables show medians
  --targets a,b      out of ${TARGETS.join(", ")}
  --only a,b         out of ${standardScenarios(1)
    .map(({ name }) => name)
    .join(", ")}
  --storm 300@20     another cursor storm: members @ updates a second each; may be given again
npm run bench -- cache [--write]    strong, weak and bounded-strong caches, for docs/weak-references.md
npm run bench -- browser [--write]  a page that watches a crowd, with text and with compressed frames`

/** Past this, the rest of the machine was too busy for the figures to mean much. */
const BUSY_CORES = 0.15

/** A generator this busy may be what was measured. */
const BUSY_GENERATOR = 0.9

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    write: { type: "boolean", default: false },
    secs: { type: "string", default: "10" },
    rounds: { type: "string", default: "3" },
    targets: { type: "string", default: TARGETS.join(",") },
    only: { type: "string" },
    storm: { type: "string", multiple: true, default: [] },
    help: { type: "boolean", default: false },
  },
})

if (values.help) console.log(USAGE)
else if (positionals[0] === "cache") await (await import("./cache.ts")).benchCaches(values.write)
else if (positionals[0] === "browser") await (await import("./browser.ts")).benchBrowser(values.write)
else await benchServers()

async function benchServers(): Promise<void> {
  installPeers()
  const scratch = mkdtempSync(join(tmpdir(), "rollcall-bench-"))
  process.on("exit", () => rmSync(scratch, { recursive: true, force: true }))
  const targets = await Promise.all(chosenTargets().map((name) => prepareTarget(name, scratch)))
  const scenarios = chosenScenarios()
  const runs = await runRounds(scenarios, targets, Number(values.rounds), (run) => console.error(describeRun(run)))
  const report = [
    `Made by \`${command()}\`: ${values.rounds} rounds, ${values.secs} s each, medians; every run on a fresh server.`,
    describeMachine(["wrangler", "workerd", "partyserver", "ws"]),
    remarks(runs),
    tables(scenarios, runs),
    "### Goals",
    goalsTable(goals(runs)),
  ]
    .filter(Boolean)
    .join("\n\n")
  console.log(report)
  if (values.write) writeSection("performance.md", "bench", report)
  const faults = runs.filter(isFaulty)
  for (const run of faults) console.error(`NOT CORRECT: ${describeRun(run)}`)
  process.exitCode = faults.length > 0 ? 1 : 0
}

function chosenTargets(): TargetName[] {
  const wanted = values.targets.split(",")
  const chosen = TARGETS.filter((name) => wanted.includes(name))
  if (chosen.length !== wanted.length) throw new Error(`--targets is ${values.targets}; ${TARGETS.join(", ")} are allowed`)
  return chosen
}

function chosenScenarios(): NamedScenario[] {
  const seconds = Number(values.secs)
  const standard = standardScenarios(seconds)
  const extra = values.storm.map((storm) => readStorm(storm, seconds))
  if (values.only === undefined) return extra.length > 0 ? extra : standard
  const wanted = values.only.split(",")
  const unknown = wanted.filter((name) => !standard.some((scenario) => scenario.name === name))
  if (unknown.length > 0) throw new Error(`--only names ${unknown.join(", ")}, which is no scenario`)
  return [...standard.filter(({ name }) => wanted.includes(name)), ...extra]
}

function command(): string {
  const flags = process.argv.slice(2)
  return flags.length === 0 ? "npm run bench" : `npm run bench -- ${flags.join(" ")}`
}

/** Rollcall must tell everybody everything whatever the load; what an overloaded peer still owes is shown in its table. */
function isFaulty({ target, result }: Run): boolean {
  if (target !== "rollcall" && target !== "deflate") return false
  return result.failed + result.closed + result.partial > 0 || (result.kind === "storm" && result.stale > 0)
}

function describeRun({ scenario, target, result }: Run): string {
  const numbers = Object.entries(result).map(([name, value]) => (typeof value === "number" ? `${name} ${format(value)}` : ""))
  return `${scenario} ${target}: ${numbers.filter(Boolean).join(", ")}`
}

/** Whatever makes the figures less than they seem. */
function remarks(runs: readonly Run[]): string {
  const others = Math.max(...runs.map(({ result }) => result.otherCores))
  const busy = runs.filter(({ result }) => result.generatorCores > BUSY_GENERATOR)
  return [
    others > BUSY_CORES ? `- Something else on the machine used up to ${format(others)} cores meanwhile.` : "",
    ...busy.map(({ scenario, target }) => `- In ${scenario} on ${target} the generator was busy: it may be what was measured.`),
  ]
    .filter(Boolean)
    .join("\n")
}
