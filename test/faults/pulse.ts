/**
 * How late this machine is. Bounds of the contract are stretched by what a plain question to the service took, and by what
 * this process itself was late: a busy machine is no fault of the room.
 */

const EVERY_MS = 100
/** What an unhurried machine may take on the way, there and back. */
const USUAL_MS = 350
const QUESTION_LIMIT_MS = 10_000

type Sample = { readonly at: number; readonly late: number }

export class Pulse {
  readonly #samples: Sample[] = []
  readonly #timer: NodeJS.Timeout
  readonly #url: string
  #expectedAt = Date.now() + EVERY_MS
  #askedAt: number | null = null

  constructor(url: string) {
    this.#url = url
    this.#timer = setInterval(() => this.#beat(), EVERY_MS)
  }

  /** The most that anything was late since then. */
  lateSince(at: number): number {
    const now = Date.now()
    let late = Math.max(0, now - this.#expectedAt, this.#askedAt === null ? 0 : now - this.#askedAt)
    for (const sample of this.#samples) if (sample.at + sample.late >= at) late = Math.max(late, sample.late)
    return late
  }

  /** What to grant on top of a bound that began to run at `at`. */
  slackSince(at: number): number {
    return USUAL_MS + 2 * this.lateSince(at)
  }

  stop(): void {
    clearInterval(this.#timer)
  }

  #beat(): void {
    const now = Date.now()
    this.#note(this.#expectedAt, now)
    this.#expectedAt = now + EVERY_MS
    if (this.#askedAt !== null) return
    this.#askedAt = now
    void fetch(this.#url, { signal: AbortSignal.timeout(QUESTION_LIMIT_MS) })
      .then((response) => response.text())
      .catch(() => "")
      .then(() => {
        this.#note(now, Date.now())
        this.#askedAt = null
      })
  }

  #note(from: number, to: number): void {
    const late = to - from
    if (late > 20) this.#samples.push({ at: from, late })
  }
}
