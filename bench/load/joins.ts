/** Everybody comes at once: until each member sees all. */
import type { Crowd } from "./crowd.ts"
import type { ScenarioOf } from "./job.ts"
import { megabytes, Stopwatch } from "./measure.ts"
import { move } from "./move.ts"
import type { JoinsResult } from "./result.ts"
import { settle } from "./staleness.ts"
import { wire } from "./websocket.ts"

export async function runJoins(crowd: Crowd, { members, limitS }: ScenarioOf<"joins">, pid: number): Promise<JoinsResult> {
  await crowd.adapter.prepare(members)
  const stopwatch = new Stopwatch(pid)
  const startedAt = performance.now()
  const connectedMs = await crowd.connect(members, () => "r0", members)
  await crowd.becomesWhole(startedAt + limitS * 1000 - performance.now())
  const spent = stopwatch.stop()
  const wholeAt = Math.max(...crowd.participants.map((participant) => participant.wholeAt ?? Number.POSITIVE_INFINITY))
  // Whoever is told of one is told of all: the room goes on for everybody who came.
  const [member] = crowd.participants
  if (member !== undefined) move(crowd, member)
  const { stale, lost } = await settle(crowd)
  return {
    kind: "joins",
    failed: crowd.failed,
    closed: wire.closedByServer,
    partial: members - crowd.whole,
    stale,
    lost,
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
