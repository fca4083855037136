/**
 * `npm run bench`: Rollcall and its peers, in workerd and Node, under the same load. `npm run bench -- --write` puts tables
 * and plots into docs/performance.md; `npm run bench -- cache` measures the caches, `… -- memory`
 * where a connection's memory goes, `… -- churn` whether it comes back, `… -- browser` the client.
 */
import { appendFileSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { dirname, join } from "node:path"
import { parseArgs } from "node:util"
import { installPeers, ROOT } from "./build.ts"
import { writePicture, writeSection } from "./page.ts"
import { benchReport, describeRun, isFaulty } from "./report/report.ts"
import { type Run, runRounds, runSchema } from "./rounds.ts"
import { choose, FULL, type NamedScenario, readStorm, SMOKE, standardScenarios } from "./scenarios.ts"
import { TARGETS, type TargetName } from "./target-names.ts"
import { prepareTarget } from "./targets.ts"

const USAGE = `npm run bench -- [scenario …] [options]
  scenario …         out of ${standardScenarios(FULL)
    .map(({ name }) => name)
    .join(", ")}; storm for all whose names begin so
  --write            puts tables and plots into docs/performance.md
  --smoke            every scenario for a moment, once: whether all of it works
  --secs 10          the measured stretch of every storm
  --rounds 3         how often every run is repeated; tables show medians
  --targets a,b      out of ${TARGETS.join(", ")}
  --storm 300@20     another cursor storm: members @ updates a second each; may be given again
  --runs file        where the runs go, one JSON object a line, after what is there already: dist/bench/runs.ndjson, made anew, if left out
  --from file        no runs: the report of those of an earlier one
npm run bench -- cache [--write]    strong, weak and bounded-strong caches, for docs/weak-references.md
npm run bench -- memory [--write]   where the memory of an idle connection goes; with --smoke for a moment
npm run bench -- churn [--write]    what is still held after thousands came and went; with --smoke for a moment
npm run bench -- browser [--write]  a page that watches a crowd, with text and with compressed frames`

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    write: { type: "boolean", default: false },
    smoke: { type: "boolean", default: false },
    secs: { type: "string" },
    rounds: { type: "string" },
    targets: { type: "string", default: TARGETS.join(",") },
    storm: { type: "string", multiple: true, default: [] },
    runs: { type: "string" },
    from: { type: "string" },
    help: { type: "boolean", default: false },
  },
})

const lengths = {
  ...(values.smoke ? SMOKE : FULL),
  ...(values.secs === undefined ? {} : { measureS: Number(values.secs) }),
}
const rounds = Number(values.rounds ?? (values.smoke ? 1 : 3))

if (values.help) console.log(USAGE)
else if (positionals[0] === "cache") await (await import("./cache.ts")).benchCaches(values.write)
else if (positionals[0] === "browser") await (await import("./browser.ts")).benchBrowser(values.write)
else if (positionals[0] === "memory") await (await import("./memory.ts")).benchMemory(values.write, values.smoke)
else if (positionals[0] === "churn") await (await import("./churn.ts")).benchChurn(values.write, values.smoke)
else await benchServers()

async function benchServers(): Promise<void> {
  const scenarios = chosenScenarios()
  const runs = values.from === undefined ? await runAll(scenarios) : readRuns(values.from)
  const { text, pictures } = benchReport(command(), scenarios, runs)
  console.log(text)
  if (values.write) {
    writeSection("performance.md", "bench", text)
    for (const { file, svg } of pictures) writePicture(file, svg)
  }
  const faults = runs.filter(isFaulty)
  for (const run of faults) console.error(`NOT CORRECT: ${describeRun(run)}`)
  process.exitCode = faults.length > 0 ? 1 : 0
}

async function runAll(scenarios: readonly NamedScenario[]): Promise<Run[]> {
  const scratch = mkdtempSync(join(tmpdir(), "rollcall-bench-"))
  process.on("exit", () => rmSync(scratch, { recursive: true, force: true }))
  const wanted = chosenTargets().filter((name) => scenarios.some(({ targets }) => targets.includes(name)))
  if (wanted.includes("party") || wanted.includes("ws")) installPeers()
  const targets = await Promise.all(wanted.map((name) => prepareTarget(name, scratch)))
  const file = values.runs ?? join(ROOT, "dist", "bench", "runs.ndjson")
  mkdirSync(dirname(file), { recursive: true })
  if (values.runs === undefined) writeFileSync(file, "")
  const startedAt = performance.now()
  await runRounds(scenarios, targets, rounds, (run) => {
    appendFileSync(file, `${JSON.stringify(run)}\n`)
    console.error(`${Math.round((performance.now() - startedAt) / 1000)} s: ${describeRun(run)}`)
  })
  return readRuns(file)
}

function readRuns(file: string): Run[] {
  return readFileSync(file, "utf8")
    .split("\n")
    .filter(Boolean)
    .map((line) => runSchema.parse(JSON.parse(line)))
}

function chosenTargets(): TargetName[] {
  const wanted = values.targets.split(",")
  const chosen = TARGETS.filter((name) => wanted.includes(name))
  if (chosen.length !== wanted.length) throw new Error(`--targets is ${values.targets}; ${TARGETS.join(", ")} are allowed`)
  return chosen
}

function chosenScenarios(): NamedScenario[] {
  const standard = standardScenarios(lengths)
  const extra = values.storm.map((storm) => readStorm(storm, lengths))
  if (positionals.length > 0) return [...choose(standard, positionals), ...extra]
  return extra.length > 0 ? extra : standard
}

/** What is measured, without where it is read from or written to. */
function command(): string {
  const options = (["secs", "rounds"] as const).flatMap((name) => (values[name] === undefined ? [] : [`--${name}`, values[name]]))
  const storms = values.storm.flatMap((storm) => ["--storm", storm])
  const targets = values.targets === TARGETS.join(",") ? [] : ["--targets", values.targets]
  const words = [...positionals, ...(values.smoke ? ["--smoke"] : []), ...options, ...targets, ...storms]
  return words.length === 0 ? "npm run bench" : `npm run bench -- ${words.join(" ")}`
}
