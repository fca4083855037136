/**
 * `npm run test:mutations`: is every invariant really watched? Each mutant is a copy of the service with a bug put in on purpose;
 * the fault suite must fail on it, by the right invariant. `npm run test:mutations -- 3 7` runs those alone.
 */
import { spawnSync } from "node:child_process"
import { cpSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs"
import { createRequire } from "node:module"
import { tmpdir } from "node:os"
import { dirname, join } from "node:path"
import type { Invariant } from "./book.ts"
import { MUTANTS, type Mutant } from "./mutants.ts"

const PROJECT = new URL("../..", import.meta.url).pathname
const COPIED = ["src", "test", "package.json", "tsconfig.json", "wrangler.toml"]
const SEEDS_AT_ONCE = 16
const WAVES = 4
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

type Finding = { readonly invariant: string; readonly what: string }
type Result = { readonly seed: number; readonly hit: Finding | undefined; readonly others: readonly string[] }

const vitest = join(dirname(createRequire(import.meta.url).resolve("vitest/package.json")), "vitest.mjs")

function findings(project: string, seed: number): Finding[] {
  const environment = { ...process.env, SEED: String(seed), FAULT_SEEDS: String(SEEDS_AT_ONCE), NO_COLOR: "1" }
  const args = [vitest, "run", "--config", "test/vitest.config.ts", "--project", "faults"]
  const { stdout, stderr } = spawnSync(process.execPath, args, { cwd: project, env: environment, encoding: "utf8" })
  const all = [...`${stdout}${stderr}`.matchAll(/^ {2}\d+ ms \[([a-z ]+)\] (.*)$/gm)]
  return all.map(([, invariant = "", what = ""]) => ({ invariant, what }))
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

function hunt(mutant: Mutant): Result {
  const project = mutated(mutant)
  try {
    const others = new Set<string>()
    for (let wave = 0; wave < WAVES; wave++) {
      const seed = mutant.firstSeed + wave * SEEDS_AT_ONCE
      const found = findings(project, seed)
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
  const { seed, hit, others } = hunt(mutant)
  const seeds = `seeds ${seed} to ${seed + SEEDS_AT_ONCE - 1}`
  const verdict = hit === undefined ? "**not caught**" : `${RULES[mutant.invariant]}, ${seeds}`
  process.stdout.write(`| ${number} | ${mutant.invariant} | ${mutant.what} (\`${mutant.file}\`) | ${verdict} | ${others.join(", ")} |\n`)
  if (hit === undefined) process.exitCode = 1
  else console.error(`  ${hit.what.slice(0, 200)}`)
}
