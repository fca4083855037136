/** What arrived: states counted in every frame, and latencies where frames are looked at. */

export class Tally {
  states = 0
  /** Milliseconds from sending to decoding. */
  readonly latencies: number[] = []
  /** The number of the newest state of each member that any observer has, by the member's index. */
  readonly newest = new Map<number, number>()
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

  seen(index: number, seq: number): void {
    if (seq > (this.newest.get(index) ?? 0)) this.newest.set(index, seq)
  }
}
