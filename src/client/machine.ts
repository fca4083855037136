/**
 * The life of one connection as a pure machine: (state, event, now) gives the next state and what is to be done. It owns no socket, no
 * timer and no randomness; connection.ts does what it says and tells it what happened. A socket is held in `opening` and `online` alone.
 */
import { backoff } from "./backoff.ts"
import { retryOf } from "./closing.ts"
import type { ConnectionStatus, Reason } from "./types.ts"

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
  readonly sentAt: Millis
  /** The first thing sent since something was last heard; infinity: all is answered. */
  readonly unansweredSince: Millis
  /** Until when a ping is to be answered; infinity: none is out. */
  readonly pongBy: Millis
  /** When a new token is to be got; infinity: the one that is there will do. */
  readonly refreshAt: Millis
}

export type State = Memory &
  (
    | Line
    /** A token was asked for, a socket opened, a refusal asked about, or a while is waited. */
    | { readonly at: "token" | "opening" | "asking" | "pausing"; readonly until: Millis }
    /** Not connected until the user comes back, until the page is shown again, until it is started; never again. */
    | { readonly at: "dormant" | "hidden" | "idle" | "closed" }
  )

type Online = Memory & Line

export type Event =
  /** Connect now if you are not: the app starts, the page came to the front. */
  | { readonly kind: "wanted" }
  /** The app did something: what waits for the user need wait no longer. */
  | { readonly kind: "user" }
  | { readonly kind: "stop" }
  /** The page goes, or is put away as it is. */
  | { readonly kind: "hidden" }
  | { readonly kind: "network"; readonly isUp: boolean }
  | { readonly kind: "token"; readonly token: string }
  /** None could be got, or the room refused it. */
  | { readonly kind: "token-failed"; readonly message: string }
  | { readonly kind: "welcome"; readonly session: string; readonly interval: Millis }
  | { readonly kind: "heard" | "sent" | "heartbeat" }
  | { readonly kind: "expiring"; readonly by: Millis }
  /** `bye`, or the socket's end. */
  | { readonly kind: "ended"; readonly code: number; readonly message: string }
  /** What a refused upgrade is about; status 0: nobody answered who speaks for the service. `retryAfter` is 0 where nothing was said. */
  | { readonly kind: "answered"; readonly status: number; readonly reason: Reason; readonly retryAfter: Millis }
  /** `late`: by how much the timer missed its instant. */
  | { readonly kind: "tick"; readonly late: Millis }

/** Get a token, open a socket, ask why it was refused, say `ping`, answer a heartbeat, hand the token in. The state holds with what. */
export type Effect = "token" | "open" | "ask" | "ping" | "pong" | "auth"

export type Step = readonly [State, ...Effect[]]

/** For a token, for a socket's welcome, for a refusal's reason. */
export const ATTEMPT_LIMIT_MS = 10_000
/** A `ping` is answered by the edge, without waking the room: who has not answered by then is gone. */
export const PONG_LIMIT_MS = 4000
/** So long may what was sent remain without an echo before the line is asked. */
export const ECHO_LIMIT_MS = 5000
/** A timer that comes so late slept with the machine. */
export const SLEPT_MS = 3000
/** A connection that held so long was not a failure: the back-off starts anew. */
export const STABLE_MS = 5000
/** After "too many frames", where a refusal names no time, and after a token that failed. */
export const PAUSE_MS = 5000
/** No answer at all: what a browser sees of a refused upgrade, and what a dead line is taken for. */
export const GONE = 1006

/** With a session to resume, that of a tab whose place is taken. */
export function idle(renewable: boolean, session: string | null): State {
  return { at: "idle", token: null, session, attempt: 0, renewable, network: true, welcomed: session !== null, reason: null }
}

/** When the machine wants its next `tick`; infinity: it waits for others. */
export function dueAt(state: State): Millis {
  switch (state.at) {
    case "online": {
      const { pongBy, sentAt, interval, unansweredSince, refreshAt } = state
      const pingAt = pongBy < Infinity ? pongBy : Math.min(sentAt + interval, unansweredSince + ECHO_LIMIT_MS)
      return Math.min(pingAt, refreshAt)
    }
    case "token":
    case "opening":
    case "asking":
    case "pausing":
      return state.until
    default:
      return Infinity
  }
}

export function statusOf({ at, network, welcomed }: State): ConnectionStatus {
  if (at === "online") return "connected"
  if (at === "closed") return "closed"
  if (at === "dormant" || at === "hidden" || !network) return "offline"
  return welcomed ? "reconnecting" : "connecting"
}

/** `random`, in [0, 1), spreads the back-off. */
export function step(state: State, event: Event, now: Millis, random: number): Step {
  const { at } = state
  if (at === "closed") return [state]
  switch (event.kind) {
    case "stop":
      return [{ ...state, at: "closed" }]
    case "hidden":
      return [{ ...settled(state, now), at: "hidden", session: null }]
    case "user":
      return at === "dormant" ? connect(state, now) : [state]
    case "wanted":
      if (at === "online") return probe(state, now)
      return at === "token" || at === "opening" || at === "asking" ? [state] : connect(state, now)
    case "network": {
      const told = { ...state, network: event.isUp }
      if (told.at === "online") return probe(told, now)
      return event.isUp && at === "pausing" ? connect(told, now) : [told]
    }
    case "token": {
      const { token } = event
      if (at === "token") return connect({ ...state, token }, now)
      return at === "online" ? [{ ...state, token }, "auth"] : [state]
    }
    case "token-failed":
      if (at === "online") return [{ ...state, refreshAt: now + PAUSE_MS }]
      return at === "token" ? [pause({ ...state, reason: { code: "token_failed", message: event.message } }, now, random)] : [state]
    case "answered":
      return at === "asking" ? answered(state, event, now, random) : [state]
    case "welcome": {
      const { session, interval } = event
      if (at !== "opening") return [state]
      const line: Line = {
        at: "online",
        interval,
        since: now,
        sentAt: now,
        unansweredSince: Infinity,
        pongBy: Infinity,
        refreshAt: Infinity,
      }
      return [{ ...state, ...line, session, welcomed: true, reason: null }]
    }
    case "ended":
      return at === "online" || at === "opening" ? ended(state, event, now, random) : [state]
    case "tick":
      if (now < dueAt(state)) return [state]
      return at === "online" ? lookedAt(state, event.late, now, random) : timedOut(state, now, random)
    default:
      return at === "online" ? talked(state, event, now) : [state]
  }
}

/** A new token first where one is needed. */
function connect(state: State, now: Millis): Step {
  const until = now + ATTEMPT_LIMIT_MS
  return state.token === null ? [{ ...state, at: "token", until }, "token"] : [{ ...state, at: "opening", until }, "open"]
}

function talked(state: Online, event: Extract<Event, { kind: "heard" | "sent" | "heartbeat" | "expiring" }>, now: Millis): Step {
  switch (event.kind) {
    case "heard":
      return [{ ...state, unansweredSince: Infinity, pongBy: Infinity }]
    case "sent":
      return [{ ...state, sentAt: now, unansweredSince: Math.min(state.unansweredSince, now) }]
    case "heartbeat":
      return [state, "pong"]
    case "expiring": {
      // Soon, whatever the two clocks are apart; and for tokens that live for less than the notice not in a circle.
      const wait = Math.min(10_000, Math.max(1000, (event.by - now) / 2))
      return [{ ...state, refreshAt: now + wait }]
    }
  }
}

/** Asks for a sign of life now. One that is asked for already keeps its time. */
function probe(state: Online, now: Millis): Step {
  return state.pongBy < Infinity ? [state] : [{ ...state, pongBy: now + PONG_LIMIT_MS, sentAt: now }, "ping"]
}

function lookedAt(state: Online, late: Millis, now: Millis, random: number): Step {
  // After a sleep an answer may wait unread: what was asked before counts for nothing.
  if (late > SLEPT_MS) return probe({ ...state, pongBy: Infinity }, now)
  if (now >= state.pongBy) return ended(state, { code: GONE, message: "no answer to a ping" }, now, random)
  if (now < state.refreshAt) return probe(state, now)
  const refreshed = { ...state, refreshAt: Infinity }
  return state.renewable ? [refreshed, "token"] : [refreshed]
}

function timedOut(state: State, now: Millis, random: number): Step {
  if (state.at === "pausing") return connect(state, now)
  const message = state.at === "token" ? "no token came" : "the service does not answer"
  return [pause({ ...state, reason: { code: GONE, message } }, now, random)]
}

/** The line of `state` ended with this code. */
function ended(state: State, { code, message }: { code: number; message: string }, now: Millis, random: number): Step {
  const before = { ...settled(state, now), reason: { code, message } }
  // A browser cannot read why an upgrade was refused: the same address, asked plainly, says it.
  if (state.at === "opening" && code === GONE) return [{ ...before, at: "asking", until: now + ATTEMPT_LIMIT_MS }, "ask"]
  const retry = retryOf(code)
  if (retry === "resume") return [pause(before, now, random)]
  const fresh = { ...before, session: null }
  switch (retry) {
    case "never":
      return [{ ...fresh, at: "closed" }]
    case "user":
      return [{ ...fresh, at: "dormant" }]
    case "reauth":
      return reauthorize(fresh, now, random)
    case "pause":
      return [pause(fresh, now, random, PAUSE_MS)]
    case "enter":
      return [pause(fresh, now, random)]
  }
}

function answered(state: State, { status, reason, retryAfter }: Extract<Event, { kind: "answered" }>, now: Millis, random: number): Step {
  // 426: nothing but the upgrade was missing, so it was the line.
  if (status === 0 || status === 426) return [pause(state, now, random)]
  const told = { ...state, reason }
  if (status === 401) return reauthorize(told, now, random)
  if (status === 429 || status >= 500) return [pause(told, now, random, retryAfter || PAUSE_MS)]
  return [{ ...told, at: "closed" }]
}

/** The first refusal is answered by a new token at once, further ones wait: a backend may mint what the service will never take. */
function reauthorize(state: State, now: Millis, random: number): Step {
  if (!state.renewable) return [{ ...state, at: "closed" }]
  const without = { ...state, token: null }
  return state.attempt === 0 ? connect({ ...without, attempt: 1 }, now) : [pause(without, now, random)]
}

/** `least` is waited in any case; the jitter comes on top. */
function pause(state: State, now: Millis, random: number, least = 0): State {
  const { attempt } = state
  return { ...state, at: "pausing", attempt: attempt + 1, until: now + least + backoff(attempt, random) }
}

/** A connection that held makes the failures before it history. */
function settled(state: State, now: Millis): State {
  return state.at === "online" && now - state.since >= STABLE_MS ? { ...state, attempt: 0 } : state
}
