/** The shell of the machine: one room's socket, its one timer and its token, driven by what machine.ts says. */
import { RollcallError } from "./error.ts"
import { dueAt, type Effect, type Event, GONE, idle, type Millis, statusOf, step } from "./machine.ts"
import { watchPage } from "./page.ts"
import type { ConnectionStatus, Reason } from "./types.ts"
import { connectUrl, decode, type Heard, isHeard, refusalOf, type SocketConstructor, type SocketLike } from "./wire.ts"

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
  /** How many frames came that tell of the room, `welcome`, `presence` and `sync`: if those were all, it need not be sent again. */
  let have = 0
  let timer: ReturnType<typeof setTimeout> | undefined
  /** When the timer is to go off. */
  let timerAt: Millis = Infinity
  let toldStatus = statusOf(state)
  let toldReason = state.reason

  function tell(event: Event): void {
    const [next, ...effects] = step(state, event, Date.now(), Math.random())
    state = next
    if (next.at !== "online" && next.at !== "opening") drop(next.at === "closed" || next.at === "hidden" ? goodbye() : RESUMABLE)
    for (const effect of effects) perform[effect]()
    // An effect may have led on to other events: what holds now is told, once.
    schedule()
    const { reason } = state
    const status = statusOf(state)
    if (status === toldStatus && reason === toldReason) return
    toldStatus = status
    toldReason = reason
    events.status(status, reason)
  }

  const perform: { readonly [E in Effect]: () => void } = {
    ping: () => sendText("ping"),
    pong: () => send({ type: "pong" }),
    auth: () => send({ type: "auth", id: 0, token: state.token }),
    token: () => void fetchToken(),
    open,
    ask: () => void ask(),
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
        tell({ kind: "tick" })
      },
      Math.min(Math.max(0, at - Date.now()), MAX_TIMER_MS),
    )
  }

  async function fetchToken(): Promise<void> {
    let event: Event
    try {
      // Null from an app that has none is a token like any other that is refused, and no reason to ask again at once.
      event = { kind: "token", token: `${await token()}` }
    } catch (cause) {
      const { message = String(cause) }: Partial<Error> = Object(cause)
      event = { kind: "token-failed", message }
      events.error(new RollcallError("token_failed", message, { cause }))
    }
    tell(event)
  }

  function open(): void {
    try {
      // What came on the lines of a session that was dropped, the room does not count.
      if (!state.session) have = 0
      socket = new WebSocket(connectUrl(url, room, state.session && `${state.session}&have=${have}`, "ws"), [
        "rollcall.v1",
        `token.${state.token}`,
      ])
      socket.onmessage = ({ data }: { data: unknown }) => heard(data)
      socket.onclose = ({ code, reason }: { code: number; reason: string }) =>
        tell({ kind: "ended", code, message: reason || "the line broke" })
      // What went wrong shows in the close that follows.
      socket.onerror = ignore
    } catch (cause) {
      // A token that no header may hold, most likely: asked why, the service will say so.
      tell({ kind: "ended", code: GONE, message: String(cause) })
    }
  }

  async function ask(): Promise<void> {
    tell({ kind: "answered", answer: await refusalOf(connectUrl(url, room, state.session, "http"), state.token) })
  }

  function heard(data: unknown): void {
    const frame = decode(data)
    // The picture first: who hears that it is connected looks at it.
    if (frame !== null && isHeard(frame)) {
      // In the alphabet, those three come after all others that are heard.
      if (frame.type > "o") have++
      events.frame(frame)
    }
    tell({ kind: "heard", frame })
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

  const unwatch = watchPage((kind) => tell({ kind }))
  tell({ kind: "start" })
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

/** Outside, so that a socket which somebody keeps holds nothing of the connection. */
function ignore(): void {}
