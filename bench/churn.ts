/** `npm run bench -- churn`: what is still held after thousands of connections have come and gone. What grows with their number is a leak. */
import { mkdtempSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { setTimeout as sleep } from "node:timers/promises"
import { adapterFor } from "./adapters/adapter-for.ts"
import { Crowd } from "./load/crowd.ts"
import { describeMachine } from "./machine.ts"
import { COLLECTING_FLAGS, collectingAround } from "./memory/collecting.ts"
import { collect, type Held } from "./memory/stages.ts"
import { writeSection } from "./page.ts"
import { markdown } from "./report/markdown.ts"
import { Server } from "./server.ts"
import { theilSen } from "./soak/verdict.ts"
import { format } from "./statistics.ts"
import { prepareTarget, type Target } from "./targets.ts"
import { lineByLine } from "./v8-trace.ts"

const SERVERS = ["rollcall", "naive"] as const

/** So many come, see each other and go, again and again; a few others stay, so that the room is never empty. */
const FULL = { waves: 20, members: 500, joinsPerS: 400, staySeconds: 1, goneSeconds: 1.5 }
const SMOKE = { waves: 3, members: 50, joinsPerS: 400, staySeconds: 0.1, goneSeconds: 0.5 }
type Course = typeof FULL

const WHO_STAY = 10
const WHOLE_LIMIT_MS = 20_000
const MB = 2 ** 20

/** Of every so many waves a row is shown. */
const SHOWN_EVERY = 5

export async function benchChurn(write: boolean, isSmoke: boolean): Promise<void> {
  const scratch = mkdtempSync(join(tmpdir(), "rollcall-bench-"))
  process.on("exit", () => rmSync(scratch, { recursive: true, force: true }))
  const course = isSmoke ? SMOKE : FULL
  const parts: string[] = []
  for (const name of SERVERS) {
    const target = await prepareTarget(name, scratch, { v8Flags: COLLECTING_FLAGS, around: collectingAround })
    parts.push(describeWaves(name, course, await runWaves(target, course)))
  }
  const { waves, members } = course
  const report = [
    `Made by \`npm run bench -- churn\`: ${waves} times ${members} members come into one room, see each other and leave; then V8 collects twice, and what is held is looked at.`,
    describeMachine(["workerd"]),
    ...parts,
  ].join("\n\n")
  console.log(report)
  if (write) writeSection("soak.md", "churn", report)
}

/** What is held after each wave. */
async function runWaves(target: Target, { waves, members, joinsPerS, staySeconds, goneSeconds }: Course): Promise<Held[]> {
  const server = await Server.start((port) => lineByLine(target.launch(port)))
  const crowdOf = () => new Crowd(adapterFor(target.adapter), server.port)
  const staying = crowdOf()
  const held: Held[] = []
  try {
    await staying.connect(WHO_STAY, () => "r0", WHO_STAY)
    for (let wave = 0; wave < waves; wave++) {
      const crowd = crowdOf()
      try {
        await crowd.connect(members, () => "r0", members, joinsPerS)
        if (!(await crowd.becomesWhole(WHOLE_LIMIT_MS))) throw new Error(`${crowd.whole} of ${members} see everybody`)
        await sleep(staySeconds * 1000)
      } finally {
        crowd.disperse()
      }
      await sleep(goneSeconds * 1000)
      held.push((await collect(server)).after)
    }
  } finally {
    staying.disperse()
    await server.stop()
  }
  return held
}

/** The slope is that of the second half: before, code is compiled and caches fill. */
function describeWaves(name: string, { members }: Course, held: readonly Held[]): string {
  const rows = held.flatMap((one, wave) => ((wave + 1) % SHOWN_EVERY === 0 || wave === 0 ? [[wave + 1, one] as const] : []))
  const half = Math.floor(held.length / 2)
  const slope = theilSen(held.slice(half).map(({ objects }, wave) => [wave * members, objects]))
  const table = markdown(
    "connections that came and went|living objects, MB|V8's heap|malloc|the rest",
    rows.map(([waves, { objects, v8, malloc, rest, tables }]) => [
      (waves * members).toLocaleString("en"),
      ...[objects, v8, malloc, rest + tables].map((bytes) => format(bytes / MB)),
    ]),
  )
  return `**${name}**: living objects grow by ${format(slope)} bytes for each connection that came and went, in the second half.\n\n${table}`
}
