/** `npm run bench -- memory`: where the memory of an idle connection goes, beside the bare objects that hibernate. */
import { mkdtempSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { describeMachine } from "./machine.ts"
import { COLLECTING_FLAGS, collectingAround } from "./memory/collecting.ts"
import { type Course, type Held, runStages, type Stages } from "./memory/stages.ts"
import { writeSection } from "./page.ts"
import { markdown } from "./report/markdown.ts"
import { format, median } from "./statistics.ts"
import { prepareTarget, type Target } from "./targets.ts"

const SERVERS = ["rollcall", "naive", "bare"] as const

type Row = Course & { readonly server: (typeof SERVERS)[number]; readonly v8Flags: readonly string[] }

type Column = readonly [head: string, pick: (stages: Stages) => number]

/** A room sleeps 10 s after its last event, and the last report to the directory comes a second after the last join. */
const FULL = { members: 1000, joinsPerS: 150, settleS: 3, sleepS: 13 }
const SMOKE = { members: 50, joinsPerS: 150, settleS: 0.5, sleepS: 0 }

const ROUNDS = 3

/** Who come at this pace are told of one by one: each tick holds one newcomer. */
const SLOWLY_PER_S = 25

/** V8 collects after a few megabytes of new objects, and not after tens of them. */
const SMALL_YOUNG_GENERATION = ["--max-semi-space-size=2"]

const SITTING: readonly Column[] = [
  ["RSS KB per connection", ({ joined }) => rss(joined)],
  ["V8's heap", ({ joined }) => joined.v8],
  ["V8's tables", ({ joined }) => joined.tables],
  ["malloc", ({ joined }) => joined.malloc],
  ["the rest", ({ joined }) => joined.rest],
  ["objects in V8's heap", ({ joined }) => joined.objects],
  ["of them alive", ({ collected }) => collected.objects],
]

const AFTERWARDS: readonly Column[] = [
  ["RSS KB per connection", ({ joined }) => rss(joined)],
  ["after a collection", ({ collected }) => rss(collected)],
  ["asleep", ({ asleep }) => rss(asleep)],
  ["of it V8's heap", ({ asleep }) => asleep.v8],
  ["malloc", ({ asleep }) => asleep.malloc],
  ["all gone", ({ gone }) => rss(gone)],
  ["of it V8's heap", ({ gone }) => gone.v8],
  ["malloc", ({ gone }) => gone.malloc],
]

export async function benchMemory(write: boolean, isSmoke: boolean): Promise<void> {
  const scratch = mkdtempSync(join(tmpdir(), "rollcall-bench-"))
  process.on("exit", () => rmSync(scratch, { recursive: true, force: true }))
  const rows = isSmoke ? SERVERS.map((server) => ({ ...SMOKE, server, v8Flags: [] })) : fullRows()
  const rounds = isSmoke ? 1 : ROUNDS
  const measured: { row: Row; target: Target; runs: Stages[] }[] = []
  for (const row of rows) {
    const running = { v8Flags: [...COLLECTING_FLAGS, ...row.v8Flags], around: collectingAround }
    measured.push({ row, target: await prepareTarget(row.server, scratch, running), runs: [] })
  }
  for (let round = 0; round < rounds; round++) {
    for (const { row, target, runs } of round % 2 === 0 ? measured : measured.toReversed()) {
      const stages = await runStages(target, row)
      console.error(`${title(row)}: ${SITTING.map(([head, pick]) => `${format(each(row, stages, pick))} ${head}`).join(", ")}`)
      runs.push(stages)
    }
  }
  const table = (columns: readonly Column[]) =>
    markdown(
      ["server", ...columns.map(([head]) => head)].join("|"),
      measured.map(({ row, runs }) => [
        title(row),
        ...columns.map(([, pick]) => format(median(runs.map((stages) => each(row, stages, pick))))),
      ]),
    )
  const report = [
    `Made by \`npm run bench -- memory\`: idle members in one room, ${rounds === 1 ? "one round" : `medians of ${rounds} rounds`}, each on a fresh server; what the server took for its first twenty connections is left out. All in kilobytes per connection.`,
    describeMachine(["workerd"]),
    "As they sit there, a few seconds after the last came:",
    table(SITTING),
    "And then: after a full collection of V8's heap; after the room was evicted from memory; after all have left. After the last two a collection was forced, too.",
    table(AFTERWARDS),
  ].join("\n\n")
  console.log(report)
  if (write) writeSection("performance.md", "memory", report)
}

function fullRows(): Row[] {
  const [ours, ...peers] = SERVERS.map((server) => ({ ...FULL, server, v8Flags: [] }))
  if (ours === undefined) return peers
  return [
    ours,
    { ...ours, joinsPerS: SLOWLY_PER_S },
    { ...ours, members: 2 * FULL.members },
    { ...ours, v8Flags: SMALL_YOUNG_GENERATION },
    ...peers,
  ]
}

function title({ server, members, joinsPerS, v8Flags }: Row): string {
  return [server, `${members.toLocaleString("en")} at ${joinsPerS} a second`, ...v8Flags.map((flag) => `\`${flag}\``)].join(", ")
}

function rss({ v8, tables, malloc, rest }: Held): number {
  return v8 + tables + malloc + rest
}

/** Kilobytes of one connection. */
function each({ members }: Row, stages: Stages, pick: Column[1]): number {
  return pick(stages) / 1024 / members
}
