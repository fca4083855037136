/** Everybody is there and the room sleeps; then one moves. */
import { setTimeout as sleep } from "node:timers/promises"
import { z } from "zod"
import { percentile } from "../statistics.ts"
import type { Crowd } from "./crowd.ts"
import { JOINS_PER_S } from "./idle.ts"
import type { Job, ScenarioOf } from "./job.ts"
import { megabytes, Stopwatch } from "./measure.ts"
import { move } from "./move.ts"
import type { Participant } from "./participant.ts"
import type { WakeResult } from "./result.ts"
import { sampleProcess } from "./sampling.ts"
import { settle } from "./staleness.ts"
import { wire } from "./websocket.ts"

const WHOLE_LIMIT_MS = 30_000
const ARRIVAL_LIMIT_MS = 5000

const statsSchema = z.object({ wakeups: z.number() })

export async function runWake(crowd: Crowd, { members, sleepS }: ScenarioOf<"wake">, { pid, port, adapter }: Job): Promise<WakeResult> {
  await crowd.warmUp()
  const emptyRss = sampleProcess(pid).rss
  await crowd.connect(members, () => "r0", members, JOINS_PER_S)
  await crowd.becomesWhole(WHOLE_LIMIT_MS)
  await sleep(sleepS * 1000)
  const asleep = sampleProcess(pid).rss
  const stopwatch = new Stopwatch(pid)
  const [first, second] = crowd.participants
  if (first === undefined || second === undefined) throw new Error("a room of one wakes nobody")
  const woken = await timesUntil(crowd, first)
  const spent = stopwatch.stop()
  const awake = await timesUntil(crowd, second)
  const { stale, lost } = await settle(crowd)
  return {
    kind: "wake",
    failed: crowd.failed,
    closed: wire.closedByServer,
    partial: members - crowd.whole,
    stale,
    lost,
    wakeMs: woken.at(-1) ?? null,
    wakeP50Ms: percentile(woken, 0.5),
    awakeMs: awake.at(-1) ?? null,
    constructed: adapter.kind === "rollcall" ? await constructed(port, adapter.adminKey) : null,
    rssKbPerConnection: (asleep - emptyRss) / 1024 / members,
    generatorCores: spent.generatorCores,
    otherCores: spent.otherCores,
    rssMb: megabytes(spent.rss),
  }
}

/** From the write of one's move until each of the others had it, sorted; none when some never did. */
async function timesUntil(crowd: Crowd, mover: Participant): Promise<number[]> {
  const arrivals = await crowd.arrivals(mover.index, 1, ARRIVAL_LIMIT_MS, () => move(crowd, mover))
  if (arrivals.size < crowd.participants.length - 1) return []
  const sentAt = mover.sentAt[1] ?? Number.NaN
  return Array.from(arrivals.values(), (at) => at - sentAt).sort((a, b) => a - b)
}

async function constructed(port: number, adminKey: string): Promise<number> {
  const response = await fetch(`http://127.0.0.1:${port}/v1/admin/rooms/r0`, { headers: { Authorization: `Bearer ${adminKey}` } })
  if (!response.ok) throw new Error(`the room's stats: ${response.status} ${await response.text()}`)
  return statsSchema.parse(await response.json()).wakeups
}
