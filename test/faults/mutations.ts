/**
 * `npm run test:mutations`: is every invariant really watched? Each mutant is a copy of the service with a bug put in on purpose;
 * the fault suite must fail on it, by the right invariant. `npm run test:mutations -- 3 7` runs those alone.
 */
import { spawn } from "node:child_process"
import { once } from "node:events"
import { cpSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs"
import { createRequire } from "node:module"
import { tmpdir } from "node:os"
import { dirname, join } from "node:path"
import { setTimeout as wait } from "node:timers/promises"
import { z } from "zod"
import type { Invariant } from "./book.ts"
import { MUTANTS, type Mutant } from "./mutants.ts"

const PROJECT = new URL("../..", import.meta.url).pathname
const COPIED = ["src", "test", "package.json", "tsconfig.json", "wrangler.toml"]
const SEEDS_AT_ONCE = 16
const WAVES = 4
const LOOK_EVERY_MS = 500
/** The tests' ids, by what they watch. */
const RULES: Record<Invariant, string> = {
  convergence: "FT1",
  "no ghosts": "FT2",
  "no flap": "FT3",
  "no leak": "FT4",
  bounded: "FT5",
  "free when idle": "FT6",
  "nothing left": "FT7",
}

const findingSchema = z.object({ invariant: z.string(), what: z.string() })

type Finding = z.infer<typeof findingSchema>
type Result = { readonly seed: number; readonly hit: Finding | undefined; readonly others: readonly string[] }

const vitest = join(dirname(createRequire(import.meta.url).resolve("vitest/package.json")), "vitest.mjs")

/** What the suite finds in the copy, until it finds what it is asked for. */
async function findings(project: string, seed: number, wanted: Invariant): Promise<Finding[]> {
  const file = join(project, `findings-${seed}.jsonl`)
  writeFileSync(file, "")
  const said = () => {
    const lines = readFileSync(file, "utf8").split("\n").slice(0, -1)
    return lines.map((line) => findingSchema.parse(JSON.parse(line)))
  }
  // What the suite leaves behind when it is ended goes with the copy.
  const environment = { ...process.env, SEED: String(seed), FAULT_SEEDS: String(SEEDS_AT_ONCE), FAULT_FINDINGS: file, TMPDIR: project }
  const args = [vitest, "run", "--config", "test/vitest.config.ts", "--project", "faults", "test/faults/faults.test.ts"]
  const suite = spawn(process.execPath, args, { cwd: project, env: { ...environment, NO_COLOR: "1" }, detached: true })
  let output = ""
  for (const stream of [suite.stdout, suite.stderr]) stream.on("data", (text) => (output += String(text)))
  const ended = once(suite, "close")
  let isOver = false
  ended.then(() => (isOver = true))
  while (!isOver && !said().some(({ invariant }) => invariant === wanted)) await Promise.race([ended, wait(LOOK_EVERY_MS)])
  if (!isOver && suite.pid !== undefined) process.kill(-suite.pid, "SIGKILL")
  await ended
  const counted = /ends unheard[^:]*: expected .*$/m.exec(output)?.[0]
  return counted === undefined ? said() : [...said(), { invariant: "no ghosts", what: counted }]
}

function mutated({ file, from, to }: Mutant): string {
  const project = mkdtempSync(join(tmpdir(), "rollcall-mutant-"))
  for (const name of COPIED) cpSync(join(PROJECT, name), join(project, name), { recursive: true })
  symlinkSync(join(PROJECT, "node_modules"), join(project, "node_modules"))
  const source = readFileSync(join(project, file), "utf8")
  if (source.split(from).length !== 2) throw new Error(`${file} does not hold this text once: ${from}`)
  writeFileSync(
    join(project, file),
    source.replace(from, () => to),
  )
  return project
}

async function hunt(mutant: Mutant): Promise<Result> {
  const project = mutated(mutant)
  try {
    const others = new Set<string>()
    for (let wave = 0; wave < WAVES; wave++) {
      const seed = mutant.firstSeed + wave * SEEDS_AT_ONCE
      const found = await findings(project, seed, mutant.invariant)
      const hit = found.find(({ invariant }) => invariant === mutant.invariant)
      for (const { invariant } of found) if (invariant !== mutant.invariant) others.add(invariant)
      if (hit !== undefined) return { seed, hit, others: [...others] }
    }
    return { seed: mutant.firstSeed, hit: undefined, others: [...others] }
  } finally {
    rmSync(project, { recursive: true, force: true })
  }
}

const chosen = process.argv.slice(2).map(Number)
process.stdout.write("| # | invariant | the bug put in | caught by | also |\n| --- | --- | --- | --- | --- |\n")
for (const [number, mutant] of MUTANTS.entries()) {
  if (chosen.length > 0 && !chosen.includes(number)) continue
  const { seed, hit, others } = await hunt(mutant)
  const seeds = `seeds ${seed} to ${seed + SEEDS_AT_ONCE - 1}`
  const verdict = hit === undefined ? "**not caught**" : `${RULES[mutant.invariant]}, ${seeds}`
  process.stdout.write(`| ${number} | ${mutant.invariant} | ${mutant.what} (\`${mutant.file}\`) | ${verdict} | ${others.join(", ")} |\n`)
  if (hit === undefined) process.exitCode = 1
  else console.error(`  ${hit.what.slice(0, 200)}`)
}
