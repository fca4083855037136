/** The shell of the machine: one room's socket, its one timer and its token, driven by what machine.ts says. */
import type { RoomFrame } from "../protocol/frames.ts"
import { type ErrorCode, RollcallError } from "./error.ts"
import { dueAt, type Effect, type Event, GONE, idle, type Millis, statusOf, step } from "./machine.ts"
import { watchPage } from "./page.ts"
import type { ConnectionStatus, Reason } from "./types.ts"
import { connectUrl, decode, refusalOf, type SocketConstructor, type SocketLike, subprotocols } from "./wire.ts"

export type ConnectionOptions = {
  readonly url: string
  readonly room: string
  /** Asked for a token whenever a new one is needed. */
  readonly token: () => string | Promise<string>
  /** Whether another token may come of asking again. */
  readonly renewable: boolean
  readonly WebSocket: SocketConstructor
  /** To resume by, where another tab had the room before. */
  readonly session?: string | null
  /** With which code to go for good; 1000 unless told otherwise. */
  readonly goodbye?: () => number
}

/** The frames that are not between the connection and the service alone. */
export type Heard = Exclude<RoomFrame, { type: "bye" | "expiring" | "heartbeat" }>

export type ConnectionEvents = {
  frame(frame: Heard): void
  status(status: ConnectionStatus, reason: Reason | null): void
  error(error: RollcallError): void
}

export type Connection = {
  isOnline(): boolean
  send(frame: object): void
  tell(event: Event): void
  /** Final, and leaves nothing behind. */
  stop(): void
}

/** Leaves nothing to resume: the room takes it as a goodbye. */
export const GOODBYE = 1000
/** Of our own, and no goodbye: a line that was only slow must not carry one to the room while we resume on another. */
export const RESUMABLE = 4000

/** A timer's longest: a wait beyond it is looked at in between. */
const MAX_TIMER_MS = 2 ** 31 - 1

export function connect(options: ConnectionOptions, events: ConnectionEvents): Connection {
  const { url, room, token, renewable, WebSocket, session = null, goodbye = () => GOODBYE } = options
  let state = idle(renewable, session)
  let socket: SocketLike | null = null
  let timer: ReturnType<typeof setTimeout> | undefined
  /** When the timer is to go off. */
  let timerAt: Millis = Infinity
  let toldStatus = statusOf(state)
  let toldReason = state.reason

  function tell(event: Event): void {
    const [next, ...effects] = step(state, event, Date.now(), Math.random())
    state = next
    if (next.at !== "online" && next.at !== "opening") drop(next.at === "closed" || next.at === "hidden" ? goodbye() : RESUMABLE)
    for (const effect of effects) perform(effect)
    // An effect may have led on to other events: what holds now is told, once.
    schedule()
    const { reason } = state
    const status = statusOf(state)
    if (status === toldStatus && reason === toldReason) return
    toldStatus = status
    toldReason = reason
    events.status(status, reason)
  }

  function perform(effect: Effect): void {
    const held = state.token ?? ""
    if (effect === "ping") sendText("ping")
    else if (effect === "pong") send({ type: "pong" })
    else if (effect === "auth") send({ type: "auth", id: 0, token: held })
    else if (effect === "token") void fetchToken()
    else if (effect === "open") open(held)
    else void ask(held)
  }

  /** The timer is moved only to come earlier: when it comes too early, it is set again. */
  function schedule(): void {
    const at = dueAt(state)
    if (timerAt <= at && at < Infinity) return
    clearTimeout(timer)
    timerAt = at
    if (at === Infinity) return
    timer = setTimeout(
      () => {
        timerAt = Infinity
        tell({ kind: "tick", late: Date.now() - at })
      },
      Math.min(at - Date.now(), MAX_TIMER_MS),
    )
  }

  async function fetchToken(): Promise<void> {
    let event: Event
    try {
      event = { kind: "token", token: await token() }
    } catch (cause) {
      event = { kind: "token-failed", message: failed("token_failed", cause) }
    }
    tell(event)
  }

  function open(held: string): void {
    try {
      socket = new WebSocket(connectUrl(url, room, state.session, "ws"), subprotocols(held))
      socket.onmessage = ({ data }: { data: unknown }) => heard(data)
      socket.onclose = ({ code, reason }: { code: number; reason: string }) => tell({ kind: "ended", code, message: reason })
      // What went wrong shows in the close that follows.
      socket.onerror = () => {}
    } catch (cause) {
      // A token that no header may hold, most likely: asked why, the service will say so.
      tell({ kind: "ended", code: GONE, message: failed("connect_failed", cause) })
    }
  }

  async function ask(held: string): Promise<void> {
    const refusal = await refusalOf(connectUrl(url, room, state.session, "http"), held)
    const { status, reason } = refusal
    if (status > 0 && status !== 426) failed("connect_failed", `${reason.code}: ${reason.message}`)
    tell({ kind: "answered", ...refusal })
  }

  function heard(data: unknown): void {
    tell({ kind: "heard" })
    const frame = decode(data)
    if (frame?.type === "bye") tell({ kind: "ended", code: frame.code, message: frame.reason })
    else if (frame?.type === "expiring") tell({ kind: "expiring", by: frame.at })
    else if (frame?.type === "heartbeat") tell({ kind: "heartbeat" })
    // The picture first: who hears that it is connected looks at it.
    else if (frame) events.frame(frame)
    if (frame?.type === "welcome") tell({ kind: "welcome", session: frame.session, interval: frame.heartbeat.interval })
  }

  function send(frame: object): void {
    sendText(JSON.stringify(frame))
    tell({ kind: "sent" })
  }

  function sendText(text: string): void {
    try {
      socket?.send(text)
    } catch {
      // Its close is on the way.
    }
  }

  function drop(code: number): void {
    const dropped = socket
    if (dropped === null) return
    socket = dropped.onmessage = dropped.onclose = null
    dropped.close(code)
  }

  /** Tells the app, and gives the sentence. */
  function failed(code: ErrorCode, cause: unknown): string {
    const message = cause instanceof Error ? cause.message : String(cause)
    events.error(new RollcallError(code, message, { cause }))
    return message
  }

  const unwatch = watchPage((signal) => {
    if (signal === "hidden") tell({ kind: "hidden" })
    else if (signal === "shown") tell({ kind: "wanted" })
    else tell({ kind: "network", isUp: signal === "online" })
  })
  tell({ kind: "wanted" })
  return {
    isOnline: () => state.at === "online",
    send,
    tell,
    stop() {
      tell({ kind: "stop" })
      unwatch()
    },
  }
}
