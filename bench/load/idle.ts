/** Everybody is there and nothing happens; then everybody pings. */
import { setTimeout as sleep } from "node:timers/promises"
import type { Crowd } from "./crowd.ts"
import type { Idle, IdleResult } from "./job.ts"
import { megabytes, Stopwatch } from "./measure.ts"
import { sampleProcess } from "./sampling.ts"
import { wire } from "./websocket.ts"

/** The last pongs are on their way. */
const LAST_PONGS_MS = 300

export async function runIdle(crowd: Crowd, idle: Idle, pid: number): Promise<IdleResult> {
  const { members, settleS, idleS, measureS, pingEveryMs } = idle
  const emptyRss = sampleProcess(pid).rss
  await crowd.connect(members, () => "r0", members)
  await sleep(settleS * 1000)
  const quiet = new Stopwatch(pid)
  await sleep(idleS * 1000)
  const { serverCores: idleCores } = quiet.stop()
  const stopwatch = new Stopwatch(pid)
  const pings = await pingInTurn(crowd, pingEveryMs, measureS * 1000)
  await sleep(LAST_PONGS_MS)
  const spent = stopwatch.stop()
  return {
    kind: "idle",
    failed: crowd.failed,
    closed: wire.closedByServer,
    partial: members - crowd.whole,
    pings,
    replies: spent.frames,
    cpuUsPerPing: (spent.serverCpuS * 1e6) / pings,
    idleCores,
    rssKbPerConnection: (spent.rss - emptyRss) / 1024 / members,
    generatorCores: spent.generatorCores,
    otherCores: spent.otherCores,
    rssMb: megabytes(spent.rss),
  }
}

/** Evenly spread in time; returns how many. */
async function pingInTurn({ participants, adapter }: Crowd, everyMs: number, forMs: number): Promise<number> {
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
