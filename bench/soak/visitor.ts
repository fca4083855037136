/** One of the soak's connections: it comes, speaks, and ends in one of the ways that connections end. */
import { setTimeout as sleep } from "node:timers/promises"
import { z } from "zod"
import { textFrame, WebSocketClient } from "../load/websocket.ts"

/** What all visitors of a soak count together. */
export type Counts = {
  joins: number
  /** Sockets closed with 1000. */
  leaves: number
  /** Sockets destroyed without a word. */
  cuts: number
  /** Cuts after which the same session came back, and those of them that the room continued. */
  resumes: number
  continued: number
  /** `leave` and `enter` on a socket that stays. */
  steps: number
  updates: number
  /** Connects that failed, and sockets that the server ended unasked. */
  failed: number
  closed: number
  /** Milliseconds from an update's sending to its decoding, since the last sample; the clock's, whole, rounded down when sent. */
  latencies: number[]
}

export function noCounts(): Counts {
  return { joins: 0, leaves: 0, cuts: 0, resumes: 0, continued: 0, steps: 0, updates: 0, failed: 0, closed: 0, latencies: [] }
}

export type Ticket = { readonly member: string; readonly token: string }

const frameSchema = z.looseObject({
  type: z.string(),
  session: z.string().optional(),
  resumed: z.boolean().optional(),
  update: z.record(z.string(), z.looseObject({ p: z.tuple([z.number(), z.number(), z.number()]).optional() })).optional(),
})

const ENTER = textFrame('{"type":"enter","data":{}}')
const LEAVE = textFrame('{"type":"leave"}')
const PONG = textFrame('{"type":"pong"}')

/** How long a connection is away between two lives, and how long a cut one is before it resumes: well within the grace. */
const AWAY_MS = { from: 500, to: 5000 }
const CUT_MS = { from: 200, to: 3000 }
const STEP_MS = { from: 200, to: 2000 }

export class Visitor {
  readonly room: string
  readonly #port: number
  readonly #counts: Counts
  readonly #nextTicket: (before: Ticket | null) => Promise<Ticket>
  #ticket: Ticket | null = null
  #session: string | null = null
  #socket: WebSocketClient | null = null
  /** Entered, and nothing else under way. */
  isIn = false
  #hasEnded = false

  constructor(port: number, room: string, counts: Counts, nextTicket: (before: Ticket | null) => Promise<Ticket>) {
    this.#port = port
    this.room = room
    this.#counts = counts
    this.#nextTicket = nextTicket
  }

  /** Comes as somebody new, again and again until it is let in. */
  async come(): Promise<void> {
    this.#session = null
    this.#ticket = await this.#nextTicket(this.#ticket)
    if (await this.#connect(this.#ticket)) this.#counts.joins++
  }

  update(): void {
    this.#counts.updates++
    const now = Math.floor(performance.now())
    this.#socket?.write(textFrame(`{"type":"update","data":{"p":[${now % 1000},${(now >> 3) % 1000},${now}]}}`))
  }

  /** One of the ends that a connection has, and what follows it. */
  async churn(): Promise<void> {
    const die = Math.random()
    this.isIn = false
    if (die < 0.4) {
      this.#counts.leaves++
      this.#socket?.close()
      await between(AWAY_MS)
      await this.come()
    } else if (die < 0.7) {
      this.#counts.cuts++
      this.#socket?.destroy()
      await between(CUT_MS)
      await this.#resume()
    } else if (die < 0.85) {
      this.#counts.cuts++
      this.#socket?.destroy()
      await between(AWAY_MS)
      await this.come()
    } else {
      this.#counts.steps++
      this.#socket?.write(LEAVE)
      await between(STEP_MS)
      this.#socket?.write(ENTER)
      this.isIn = this.#socket?.isOpen === true
    }
  }

  end(): void {
    this.#hasEnded = true
    this.isIn = false
    this.#socket?.destroy()
  }

  async #resume(): Promise<void> {
    if (this.#ticket === null) return await this.come()
    this.#counts.resumes++
    await this.#connect(this.#ticket)
  }

  async #connect({ token }: Ticket): Promise<boolean> {
    while (!this.#hasEnded) {
      if (await this.#open(token)) return true
      this.#counts.failed++
      await sleep(1000)
    }
    return false
  }

  #open(token: string): Promise<boolean> {
    return new Promise((resolve) => {
      const session = this.#session === null ? "" : `?session=${this.#session}`
      const path = `/v1/rooms/${this.room}/connect${session}`
      const socket = new WebSocketClient(
        this.#port,
        path,
        { "Sec-WebSocket-Protocol": `rollcall.v1, token.${token}` },
        {
          opened: () => {},
          received: (_, bytes, start, end) => {
            if (this.#socket === socket && this.#received(bytes.toString("utf8", start, end))) resolve(true)
          },
          closed: () => {
            resolve(false)
            if (this.#socket === socket && this.isIn) this.#closedByServer()
          },
        },
      )
      this.#socket = socket
    })
  }

  /** Whether it is in the room now. */
  #received(text: string): boolean {
    if (text === "pong") return false
    const { type, session, resumed, update } = frameSchema.parse(JSON.parse(text))
    if (type === "heartbeat") this.#socket?.write(PONG)
    if (type === "welcome") {
      this.#session = session ?? null
      if (resumed === true) this.#counts.continued++
      else this.#socket?.write(ENTER)
      this.isIn = true
      return true
    }
    const now = performance.now()
    for (const { p } of Object.values(update ?? {})) if (p !== undefined) this.#counts.latencies.push(now - p[2])
    return false
  }

  #closedByServer(): void {
    this.isIn = false
    if (this.#hasEnded) return
    this.#counts.closed++
    void sleep(1000).then(() => this.come())
  }
}

function between({ from, to }: { from: number; to: number }): Promise<void> {
  return sleep(from + Math.random() * (to - from))
}
