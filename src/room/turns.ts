/**
 * One connection's frames in their order, while one of them waits: a fresh token may need a key from elsewhere, and the
 * frames behind it may be what it is for. The others of the room do not wait.
 */
export class Turns {
  /** The end of the last turn of each socket that has one, and how many wait for it; it goes with its socket. */
  readonly #lines = new WeakMap<WebSocket, { last: Promise<void>; waiting: number }>()

  isBusy(socket: WebSocket): boolean {
    return this.#lines.has(socket)
  }

  waiting(socket: WebSocket): number {
    return this.#lines.get(socket)?.waiting ?? 0
  }

  /** This work is the socket's turn: frames that come meanwhile wait for it. Within a turn it is part of it. */
  begin(socket: WebSocket, work: Promise<void>): Promise<void> {
    return this.isBusy(socket) ? work : this.#join(socket, work)
  }

  /** Waits for the turn before, whether it succeeded or not, and then takes its own. */
  after(socket: WebSocket, work: () => Promise<void>): Promise<void> {
    const before = this.#lines.get(socket)?.last ?? Promise.resolve()
    return this.#join(socket, before.then(work, work))
  }

  async #join(socket: WebSocket, work: Promise<void>): Promise<void> {
    const line = this.#lines.get(socket) ?? { last: work, waiting: 0 }
    line.last = work
    line.waiting++
    this.#lines.set(socket, line)
    try {
      await work
    } finally {
      line.waiting--
      if (line.waiting === 0) this.#lines.delete(socket)
    }
  }
}
