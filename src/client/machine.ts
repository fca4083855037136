/**
 * The life of one connection as a pure machine: (state, event, now) gives the next state and what is to be done. It owns no socket, no
 * timer and no randomness; connection.ts does what it says and tells it what happened. A socket is held in `opening` and `online` alone.
 */
import { backoff } from "./backoff.ts"
import type { PageEvent } from "./page.ts"
import type { ConnectionStatus, Reason } from "./types.ts"
import type { Answer, RoomFrame } from "./wire.ts"

export type Millis = number

/** What outlives a single line. */
export type Memory = {
  /** The last token that was got; null: a new one is needed. */
  readonly token: string | null
  /** To resume by; null: the next connection is a fresh one. */
  readonly session: string | null
  /** Failures since a connection last held. */
  readonly attempt: number
  /** Whether asking for a token again can give another one. */
  readonly renewable: boolean
  /** What the platform says about the network; true where it says nothing. */
  readonly network: boolean
  /** Whether a welcome ever came. */
  readonly welcomed: boolean
  /** Why the last line ended, or the last attempt failed. */
  readonly reason: Reason | null
}

type Line = {
  readonly at: "online"
  readonly interval: Millis
  readonly since: Millis
  /** When a silent line is asked. */
  readonly pingAt: Millis
  /** When a line is asked that does not echo what was sent; infinity: all is answered. */
  readonly echoBy: Millis
  /** Until when a ping is to be answered; infinity: none is out. */
  readonly pongBy: Millis
  /** When a new token is to be got; infinity: the one that is there will do. */
  readonly refreshAt: Millis
}

/** A token was asked for, a socket opened, a refusal asked about, or a while is waited. */
type Attempt = { readonly at: "token" | "opening" | "asking" | "pausing"; readonly until: Millis }

/** Not connected until the user comes back, until the page is shown again, until it is started; never again. */
type Quiet = { readonly at: "dormant" | "hidden" | "idle" | "closed"; readonly until: Millis }

export type State = Memory & (Line | Attempt | Quiet)

type Online = Memory & Line

export type Event =
  | { readonly kind: PageEvent | "start" | "stop" }
  | { readonly kind: "sent" }
  /** Null: a `pong`, or what nobody understands. */
  | { readonly kind: "heard"; readonly frame: RoomFrame | null }
  /** The app did something: what waits for the user need wait no longer. */
  | { readonly kind: "user" }
  | { readonly kind: "token"; readonly token: string }
  /** None could be got, or the room refused it. */
  | { readonly kind: "token-failed"; readonly message: string }
  /** The socket's end. */
  | { readonly kind: "ended"; readonly code: number; readonly message: string }
  /** Null: nobody answered who speaks for the service. */
  | { readonly kind: "answered"; readonly answer: Answer | null }
  /** It may be time, as `dueAt` said. */
  | { readonly kind: "tick" }

/** Get a token, open a socket, ask why it was refused, say `ping`, answer a heartbeat, hand the token in. The state holds with what. */
export type Effect = "token" | "open" | "ask" | "ping" | "pong" | "auth"

export type Step = readonly [State, ...Effect[]]

/** For a token, for a socket's welcome, for a refusal's reason. */
export const ATTEMPT_LIMIT_MS = 10_000
/** A `ping` is answered by the edge, without waking the room: who has not answered by then is gone. */
export const PONG_LIMIT_MS = 4000
/** So long may what was sent remain without an echo before the line is asked. */
export const ECHO_LIMIT_MS = 5000
/** A connection that held so long was not a failure: the back-off starts anew. */
export const STABLE_MS = 5000
/** After "too many frames", where a refusal names no time, and after a token that failed. */
export const PAUSE_MS = 5000
/** No answer at all: what a browser sees of a refused upgrade, and what a dead line is taken for. */
export const GONE = 1006

/** So many failures at most are remembered of those before a welcome. */
const WELCOMED_ATTEMPTS = 2

const ANSWERED = { echoBy: Infinity, pongBy: Infinity }

/** With a session to resume, that of a tab whose place is taken. */
export function idle(renewable: boolean, session: string | null): State {
  return {
    at: "idle",
    until: Infinity,
    token: null,
    session,
    attempt: 0,
    renewable,
    network: true,
    welcomed: session !== null,
    reason: null,
  }
}

/** When the machine wants its next `tick`; infinity: it waits for others. */
export function dueAt(state: State): Millis {
  if (state.at !== "online") return state.until
  const { pingAt, echoBy, pongBy, refreshAt } = state
  return Math.min(refreshAt, pongBy < Infinity ? pongBy : Math.min(pingAt, echoBy))
}

export function statusOf({ at, network, welcomed }: State): ConnectionStatus {
  if (at === "closed") return at
  if (at === "online") return "connected"
  if (at === "dormant" || at === "hidden" || !network) return "offline"
  return welcomed ? "reconnecting" : "connecting"
}

/** `random`, in [0, 1), spreads the back-off. */
export function step(state: State, event: Event, now: Millis, random: number): Step {
  const { at } = state

  /** A new token first where one is needed. */
  function connect(from: Memory): Step {
    const until = now + ATTEMPT_LIMIT_MS
    return from.token === null ? [{ ...from, at: "token", until }, "token"] : [{ ...from, at: "opening", until }, "open"]
  }

  /** `least` is waited in any case; the jitter comes on top. */
  function pause(from: Memory, least = 0): Step {
    const { attempt } = from
    return [{ ...from, at: "pausing", attempt: attempt + 1, until: now + least + backoff(attempt, random) }]
  }

  function rest(from: Memory, quiet: Quiet["at"]): Step {
    return [{ ...from, at: quiet, until: Infinity }]
  }

  /** Asks for a sign of life now. One that is asked for already keeps its time. */
  function probe(line: Online): Step {
    return line.pongBy < Infinity ? [line] : [{ ...line, pongBy: now + PONG_LIMIT_MS, pingAt: now + line.interval }, "ping"]
  }

  /** A line that is there is asked whether it is alive; where there is none, one is opened. */
  function wanted(from: State): Step {
    if (from.at === "online") return probe(from)
    return at === "token" || at === "opening" || at === "asking" ? [from] : connect(from)
  }

  /** A connection that held makes the failures before it history. */
  function settled(): Memory {
    return at === "online" && now - state.since >= STABLE_MS ? { ...state, attempt: 0 } : state
  }

  /** The first refusal is answered by a new token at once, further ones wait: a backend may mint what the service will never take. */
  function reauthorize(from: Memory): Step {
    if (!from.renewable) return rest(from, "closed")
    const without = { ...from, token: null }
    return from.attempt === 0 ? connect({ ...without, attempt: 1 }) : pause(without)
  }

  function because(code: Reason["code"], message: string): Memory {
    return { ...settled(), reason: { code, message } }
  }

  /** The contract's table of close codes; a test holds the two together. */
  function ended(code: number, message: string): Step {
    const before = because(code, message)
    // A browser cannot read why an upgrade was refused: the same address, asked plainly, says it.
    if (at === "opening" && code === GONE) return [{ ...before, at: "asking", until: now + ATTEMPT_LIMIT_MS }, "ask"]
    const fresh = { ...before, session: null }
    switch (code) {
      case 4401:
        return reauthorize(fresh)
      case 4408:
        return pause(fresh)
      case 4429:
        return pause(fresh, PAUSE_MS)
      case 4440:
        return rest(fresh, "dormant")
    }
    // Every other code of the room's own is final, those that a later version adds included; the rest is the transport's.
    return code === 1000 || (code >= 4400 && code < 4500) ? rest(fresh, "closed") : pause(before)
  }

  /** Anything that is heard is a sign of life. */
  function heard(frame: RoomFrame | null): Step {
    if (frame?.type === "bye") return ended(frame.code, frame.reason)
    if (frame?.type === "welcome") {
      const { session, heartbeat } = frame
      const { interval } = heartbeat
      return [
        {
          ...state,
          at: "online",
          session,
          interval,
          since: now,
          pingAt: now + interval,
          // Of a line that breaks again at once the room's grace must not see the end.
          attempt: Math.min(state.attempt, WELCOMED_ATTEMPTS),
          ...ANSWERED,
          refreshAt: Infinity,
          welcomed: true,
          reason: null,
        },
      ]
    }
    if (at !== "online") return [state]
    const line = { ...state, ...ANSWERED }
    if (frame?.type === "heartbeat") return [line, "pong"]
    // Soon, whatever the two clocks are apart; and for tokens that live for less than the notice not in a circle.
    if (frame?.type === "expiring") return [{ ...line, refreshAt: now + Math.min(10_000, Math.max(1000, (frame.at - now) / 2)) }]
    return [line]
  }

  function answered(answer: Answer | null): Step {
    // 426: nothing but the upgrade was missing, so it was the line.
    if (answer === null || answer.status === 426) return pause(state)
    const { status, reason, retryAfter } = answer
    const told = { ...state, reason }
    if (status === 401) return reauthorize(told)
    return status === 429 || status >= 500 ? pause(told, retryAfter || PAUSE_MS) : rest(told, "closed")
  }

  if (at === "closed") return [state]
  switch (event.kind) {
    case "stop":
      return rest(state, "closed")
    case "pagehide":
      return rest({ ...settled(), session: null }, "hidden")
    case "start":
    case "pageshow":
    case "visibilitychange":
    case "resume":
      return wanted(state)
    case "online":
    case "offline": {
      const told = { ...state, network: event.kind === "online" }
      return at === "online" || (at === "pausing" && told.network) ? wanted(told) : [told]
    }
    case "user":
      return at === "dormant" ? connect(state) : [state]
    case "ended":
      return at === "online" || at === "opening" ? ended(event.code, event.message) : [state]
    case "answered":
      return at === "asking" ? answered(event.answer) : [state]
    case "heard":
      return at === "online" || at === "opening" ? heard(event.frame) : [state]
  }
  if (at !== "online") {
    const due = event.kind === "tick" && now >= dueAt(state)
    if (at === "pausing" && due) return connect(state)
    if (at === "token" && event.kind === "token") return connect({ ...state, token: event.token })
    if (at === "token" && event.kind === "token-failed") return pause(because("token_failed", event.message))
    return due ? pause(because(GONE, "no answer")) : [state]
  }
  switch (event.kind) {
    case "sent":
      return [{ ...state, pingAt: now + state.interval, echoBy: Math.min(state.echoBy, now + ECHO_LIMIT_MS) }]
    case "token":
      return [{ ...state, token: event.token }, "auth"]
    case "token-failed":
      return [{ ...state, refreshAt: now + PAUSE_MS }]
    case "tick": {
      if (now >= state.pongBy) return ended(GONE, "no answer")
      if (now < state.refreshAt) return now < dueAt(state) ? [state] : probe(state)
      // A silent line is asked in the same tick: where timers are slow, as in a hidden page, the next one may be a minute away.
      const next = step({ ...state, refreshAt: Infinity }, event, now, random)
      return state.renewable ? [...next, "token"] : next
    }
    default:
      return [state]
  }
}
