/** What arrived: states counted in every frame, and latencies where frames are decoded. */
import type { Participant } from "./participant.ts"

export class Tally {
  states = 0
  /** Milliseconds from sending to decoding. */
  readonly latencies: number[] = []
  /** The newest state of each member that any observer has. */
  readonly newest = new Map<string, number>()
  /** The same for each observer. */
  readonly #newestOf = new Map<Participant, Map<string, number>>()
  #measuresFrom = Number.POSITIVE_INFINITY

  measureFrom(instant: number): void {
    this.states = 0
    this.#measuresFrom = instant
  }

  stop(): void {
    this.#measuresFrom = Number.POSITIVE_INFINITY
  }

  get isMeasuring(): boolean {
    return this.#measuresFrom !== Number.POSITIVE_INFINITY
  }

  latency(sentAt: number): void {
    if (sentAt >= this.#measuresFrom) this.latencies.push(performance.now() - sentAt)
  }

  seen(observer: Participant, member: string, seq: number): void {
    const known = this.#newestOf.get(observer) ?? new Map<string, number>()
    this.#newestOf.set(observer, known)
    if (seq > (known.get(member) ?? 0)) known.set(member, seq)
    if (seq > (this.newest.get(member) ?? 0)) this.newest.set(member, seq)
  }

  /** Of all pairs of an observer and another member of its room, those whose last state the observer lacks. */
  staleness(participants: readonly Participant[]): { stale: number; checked: number } {
    let stale = 0
    let checked = 0
    for (const observer of participants.filter(({ isObserver }) => isObserver)) {
      const known = this.#newestOf.get(observer)
      for (const member of participants) {
        if (member === observer || member.room !== observer.room) continue
        checked++
        if ((known?.get(member.key) ?? 0) !== member.seq) stale++
      }
    }
    return { stale, checked }
  }
}
