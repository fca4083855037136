/** Everybody moves: members of one room or of many send updates at a fixed rate, spread evenly in time. */
import { setTimeout as sleep } from "node:timers/promises"
import { percentile } from "../statistics.ts"
import type { Crowd } from "./crowd.ts"
import type { ScenarioOf } from "./job.ts"
import { megabytes, Stopwatch } from "./measure.ts"
import type { StormResult } from "./result.ts"
import { Sender } from "./sender.ts"
import { STALE_AFTER_MS, settle, staleness } from "./staleness.ts"
import { wire } from "./websocket.ts"

const WHOLE_LIMIT_MS = 10_000

/** How often is looked whether anybody is behind. */
const LOOK_EVERY_MS = 1000

/** A room this large has two observers. */
const LARGE_ROOM = 50

export async function runStorm(crowd: Crowd, storm: ScenarioOf<"storm">, pid: number): Promise<StormResult> {
  const { rooms, perRoom, rate, warmS, measureS } = storm
  const total = rooms * perRoom
  await crowd.connect(total, (index) => `r${index % rooms}`, perRoom)
  await crowd.becomesWhole(WHOLE_LIMIT_MS)
  appointObservers(crowd, rooms, perRoom)
  await sleep(500)
  const sender = new Sender(crowd, rate)
  sender.start()
  await sleep(warmS * 1000)
  const { tally } = crowd
  tally.measureFrom(performance.now())
  const before = sender.counts()
  const stopwatch = new Stopwatch(pid)
  const staleDuring = await watchStaleness(crowd, measureS * 1000)
  const { seconds, bytes, frames, rss, ...spent } = stopwatch.stop()
  tally.stop()
  const after = sender.counts()
  sender.stop()
  const settled = await settle(crowd)
  const received = tally.states
  const delivered = crowd.adapter.echoesSelf ? (received * (perRoom - 1)) / perRoom : received
  const latencies = Float64Array.from(tally.latencies).sort()
  return {
    kind: "storm",
    failed: crowd.failed,
    closed: wire.closedByServer,
    partial: total - crowd.whole,
    ...settled,
    staleDuring,
    seconds,
    offeredPerS: total * rate * (perRoom - 1),
    deliveredPerS: delivered / seconds,
    skippedShare: (after.skipped - before.skipped) / Math.max(1, after.due - before.due),
    p50Ms: percentile(latencies, 0.5),
    p95Ms: percentile(latencies, 0.95),
    p99Ms: percentile(latencies, 0.99),
    serverCores: spent.serverCores,
    cpuUsPerState: (spent.serverCpuS * 1e6) / delivered,
    bytesPerState: bytes / delivered,
    statesPerFrame: received / frames,
    oneThreadShare: spent.oneThreadShare,
    generatorCores: spent.generatorCores,
    otherCores: spent.otherCores,
    sendLagMs: after.maxLagMs,
    rssMb: megabytes(rss),
  }
}

/** The most stale pairs of all looks within the time. */
async function watchStaleness(crowd: Crowd, forMs: number): Promise<number> {
  const endsAt = performance.now() + forMs
  let worst = 0
  for (let left = forMs; left > 0; left = endsAt - performance.now()) {
    await sleep(Math.min(LOOK_EVERY_MS, left))
    worst = Math.max(worst, staleness(crowd, performance.now() - STALE_AFTER_MS).stale)
  }
  return worst
}

/** Whose frames are all looked at; without any, nobody may send more than a few updates. */
export function appointObservers({ participants }: Crowd, rooms: number, perRoom: number): void {
  const perRoomObservers = perRoom >= LARGE_ROOM ? 2 : 1
  for (let room = 0; room < rooms; room++) {
    for (let nth = 1; nth <= perRoomObservers; nth++) {
      const position = Math.floor((nth * perRoom) / (perRoomObservers + 1))
      const observer = participants[position * rooms + room]
      if (observer !== undefined) observer.isObserver = true
    }
  }
}
