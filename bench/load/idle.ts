/** Everybody is there and nothing happens; then everybody pings. */
import { setTimeout as sleep } from "node:timers/promises"
import type { Crowd } from "./crowd.ts"
import type { ScenarioOf } from "./job.ts"
import { megabytes, Stopwatch } from "./measure.ts"
import { move } from "./move.ts"
import type { IdleResult } from "./result.ts"
import { sampleProcess } from "./sampling.ts"
import { settle } from "./staleness.ts"
import { wire } from "./websocket.ts"

/** The last pongs are on their way. */
const LAST_PONGS_MS = 300

const WHOLE_LIMIT_MS = 30_000

/** Slowly enough for the peers to follow: a backlog of frames in memory is not what a connection takes. */
export const JOINS_PER_S = 150

export async function runIdle(crowd: Crowd, idle: ScenarioOf<"idle">, pid: number): Promise<IdleResult> {
  const { members, settleS, idleS, measureS, pingEveryMs } = idle
  await crowd.warmUp()
  const emptyRss = sampleProcess(pid).rss
  await crowd.connect(members, () => "r0", members, JOINS_PER_S)
  await crowd.becomesWhole(WHOLE_LIMIT_MS)
  await sleep(settleS * 1000)
  const quiet = new Stopwatch(pid)
  await sleep(idleS * 1000)
  const { serverCores: idleCores, rss: idleRss } = quiet.stop()
  const stopwatch = new Stopwatch(pid)
  const pings = await pingInTurn(crowd, pingEveryMs, measureS * 1000)
  await sleep(LAST_PONGS_MS)
  const spent = stopwatch.stop()
  const [member] = crowd.participants
  if (member !== undefined) move(crowd, member)
  const { stale, lost } = await settle(crowd)
  return {
    kind: "idle",
    failed: crowd.failed,
    closed: wire.closedByServer,
    partial: members - crowd.whole,
    stale,
    lost,
    pings,
    replies: spent.frames,
    cpuUsPerPing: (spent.serverCpuS * 1e6) / pings,
    idleCores,
    rssKbPerConnection: (idleRss - emptyRss) / 1024 / members,
    generatorCores: spent.generatorCores,
    otherCores: spent.otherCores,
    rssMb: megabytes(spent.rss),
  }
}

/** Evenly spread in time; returns how many. */
export async function pingInTurn({ participants, adapter }: Crowd, everyMs: number, forMs: number): Promise<number> {
  const startedAt = performance.now()
  const ping = adapter.ping()
  let pings = 0
  for (let now = startedAt; now - startedAt < forMs; now = performance.now()) {
    while (startedAt + (pings / participants.length) * everyMs <= now) {
      participants[pings % participants.length]?.socket?.write(ping)
      pings++
    }
    await sleep(2)
  }
  return pings
}
