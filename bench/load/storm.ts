/** Everybody moves: members of one room or of many send updates at a fixed rate, spread evenly in time. */
import { setTimeout as sleep } from "node:timers/promises"
import { percentile } from "../statistics.ts"
import type { Crowd } from "./crowd.ts"
import type { Storm, StormResult } from "./job.ts"
import { megabytes, Stopwatch } from "./measure.ts"
import { wire } from "./websocket.ts"

/**
 * A member with so many updates that no observer has seen yet skips its turn. So an overloaded server shows what it
 * can do, and not an endless queue; latencies compare only where next to nothing was skipped.
 */
const MAX_UNSEEN = 3

/** How often the sender looks who is due. */
const SENDER_PERIOD_MS = 2

/** After the end every observer must have everybody's last state within this time. */
const SETTLE_MS = 1500

const WIDTH = 1920
const HEIGHT = 1080

/** A room this large has two observers, so that each also checks the other. */
const LARGE_ROOM = 50

export async function runStorm(crowd: Crowd, storm: Storm, pid: number): Promise<StormResult> {
  const { rooms, perRoom, rate, warmS, measureS } = storm
  const total = rooms * perRoom
  await crowd.connect(total, (index) => `r${index % rooms}`, perRoom)
  appointObservers(crowd, rooms, perRoom)
  await sleep(500)
  const sender = new Sender(crowd, rate)
  sender.start()
  await sleep(warmS * 1000)
  const { tally } = crowd
  tally.measureFrom(performance.now())
  const before = sender.counts()
  const stopwatch = new Stopwatch(pid)
  await sleep(measureS * 1000)
  const { seconds, bytes, frames, rss, ...spent } = stopwatch.stop()
  tally.stop()
  const after = sender.counts()
  sender.stop()
  await sleep(SETTLE_MS)
  const received = tally.states
  const delivered = crowd.adapter.echoesSelf ? (received * (perRoom - 1)) / perRoom : received
  const latencies = tally.latencies.toSorted((a, b) => a - b)
  return {
    kind: "storm",
    failed: crowd.failed,
    closed: wire.closedByServer,
    partial: total - crowd.whole,
    ...tally.staleness(crowd.participants),
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

function appointObservers({ participants }: Crowd, rooms: number, perRoom: number): void {
  const perRoomObservers = perRoom >= LARGE_ROOM ? 2 : 1
  for (let room = 0; room < rooms; room++) {
    for (let nth = 1; nth <= perRoomObservers; nth++) {
      const position = Math.floor((nth * perRoom) / (perRoomObservers + 1))
      const observer = participants[position * rooms + room]
      if (observer !== undefined) observer.isObserver = true
    }
  }
}

class Sender {
  readonly #crowd: Crowd
  readonly #periodMs: number
  #timer: NodeJS.Timeout | null = null
  #startedAt = 0
  #turns = 0
  #due = 0
  #skipped = 0
  #maxLagMs = 0

  constructor(crowd: Crowd, rate: number) {
    this.#crowd = crowd
    this.#periodMs = 1000 / rate
  }

  start(): void {
    this.#startedAt = performance.now()
    this.#timer = setInterval(() => this.#sendDue(), SENDER_PERIOD_MS)
  }

  stop(): void {
    if (this.#timer !== null) clearInterval(this.#timer)
  }

  counts(): { due: number; skipped: number; maxLagMs: number } {
    const counts = { due: this.#due, skipped: this.#skipped, maxLagMs: this.#maxLagMs }
    this.#maxLagMs = 0
    return counts
  }

  #sendDue(): void {
    const { participants, adapter, tally } = this.#crowd
    const total = participants.length
    const now = performance.now()
    for (let sent = 0; sent <= total; sent++) {
      const dueAt = this.#startedAt + (this.#turns / total) * this.#periodMs
      if (dueAt > now) return
      const member = participants[this.#turns % total]
      this.#turns++
      this.#due++
      this.#maxLagMs = Math.max(this.#maxLagMs, now - dueAt)
      if (member?.socket?.isOpen !== true) continue
      if (!member.isObserver && member.seq - (tally.newest.get(member.key) ?? 0) >= MAX_UNSEEN) {
        this.#skipped++
        continue
      }
      member.seq++
      const x = Math.floor(Math.random() * WIDTH)
      const y = Math.floor(Math.random() * HEIGHT)
      member.socket.write(adapter.update(x, y, member.seq, performance.now()))
    }
  }
}
