import { execFile } from "node:child_process"
import { mkdtempSync, readFileSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { promisify } from "node:util"
import { expect, it } from "vitest"
import { z } from "zod"
import { runSchema } from "../../bench/rounds.ts"
import { ROOT } from "../imports-of.ts"

const bench = async (...args: readonly string[]) =>
  (await promisify(execFile)(process.execPath, [join(ROOT, "bench", "run.ts"), ...args], { cwd: ROOT })).stdout

const withoutCommand = (report: string) => report.slice(report.indexOf("\n"))

it("[BN9] a crowd that moves is counted, everybody is current after it, and its runs can be reported again", {
  timeout: 120_000,
}, async () => {
  const folder = mkdtempSync(join(tmpdir(), "rollcall-bench-test-"))
  try {
    const file = join(folder, "runs.ndjson")
    const report = await bench("--smoke", "--storm", "12@5", "--targets", "rollcall,deflate", "--runs", file)
    const lines = readFileSync(file, "utf8").trim().split("\n")
    const runs = z.array(runSchema).parse(lines.map((line) => JSON.parse(line)))
    expect(runs.map(({ target }) => target)).toEqual(["rollcall", "deflate"])
    for (const { result } of runs) {
      expect(result).toMatchObject({ kind: "storm", failed: 0, closed: 0, partial: 0, lost: 0, offeredPerS: 12 * 11 * 5, checked: 12 * 11 })
      expect(result.kind === "storm" ? result.deliveredPerS : 0).toBeGreaterThan(0)
    }
    expect(report).toContain("### Cursor storm: 12 members in one room, 5 updates a second each")
    expect(withoutCommand(await bench("--storm", "12@5", "--from", file))).toBe(withoutCommand(report))
  } finally {
    rmSync(folder, { recursive: true })
  }
})

it("[BN11] where the memory of idle connections goes is measured through all stages, beside the bare objects", {
  timeout: 120_000,
}, async () => {
  const rows = (await bench("memory", "--smoke")).split("\n").filter((line) => /^\| (rollcall|naive|bare), 50 /.test(line))
  expect(rows).toHaveLength(2 * 3)
  const figures = rows.map((row) => row.split("|").slice(2, -1).map(Number))
  expect(figures.flat().every(Number.isFinite)).toBe(true)
  // Nobody's connection is for nothing.
  for (const [kilobytes = 0] of figures) expect(kilobytes).toBeGreaterThan(1)
})
