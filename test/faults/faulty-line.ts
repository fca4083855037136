/** One client's line to the service, over TCP, as bad as a schedule wants it: it delays, stalls, breaks, or dies without a word. */
import { connect, createServer, type Server, type Socket } from "node:net"

type Passing = { readonly act: () => void; readonly at: number }
type Pair = { readonly near: Socket; readonly far: Socket; readonly up: Passing[]; readonly down: Passing[]; isSevered: boolean }
export type Direction = "up" | "down" | "both"

export class FaultyLine {
  readonly #server: Server
  readonly #pairs = new Set<Pair>()
  /** Far ends that were left open when their client vanished. */
  readonly #orphans = new Set<Socket>()
  #delayMs = 0
  #stalled: Direction | null = null
  #waiting: (() => void)[] = []
  /** Until then, what arrives may be late. */
  #lateUntil = 0
  url = ""

  private constructor(target: string) {
    const { port, hostname } = new URL(target)
    this.#server = createServer((near) => this.#join(near, connect(Number(port), hostname)))
  }

  static async to(target: string): Promise<FaultyLine> {
    const line = new FaultyLine(target)
    await new Promise<void>((resolve) => line.#server.listen(0, "127.0.0.1", resolve))
    const address = line.#server.address()
    if (address === null || typeof address === "string") throw new Error("the line has no port")
    line.url = `http://127.0.0.1:${address.port}`
    return line
  }

  /** Whether what is said on it arrives at once. */
  get isHealthy(): boolean {
    return this.#delayMs === 0 && this.#stalled === null && Date.now() > this.#lateUntil
  }

  /** Whether the service hears this client now. */
  get isHeard(): boolean {
    return this.#stalled === null || this.#stalled === "down"
  }

  delay(ms: number): void {
    if (ms < this.#delayMs) this.#lateUntil = Date.now() + this.#delayMs + 200
    this.#delayMs = ms
  }

  /** Half open: nothing passes in this direction, and nobody is told. */
  stall(direction: Direction): void {
    this.#stalled = direction
  }

  mend(): void {
    this.delay(0)
    if (this.#stalled === null) return
    this.#stalled = null
    this.#lateUntil = Date.now() + 200
    for (const go of this.#waiting.splice(0)) go()
  }

  /** Both ends learn of it at once, by a reset or by a plain end of the transport; neither sees a Close frame. */
  cut(how: "reset" | "end"): void {
    for (const pair of this.#pairs) {
      pair.isSevered = true
      for (const socket of [pair.near, pair.far]) {
        if (how === "reset") socket.resetAndDestroy()
        else socket.destroy()
      }
    }
    this.#pairs.clear()
    this.#waiting = []
  }

  /** The client is gone, and the service is not told: its end stays open. */
  vanish(): void {
    for (const pair of this.#pairs) {
      pair.isSevered = true
      this.#orphans.add(pair.far)
      pair.near.destroy()
    }
    this.#pairs.clear()
    this.#waiting = []
  }

  /** Bytes that the client never sent. */
  inject(bytes: Uint8Array): void {
    for (const { far } of this.#pairs) far.write(bytes)
  }

  async close(): Promise<void> {
    const closed = new Promise((resolve) => this.#server.close(resolve))
    this.cut("end")
    for (const orphan of this.#orphans) orphan.destroy()
    await closed
  }

  #join(near: Socket, far: Socket): void {
    const pair: Pair = { near, far, up: [], down: [], isSevered: false }
    this.#pairs.add(pair)
    this.#forward(pair, near, far, "up")
    this.#forward(pair, far, near, "down")
  }

  #forward(pair: Pair, from: Socket, to: Socket, direction: Direction): void {
    from.setNoDelay(true)
    from.on("data", (chunk) => this.#pass(pair, direction, () => void to.write(chunk)))
    from.on("end", () => this.#pass(pair, direction, () => void to.end()))
    from.on("close", () => {
      this.#pass(pair, direction, () => void to.destroy())
      if (pair.near.destroyed && pair.far.destroyed) this.#pairs.delete(pair)
    })
    // Its close follows.
    from.on("error", () => {})
  }

  /** In order: what is stalled or delayed holds up what comes behind it. */
  #pass(pair: Pair, direction: Direction, act: () => void): void {
    const queue = direction === "up" ? pair.up : pair.down
    queue.push({ act, at: Date.now() + this.#delayMs })
    if (queue.length === 1) this.#pump(pair, direction, queue)
  }

  #pump(pair: Pair, direction: Direction, queue: Passing[]): void {
    for (let first = queue[0]; first !== undefined; first = queue[0]) {
      if (pair.isSevered) return
      if (this.#stalled === direction || this.#stalled === "both") {
        this.#waiting.push(() => this.#pump(pair, direction, queue))
        return
      }
      const wait = first.at - Date.now()
      if (wait > 0) {
        setTimeout(() => this.#pump(pair, direction, queue), wait)
        return
      }
      first.act()
      queue.shift()
    }
  }
}
