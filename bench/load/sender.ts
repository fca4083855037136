/** Lets everybody move at a fixed rate, one after the other, evenly spread in time. */
import type { Crowd } from "./crowd.ts"
import { move } from "./move.ts"
import { lastSeq } from "./participant.ts"

/**
 * A member with so many updates that no observer has seen yet skips its turn. So an overloaded server shows what it
 * can do, and not an endless queue; latencies compare only where next to nothing was skipped.
 */
const MAX_UNSEEN = 3

/** How often is looked who is due. */
const PERIOD_MS = 2

export class Sender {
  readonly #crowd: Crowd
  readonly #periodMs: number
  #timer: NodeJS.Timeout | null = null
  #startedAt = 0
  #turns = 0
  #due = 0
  #skipped = 0
  #maxLagMs = 0

  /** `rate`: updates a second of each member. */
  constructor(crowd: Crowd, rate: number) {
    this.#crowd = crowd
    this.#periodMs = 1000 / rate
  }

  start(): void {
    this.#startedAt = performance.now()
    this.#timer = setInterval(() => this.#sendDue(), PERIOD_MS)
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
    const { participants, tally } = this.#crowd
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
      if (!member.isObserver && lastSeq(member) - (tally.newest.get(member.index) ?? 0) >= MAX_UNSEEN) this.#skipped++
      else move(this.#crowd, member)
    }
  }
}
