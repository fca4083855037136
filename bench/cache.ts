/**
 * `npm run bench -- cache`: how an entry's encoded text may be held between two reads, inside workerd with a heap as
 * small as production's: not at all, strongly, weakly, or weakly with a bounded strong ring.
 */
import { mkdtempSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { buildWorker } from "./build.ts"
import { type Measured, measureCache, type Setting } from "./cache/measure.ts"
import { STRATEGIES, type Strategy } from "./cache/strategies.ts"
import { describeMachine } from "./machine.ts"
import { writeSection } from "./page.ts"
import { markdown } from "./report/markdown.ts"
import { format, median } from "./statistics.ts"

const ROUNDS = 3

/** Production's limit for all objects that share an isolate, in megabytes. */
const HEAP_LIMIT_MB = 128

const SETTINGS: readonly Setting[] = [
  { entries: 1000, bytes: 200, heapLimitMb: HEAP_LIMIT_MB },
  { entries: 10_000, bytes: 200, heapLimitMb: HEAP_LIMIT_MB },
  { entries: 1000, bytes: 8000, heapLimitMb: HEAP_LIMIT_MB },
  { entries: 10_000, bytes: 8000, heapLimitMb: HEAP_LIMIT_MB },
  { entries: 10_000, bytes: 200, heapLimitMb: null },
]

const COLUMNS: readonly (readonly [head: string, pick: (measured: Measured) => number | undefined])[] = [
  ["MB held when full", ({ heldMb }) => heldMb],
  ["MB after a collection", ({ collectedMb }) => collectedMb],
  ["ns per miss", ({ nsPerMiss }) => nsPerMiss],
  ["ns per read", ({ nsPerRead }) => nsPerRead],
  ["ms per snapshot", ({ snapshotMs }) => snapshotMs],
  ["ms, just collected", ({ collectedSnapshotMs }) => collectedSnapshotMs],
  ["pressed: hits, %", ({ pressedHitShare }) => percent(pressedHitShare)],
  ["pressed: ns per read", ({ pressedNsPerRead }) => pressedNsPerRead],
  ["pressed: alive at the end, %", ({ pressedAliveShare }) => percent(pressedAliveShare)],
  ["major collections", ({ collections }) => collections],
  ["ms each", ({ collectionMs }) => collectionMs],
]

export async function benchCaches(write: boolean): Promise<void> {
  const scratch = mkdtempSync(join(tmpdir(), "rollcall-bench-"))
  process.on("exit", () => rmSync(scratch, { recursive: true, force: true }))
  const module = await buildWorker("cache/worker.ts", scratch)
  const sections: string[] = []
  for (const setting of SETTINGS) sections.push(`### ${title(setting)}\n\n${table(await interleaved(module, setting))}`)
  const report = [
    `Made by \`npm run bench -- cache\`, in workerd; medians of ${ROUNDS} rounds, each in a fresh process.`,
    describeMachine(["workerd"]),
    ...sections,
  ].join("\n\n")
  console.log(report)
  if (write) writeSection("weak-references.md", "cache", report)
}

/** Strategies in one order and then in the other, so that a drift of the machine hits all. */
async function interleaved(module: string, setting: Setting): Promise<ReadonlyMap<Strategy, readonly Measured[]>> {
  const rounds = new Map<Strategy, Measured[]>(STRATEGIES.map((strategy) => [strategy, []]))
  for (let round = 0; round < ROUNDS; round++) {
    for (const strategy of round % 2 === 0 ? STRATEGIES : STRATEGIES.toReversed()) {
      const measured = await measureCache(module, strategy, setting)
      console.error(`${title(setting)}, ${strategy}: ${JSON.stringify(measured)}`)
      rounds.get(strategy)?.push(measured)
    }
  }
  return rounds
}

function title({ entries, bytes, heapLimitMb }: Setting): string {
  const heap = heapLimitMb === null ? "no heap limit, as local workerd runs by default" : `a heap of ${heapLimitMb} MB`
  return `${entries.toLocaleString("en")} entries of ${bytes.toLocaleString("en")} bytes, ${heap}`
}

/** A dash where the process ran out of memory before, or where the step was left out. */
function table(rounds: ReadonlyMap<Strategy, readonly Measured[]>): string {
  return markdown(
    ["held", ...COLUMNS.map(([head]) => head)].join("|"),
    Array.from(rounds, ([strategy, measured]) => [
      strategy,
      ...COLUMNS.map(([, pick]) => format(median(measured.map((one) => pick(one) ?? Number.NaN)))),
    ]),
  )
}

function percent(share: number | undefined): number | undefined {
  return share === undefined ? undefined : share * 100
}
