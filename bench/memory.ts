/** `npm run bench -- memory`: where the memory of an idle connection goes, beside the bare objects that hibernate: in V8's heap, alive or not, or outside it. */
import { mkdtempSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { setTimeout as sleep } from "node:timers/promises"
import { adapterFor } from "./adapters/adapter-for.ts"
import { collectGarbage, heapUsage } from "./inspector.ts"
import { Crowd } from "./load/crowd.ts"
import { JOINS_PER_S } from "./load/idle.ts"
import { sampleProcess } from "./load/sampling.ts"
import { describeMachine } from "./machine.ts"
import { writeSection } from "./page.ts"
import { markdown } from "./report/markdown.ts"
import { freePort, Server } from "./server.ts"
import { format, median } from "./statistics.ts"
import { prepareTarget, type Target } from "./targets.ts"

const SERVERS = ["rollcall", "naive", "bare"] as const
type ServerName = (typeof SERVERS)[number]

const MEMBERS = 1000
const ROUNDS = 3
const WHOLE_LIMIT_MS = 30_000
const SETTLE_MS = 3000

/** All in bytes. */
type Held = { readonly rss: number; readonly heap: number; readonly alive: number }

/** Of one connection, in kilobytes. */
type Share = { readonly name: ServerName; readonly rss: number; readonly alive: number; readonly slack: number; readonly outside: number }

const COLUMNS: readonly (readonly [head: string, pick: (share: Share) => number])[] = [
  ["RSS KB per connection", ({ rss }) => rss],
  ["objects that live", ({ alive }) => alive],
  ["V8's garbage and free pages", ({ slack }) => slack],
  ["outside V8's heap", ({ outside }) => outside],
]

export async function benchMemory(write: boolean): Promise<void> {
  const scratch = mkdtempSync(join(tmpdir(), "rollcall-bench-"))
  process.on("exit", () => rmSync(scratch, { recursive: true, force: true }))
  const shares: Share[] = []
  for (let round = 0; round < ROUNDS; round++) {
    for (const name of round % 2 === 0 ? SERVERS : SERVERS.toReversed()) {
      const inspector = await freePort()
      const target = await prepareTarget(name, scratch, [`--inspector-addr=127.0.0.1:${inspector}`])
      const share = await measure(name, target, inspector)
      console.error(`${name}: ${COLUMNS.map(([head, pick]) => `${format(pick(share))} ${head}`).join(", ")}`)
      shares.push(share)
    }
  }
  const rows = SERVERS.map((name) => {
    const own = shares.filter((share) => share.name === name)
    return [name, ...COLUMNS.map(([, pick]) => format(median(own.map(pick))))]
  })
  const report = [
    `Made by \`npm run bench -- memory\`: ${MEMBERS.toLocaleString("en")} idle members in one room, ${ROUNDS} rounds, medians, each on a fresh server. What lives is what V8's heap holds after a full collection; what the server took for its first twenty connections is left out.`,
    describeMachine(["workerd"]),
    markdown(["server", ...COLUMNS.map(([head]) => head)].join("|"), rows),
  ].join("\n\n")
  console.log(report)
  if (write) writeSection("performance.md", "memory", report)
}

async function measure(name: ServerName, target: Target, inspector: number): Promise<Share> {
  const server = await Server.start(target.launch)
  const crowd = new Crowd(adapterFor(target.adapter), server.port)
  try {
    await crowd.warmUp()
    const alive = await heldAlive(inspector)
    const before: Held = { ...(await held(server.pid, inspector)), alive }
    await crowd.connect(MEMBERS, () => "r0", MEMBERS, JOINS_PER_S)
    await crowd.becomesWhole(WHOLE_LIMIT_MS)
    await sleep(SETTLE_MS)
    const taken = await held(server.pid, inspector)
    const after: Held = { ...taken, alive: await heldAlive(inspector) }
    const each = (pick: (held: Held) => number) => (pick(after) - pick(before)) / 1024 / MEMBERS
    const [rss, heap, living] = [each((of) => of.rss), each((of) => of.heap), each((of) => of.alive)]
    return { name, rss, alive: living, slack: heap - living, outside: rss - heap }
  } finally {
    crowd.disperse()
    await server.stop()
  }
}

async function held(pid: number, inspector: number): Promise<Omit<Held, "alive">> {
  const { rss } = sampleProcess(pid)
  return { rss, heap: (await heapUsage(inspector)).totalSize }
}

async function heldAlive(inspector: number): Promise<number> {
  await collectGarbage(inspector)
  return (await heapUsage(inspector)).usedSize
}
