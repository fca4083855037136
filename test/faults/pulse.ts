/**
 * How late this machine is. Bounds of the contract are stretched by what was measured meanwhile: how late this process's own
 * timers came, and what the service took for what it always does at once: to answer a question, to answer a ping that came
 * over a line like the players' own, and to write a row. A busy machine is no fault of the room.
 */
import { WebSocket } from "ws"
import { DEV_ADMIN_KEY } from "../whole/service.ts"
import { tokenFor } from "../whole/wire-client.ts"
import { FaultyLine } from "./faulty-line.ts"

const EVERY_MS = 100
/** What an unhurried machine may take on the way, there and back. */
const USUAL_MS = 350
const QUESTION_LIMIT_MS = 10_000
/** Less is no lateness. */
const NOTED_FROM_MS = 20
/** A room of its own, that no player knows. */
const ROOM = "pulse"

type Sample = { readonly at: number; readonly late: number }
type Question = { readonly ask: () => Promise<unknown>; askedAt: number | null }

export class Pulse {
  readonly #samples: Sample[] = []
  readonly #timer: NodeJS.Timeout
  readonly #line: FaultyLine
  readonly #questions: readonly Question[]
  #socket: WebSocket | null = null
  #expectedAt = Date.now() + EVERY_MS

  private constructor(url: string, line: FaultyLine) {
    this.#line = line
    const asks = [() => answered(`${url}/healthz`), () => this.#ping(), () => placed(url)]
    this.#questions = asks.map((ask) => ({ ask, askedAt: null }))
    this.#timer = setInterval(() => this.#beat(), EVERY_MS)
  }

  static async of(url: string): Promise<Pulse> {
    return new Pulse(url, await FaultyLine.to(url))
  }

  /** The most that anything was late since then. */
  lateSince(at: number): number {
    const now = Date.now()
    const open = this.#questions.map(({ askedAt }) => (askedAt === null ? 0 : now - askedAt))
    let late = Math.max(0, now - this.#expectedAt, ...open.map((ms) => (ms > NOTED_FROM_MS ? ms : 0)))
    for (const sample of this.#samples) if (sample.at + sample.late >= at) late = Math.max(late, sample.late)
    return late
  }

  /** What to grant on top of a bound that began to run at `at`. */
  slackSince(at: number): number {
    return USUAL_MS + 2 * this.lateSince(at)
  }

  async stop(): Promise<void> {
    clearInterval(this.#timer)
    this.#socket?.terminate()
    await this.#line.close()
  }

  #beat(): void {
    const now = Date.now()
    this.#note(this.#expectedAt, now)
    this.#expectedAt = now + EVERY_MS
    for (const question of this.#questions) if (question.askedAt === null) void this.#ask(question)
  }

  /** No answer is one as well: the service was down, and for how long is what counts. */
  async #ask(question: Question): Promise<void> {
    const from = Date.now()
    question.askedAt = from
    await question.ask().catch(() => {})
    question.askedAt = null
    this.#note(from, Date.now())
  }

  #note(from: number, to: number): void {
    const late = to - from
    if (late > NOTED_FROM_MS) this.#samples.push({ at: from, late })
  }

  async #ping(): Promise<void> {
    const socket = this.#socket?.readyState === WebSocket.OPEN ? this.#socket : await this.#connected()
    await new Promise<void>((resolve, reject) => {
      const limit = setTimeout(() => reject(new Error("no pong")), QUESTION_LIMIT_MS)
      const done = (end: () => void) => {
        clearTimeout(limit)
        socket.off("message", onMessage)
        socket.off("close", onClose)
        end()
      }
      const onMessage = (raw: Buffer) => raw.toString() === "pong" && done(resolve)
      const onClose = () => done(() => reject(new Error("the line ended")))
      socket.on("message", onMessage)
      socket.on("close", onClose)
      socket.send("ping")
    })
  }

  async #connected(): Promise<WebSocket> {
    const token = await tokenFor("pulse", { rooms: { [ROOM]: ["message"] } })
    const socket = new WebSocket(`${this.#line.url.replace("http", "ws")}/v1/rooms/${ROOM}/connect`, ["rollcall.v1", `token.${token}`], {
      perMessageDeflate: false,
      handshakeTimeout: QUESTION_LIMIT_MS,
    })
    // Its close follows.
    socket.on("error", () => {})
    await new Promise<void>((resolve, reject) => {
      socket.once("open", resolve)
      socket.once("close", () => reject(new Error("refused")))
    })
    this.#socket = socket
    return socket
  }
}

async function answered(url: string, init: RequestInit = {}): Promise<void> {
  const response = await fetch(url, { ...init, signal: AbortSignal.timeout(QUESTION_LIMIT_MS) })
  await response.text()
}

function placed(url: string): Promise<void> {
  const headers = { authorization: `Bearer ${DEV_ADMIN_KEY}`, "content-type": "application/json" }
  return answered(`${url}/v1/admin/rooms/${ROOM}/members/pulse`, { method: "PUT", headers, body: JSON.stringify({ ttl: 60_000 }) })
}
