/** Everybody comes at once: until each member sees all. */
import { setTimeout as sleep } from "node:timers/promises"
import type { Crowd } from "./crowd.ts"
import type { Joins, JoinsResult } from "./job.ts"
import { megabytes, Stopwatch } from "./measure.ts"
import { wire } from "./websocket.ts"

export async function runJoins(crowd: Crowd, { members, limitS }: Joins, pid: number): Promise<JoinsResult> {
  await crowd.adapter.prepare(members)
  const stopwatch = new Stopwatch(pid)
  const startedAt = performance.now()
  const connectedMs = await crowd.connect(members, () => "r0", members)
  const limit = startedAt + limitS * 1000
  while (crowd.whole < members && performance.now() < limit) await sleep(5)
  const spent = stopwatch.stop()
  const wholeAt = Math.max(...crowd.participants.map((participant) => participant.wholeAt ?? Number.POSITIVE_INFINITY))
  return {
    kind: "joins",
    failed: crowd.failed,
    closed: wire.closedByServer,
    partial: members - crowd.whole,
    wholeMs: Number.isFinite(wholeAt) ? wholeAt - startedAt : null,
    connectedMs,
    serverCpuS: spent.serverCpuS,
    receivedMb: megabytes(spent.bytes),
    frames: spent.frames,
    generatorCores: spent.generatorCores,
    otherCores: spent.otherCores,
    rssMb: megabytes(spent.rss),
  }
}
