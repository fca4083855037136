/** The shell of the machine: one room's socket, its one timer and its token, driven by what machine.ts says. */
import type { RoomFrame } from "../protocol/frames.ts"
import type { Environment, Signal, SocketLike } from "./environment.ts"
import { RollcallError } from "./error.ts"
import { dueAt, type Effect, type Event, GOODBYE, IDLE, type Millis, type State, statusOf, step } from "./machine.ts"
import { isObject } from "./share.ts"
import type { ConnectionStatus, Reason } from "./types.ts"
import { connectUrl, decode, PONG, subprotocols } from "./wire.ts"

export type ConnectionOptions = {
  readonly url: string
  readonly room: string
  /** Asked for a token whenever a new one is needed. */
  readonly token: () => string | Promise<string>
  readonly renewable: boolean
  readonly environment: Environment
}

export type ConnectionEvents = {
  readonly frame: (frame: RoomFrame) => void
  readonly status: (status: ConnectionStatus, reason: Reason | null) => void
  readonly error: (error: RollcallError) => void
}

const PROBLEM_PREFIX = "urn:rollcall:error:"

export class Connection {
  readonly #options: ConnectionOptions
  readonly #events: ConnectionEvents
  readonly #unwatch: () => void
  #state: State = IDLE
  #socket: SocketLike | null = null
  #timer: { readonly at: Millis; readonly cancel: () => void } | null = null
  /** Counts what was asked for: an answer to an older question is nobody's. */
  #asked = 0
  #goodbye = GOODBYE

  constructor(options: ConnectionOptions, events: ConnectionEvents) {
    this.#options = options
    this.#events = events
    this.#unwatch = options.environment.watch((signal) => this.#signalled(signal))
  }

  get isOnline(): boolean {
    return this.#state.at === "online"
  }

  start(): void {
    this.#tell({ kind: "start" })
  }

  /** The app did something: whoever waits for the user need wait no longer. */
  nudge(): void {
    if (this.#state.at === "dormant") this.#tell({ kind: "user" })
  }

  send(frame: object): void {
    if (this.#sendText(JSON.stringify(frame))) this.#tell({ kind: "sent" })
  }

  /** `auth` was refused: another token will be asked for. */
  authRefused(): void {
    this.#tell({ kind: "auth-refused" })
  }

  /** What a page that goes says: a goodbye unless told otherwise. */
  set goodbye(code: number) {
    this.#goodbye = code
  }

  /** Final, and leaves nothing behind. */
  stop(): void {
    this.#tell({ kind: "stop", code: this.#goodbye })
    this.#unwatch()
  }

  #signalled(signal: Signal): void {
    if (signal === "hidden") this.#tell({ kind: "hidden", code: this.#goodbye })
    else if (signal === "shown") this.#tell({ kind: "shown" })
    else this.#tell({ kind: "network", isUp: signal === "online" })
  }

  #tell(event: Event): void {
    const { environment, renewable } = this.#options
    const before = this.#state
    const { state, effects } = step(before, event, environment.now(), { renewable, random: environment.random })
    this.#state = state
    for (const effect of effects) this.#perform(effect)
    // An effect may have led on to further events: what they set stands.
    if (this.#state !== state) return
    this.#schedule()
    const status = statusOf(state)
    if (status !== statusOf(before) || state.memory.reason !== before.memory.reason) this.#events.status(status, state.memory.reason)
  }

  #perform(effect: Effect): void {
    switch (effect.kind) {
      case "token":
        return void this.#fetchToken()
      case "open":
        return void this.#open(effect.token, effect.session)
      case "ask":
        return void this.#ask(effect.token, effect.session)
      case "ping":
        return void this.#sendText("ping")
      case "pong":
        return void this.send({ type: "pong" })
      case "auth":
        return void this.send({ type: "auth", id: 0, token: effect.token })
      case "drop":
        return void this.#drop(effect.code)
    }
  }

  /** The timer is moved only to come earlier: when it comes too early, it is set again. */
  #schedule(): void {
    const due = dueAt(this.#state)
    if (this.#timer !== null && this.#timer.at <= due) return
    this.#timer?.cancel()
    this.#timer = null
    if (due === Infinity) return
    const { now, after } = this.#options.environment
    this.#timer = {
      at: due,
      cancel: after(Math.max(0, due - now()), () => {
        this.#timer = null
        this.#tell({ kind: "tick", late: now() - due })
      }),
    }
  }

  async #fetchToken(): Promise<void> {
    const asked = ++this.#asked
    try {
      const token = await this.#options.token()
      if (asked === this.#asked) this.#tell({ kind: "token", token })
    } catch (cause) {
      if (asked !== this.#asked) return
      const message = `no token: ${cause instanceof Error ? cause.message : String(cause)}`
      this.#events.error(new RollcallError("token_failed", message, { cause }))
      this.#tell({ kind: "token-failed", message })
    }
  }

  #open(token: string, session: string | null): void {
    const { environment, url, room } = this.#options
    let socket: SocketLike
    try {
      socket = new environment.Socket(connectUrl(url, room, session, "ws"), subprotocols(token))
    } catch (cause) {
      // A token with characters that no header may hold, most likely: asked why, the service will say so.
      this.#events.error(new RollcallError("connect_failed", String(cause), { cause }))
      return void this.#tell({ kind: "ended", code: 1006, message: String(cause) })
    }
    this.#socket = socket
    socket.onopen = () => this.#tell({ kind: "opened" })
    socket.onmessage = ({ data }: { data: unknown }) => this.#heard(data)
    socket.onclose = ({ code, reason }: { code: number; reason: string }) => this.#tell({ kind: "ended", code, message: reason })
    // What went wrong shows in the close that follows.
    socket.onerror = ignore
  }

  #heard(data: unknown): void {
    this.#tell({ kind: "heard" })
    const frame = typeof data === "string" && data !== PONG ? decode(data) : null
    if (frame === null) return
    if (frame.type === "bye") this.#tell({ kind: "ended", code: frame.code, message: frame.reason })
    else if (frame.type === "heartbeat") this.#tell({ kind: "heartbeat" })
    else if (frame.type === "expiring") this.#tell({ kind: "expiring", at: frame.at })
    else {
      if (frame.type === "welcome") this.#tell({ kind: "welcome", session: frame.session, interval: frame.heartbeat.interval })
      this.#events.frame(frame)
    }
  }

  async #ask(token: string, session: string | null): Promise<void> {
    const asked = ++this.#asked
    const { url, room } = this.#options
    const answer = await whyRefused(this.#options.environment, connectUrl(url, room, session, "http"), token)
    if (asked !== this.#asked) return
    if (answer.status !== 0 && answer.status !== 426) {
      this.#events.error(new RollcallError("connect_failed", `${answer.reason.code}: ${answer.reason.message}`))
    }
    this.#tell({ kind: "answered", ...answer })
  }

  #sendText(text: string): boolean {
    if (this.#state.at !== "online") return false
    try {
      this.#socket?.send(text)
      return this.#socket !== null
    } catch {
      // Its close is on the way.
      return false
    }
  }

  #drop(code: number): void {
    const socket = this.#socket
    this.#socket = null
    if (socket === null) return
    socket.onopen = socket.onmessage = socket.onclose = null
    try {
      socket.close(code)
    } catch {
      // It never opened, or it is closed already.
    }
  }
}

type Answer = { readonly status: number; readonly reason: Reason; readonly retryAfter: Millis | null }

/** Only a problem of the service's own counts: a proxy's page says nothing of the room. */
async function whyRefused({ fetch }: Environment, url: string, token: string): Promise<Answer> {
  try {
    const response = await fetch(url, { headers: { authorization: `Bearer ${token}` }, cache: "no-store" })
    const { status, headers } = response
    const problem: unknown = await response.json()
    const type = isObject(problem) ? String(problem["type"]) : ""
    if (!isObject(problem) || !type.startsWith(PROBLEM_PREFIX)) throw new TypeError("not the service's")
    const wait = Number(headers.get("retry-after") || Number.NaN)
    return {
      status,
      reason: { code: type.slice(PROBLEM_PREFIX.length), message: String(problem["detail"]) },
      retryAfter: Number.isFinite(wait) ? wait * 1000 : null,
    }
  } catch {
    return { status: 0, reason: { code: 1006, message: "the service cannot be reached" }, retryAfter: null }
  }
}

function ignore(): void {}
