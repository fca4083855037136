/**
 * Everybody's line breaks, and all come back: half of them before somebody who stayed moves, so that they miss it, and
 * half after it, so that they have nothing to catch up on. Where a server knows no resume, they come as strangers.
 */
import { setTimeout as sleep } from "node:timers/promises"
import type { Crowd } from "./crowd.ts"
import type { ScenarioOf } from "./job.ts"
import { megabytes, Stopwatch } from "./measure.ts"
import { move } from "./move.ts"
import type { Participant } from "./participant.ts"
import type { ResumeResult } from "./result.ts"
import { settle } from "./staleness.ts"
import { wire } from "./websocket.ts"

/** What was sent to a line before it broke has arrived by then. */
const QUIET_MS = 1000

/** The server has noticed by then that the first half is gone. */
const BETWEEN_HALVES_MS = 100

/** Behind the ends of the first half's lines, a move takes its time to reach the second. */
const MOVE_LIMIT_MS = 3000

export async function runResume(crowd: Crowd, resume: ScenarioOf<"resume">, pid: number): Promise<ResumeResult> {
  const { members, watchers, awayS, limitS } = resume
  const total = members + watchers
  await crowd.connect(total, () => "r0", total)
  await crowd.becomesWhole(limitS * 1000)
  await sleep(QUIET_MS)
  const mover = crowd.participants[members]
  if (mover === undefined) throw new Error("nobody stays")
  const leaving = crowd.participants.slice(0, members)
  const outdated = leaving.filter(({ index }) => index % 2 === 0)
  const upToDate = leaving.filter(({ index }) => index % 2 === 1)
  const leavesBefore = leavesIn(crowd)
  breakLines(outdated)
  await sleep(BETWEEN_HALVES_MS)
  await crowd.arrivals(mover.index, 1, MOVE_LIMIT_MS, () => move(crowd, mover))
  breakLines(upToDate)
  await sleep(awayS * 1000)
  crowd.whole = watchers
  const stopwatch = new Stopwatch(pid)
  const startedAt = performance.now()
  await crowd.reconnect(leaving)
  const isCurrent = await becomeCurrent(crowd, mover, startedAt + limitS * 1000)
  const currentAt = performance.now()
  const spent = stopwatch.stop()
  const [upToDateBytes, outdatedBytes] = [upToDate, outdated].map(meanBytes)
  move(crowd, mover)
  const { stale, lost } = await settle(crowd)
  return {
    kind: "resume",
    failed: crowd.failed,
    closed: wire.closedByServer,
    partial: crowd.participants.filter(({ members: seen }) => seen !== total).length,
    stale,
    lost,
    currentMs: isCurrent ? currentAt - startedAt : null,
    resumed: leaving.filter(({ isResumed }) => isResumed).length,
    leaves: leavesIn(crowd) - leavesBefore,
    serverCpuS: spent.serverCpuS,
    receivedMb: megabytes(spent.bytes),
    currentBytes: upToDateBytes ?? 0,
    staleBytes: outdatedBytes ?? 0,
    generatorCores: spent.generatorCores,
    otherCores: spent.otherCores,
    rssMb: megabytes(spent.rss),
  }
}

/** No goodbye: to the server they are lost. */
function breakLines(participants: readonly Participant[]): void {
  for (const { socket } of participants) socket?.destroy()
}

/** Until all see everybody and have the mover's first move. */
async function becomeCurrent(crowd: Crowd, mover: Participant, limit: number): Promise<boolean> {
  const total = crowd.participants.length
  const sees = (participant: Participant) =>
    participant.members === total && (participant === mover || (crowd.sightOf(participant).newest(total).get(mover.index) ?? 0) >= 1)
  let waiting = crowd.participants
  while (waiting.length > 0 && performance.now() < limit) {
    waiting = waiting.filter((participant) => !sees(participant))
    if (waiting.length > 0) await sleep(2)
  }
  return waiting.length === 0
}

function leavesIn({ participants }: Crowd): number {
  return participants.reduce((sum, { leaves }) => sum + leaves, 0)
}

function meanBytes(participants: readonly Participant[]): number {
  return participants.reduce((sum, { socket }) => sum + (socket?.bytesIn ?? 0), 0) / participants.length
}
