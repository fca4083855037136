/**
 * The life of one connection as a pure machine: (state, event, now) gives the next state and what is to be done. It owns no socket, no
 * timer and no randomness; connection.ts does what it says and tells it what happened.
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
  /** What the platform says about the network; true where it says nothing. */
  readonly network: boolean
  /** Whether a welcome ever came. */
  readonly welcomed: boolean
  /** Why the last line ended, or the last attempt failed. */
  readonly reason: Reason | null
}

export type Online = {
  readonly at: "online"
  readonly memory: Memory
  readonly interval: Millis
  readonly since: Millis
  readonly sentAt: Millis
  /** The first thing sent since something was last heard; null: all is answered. */
  readonly unansweredSince: Millis | null
  /** When the line was asked for a sign of life that has not come yet. */
  readonly probedAt: Millis | null
  /** When a new token is to be got; null: none was asked for. */
  readonly refreshAt: Millis | null
  readonly refreshedAt: Millis
}

export type State =
  | { readonly at: "idle"; readonly memory: Memory }
  | { readonly at: "token"; readonly memory: Memory; readonly until: Millis }
  | { readonly at: "opening"; readonly memory: Memory; readonly until: Millis; readonly isOpen: boolean }
  | { readonly at: "asking"; readonly memory: Memory; readonly until: Millis }
  | Online
  | { readonly at: "pausing"; readonly memory: Memory; readonly until: Millis }
  /** Not connected until the user comes back; a hidden page, until it is shown again. */
  | { readonly at: "dormant"; readonly memory: Memory; readonly isHidden: boolean }
  | { readonly at: "closed"; readonly memory: Memory }

export type Event =
  | { readonly kind: "start" }
  | { readonly kind: "stop"; readonly code: number }
  | { readonly kind: "token"; readonly token: string }
  | { readonly kind: "token-failed"; readonly message: string }
  | { readonly kind: "opened" }
  | { readonly kind: "welcome"; readonly session: string; readonly interval: Millis }
  | { readonly kind: "heard" }
  | { readonly kind: "sent" }
  | { readonly kind: "heartbeat" }
  | { readonly kind: "expiring"; readonly at: Millis }
  | { readonly kind: "auth-refused" }
  /** `bye`, or the socket's end. */
  | { readonly kind: "ended"; readonly code: number; readonly message: string }
  /** What a refused upgrade is about; status 0: nobody answered, or nobody who speaks for the service. */
  | { readonly kind: "answered"; readonly status: number; readonly reason: Reason; readonly retryAfter: Millis | null }
  /** `late`: by how much the timer missed its instant. */
  | { readonly kind: "tick"; readonly late: Millis }
  | { readonly kind: "network"; readonly isUp: boolean }
  /** The app did something. */
  | { readonly kind: "user" }
  | { readonly kind: "shown" }
  /** The page goes, or is put away as it is. */
  | { readonly kind: "hidden"; readonly code: number }

export type Effect =
  | { readonly kind: "token" }
  | { readonly kind: "open"; readonly token: string; readonly session: string | null }
  | { readonly kind: "ask"; readonly token: string; readonly session: string | null }
  | { readonly kind: "ping" }
  | { readonly kind: "pong" }
  | { readonly kind: "auth"; readonly token: string }
  | { readonly kind: "drop"; readonly code: number }

export type Step = { readonly state: State; readonly effects: readonly Effect[] }

/** What the machine is told about its surroundings. */
export type Setting = {
  /** Whether asking for a token again can give another one. */
  readonly renewable: boolean
  readonly random: () => number
}

export const TOKEN_LIMIT_MS = 30_000
export const OPEN_LIMIT_MS = 10_000
export const ASK_LIMIT_MS = 10_000
/** A `ping` is answered by the edge, without waking the room: who has not answered by then is gone. */
export const PONG_LIMIT_MS = 4000
/** So long may what was sent remain without an echo before the line is asked. */
export const ECHO_LIMIT_MS = 5000
/** A timer that comes so late slept with the machine. */
export const SLEPT_MS = 3000
/** A connection that held so long was not a failure: the back-off starts anew. */
export const STABLE_MS = 5000
/** After "too many frames", and where a refusal names no time. */
export const PAUSE_MS = 5000
const REFRESH_AGAIN_MS = 5000
const GONE = 1006
/** Leaves nothing to resume: the room takes it as a goodbye. */
export const GOODBYE = 1000
/** Of our own, and no goodbye: a line that was only slow must not carry one to the room while we resume on another. */
export const RESUMABLE = 4000

export const IDLE: State = {
  at: "idle",
  memory: { token: null, session: null, attempt: 0, network: true, welcomed: false, reason: null },
}

/** When the machine wants its next `tick`; infinity: it waits for others. */
export function dueAt(state: State): Millis {
  switch (state.at) {
    case "token":
    case "opening":
    case "asking":
    case "pausing":
      return state.until
    case "online": {
      const { probedAt, unansweredSince, sentAt, interval, refreshAt } = state
      const asked =
        probedAt !== null ? probedAt + PONG_LIMIT_MS : Math.min(sentAt + interval, (unansweredSince ?? Infinity) + ECHO_LIMIT_MS)
      return Math.min(asked, refreshAt ?? Infinity)
    }
    case "idle":
    case "dormant":
    case "closed":
      return Infinity
  }
}

export function statusOf({ at, memory }: State): ConnectionStatus {
  if (at === "online") return "connected"
  if (at === "closed") return "closed"
  if (at === "dormant" || !memory.network) return "offline"
  return memory.welcomed ? "reconnecting" : "connecting"
}

export function step(state: State, event: Event, now: Millis, setting: Setting): Step {
  const { memory } = state
  if (state.at === "closed") return stay(state)
  switch (event.kind) {
    case "stop":
      return { state: { at: "closed", memory: { ...memory, session: null } }, effects: [drop(event.code)] }
    case "network": {
      const told = { ...state, memory: { ...memory, network: event.isUp } }
      if (told.at === "online") return probe(told, now)
      return event.isUp && told.at === "pausing" ? connect(told.memory, now) : stay(told)
    }
    case "hidden":
      return { state: { at: "dormant", memory: { ...settled(state, now), session: null }, isHidden: true }, effects: [drop(event.code)] }
    case "start":
    case "shown":
    case "user":
      return wanted(state, event.kind, now)
    case "ended":
      return ended(state, event, now, setting)
    case "token":
      return gotToken(state, event.token, now)
    case "token-failed":
      if (state.at === "online") return stay({ ...state, refreshAt: now + REFRESH_AGAIN_MS })
      return state.at === "token"
        ? pause({ ...memory, reason: { code: "token_failed", message: event.message } }, now, setting)
        : stay(state)
    case "answered":
      return state.at === "asking" ? answered(memory, event, now, setting) : stay(state)
    case "opened":
      return stay(state.at === "opening" ? { ...state, isOpen: true } : state)
    case "welcome":
      return state.at === "opening" ? welcomed(memory, event, now) : stay(state)
    case "tick":
      return state.at === "online" ? lookedAt(state, event.late, now, setting) : timedOut(state, now, setting)
    default:
      return state.at === "online" ? talked(state, event, now) : stay(state)
  }
}

function wanted(state: State, kind: "start" | "shown" | "user", now: Millis): Step {
  if (state.at === "idle") return kind === "start" ? connect(state.memory, now) : stay(state)
  if (state.at === "dormant") return state.isHidden && kind === "user" ? stay(state) : connect(state.memory, now)
  if (state.at === "pausing" && kind === "shown") return connect(state.memory, now)
  return state.at === "online" && kind === "shown" ? probe(state, now) : stay(state)
}

/** A new token first where one is needed. */
function connect(memory: Memory, now: Millis): Step {
  const { token, session } = memory
  if (token === null) return { state: { at: "token", memory, until: now + TOKEN_LIMIT_MS }, effects: [{ kind: "token" }] }
  return { state: { at: "opening", memory, until: now + OPEN_LIMIT_MS, isOpen: false }, effects: [{ kind: "open", token, session }] }
}

function gotToken(state: State, token: string, now: Millis): Step {
  if (state.at === "token") return connect({ ...state.memory, token }, now)
  if (state.at !== "online") return stay(state)
  return { state: { ...state, memory: { ...state.memory, token }, refreshedAt: now }, effects: [{ kind: "auth", token }] }
}

function welcomed(memory: Memory, { session, interval }: { session: string; interval: Millis }, now: Millis): Step {
  return stay({
    at: "online",
    memory: { ...memory, session, welcomed: true, reason: null },
    interval,
    since: now,
    sentAt: now,
    unansweredSince: null,
    probedAt: null,
    refreshAt: null,
    refreshedAt: -Infinity,
  })
}

function talked(
  state: Online,
  event: Extract<Event, { kind: "heard" | "sent" | "heartbeat" | "expiring" | "auth-refused" }>,
  now: Millis,
): Step {
  switch (event.kind) {
    case "heard":
      return stay({ ...state, unansweredSince: null, probedAt: null })
    case "sent":
      return stay({ ...state, sentAt: now, unansweredSince: state.unansweredSince ?? now })
    case "heartbeat":
      return { state, effects: [{ kind: "pong" }] }
    case "auth-refused":
      return stay({ ...state, refreshAt: now + REFRESH_AGAIN_MS })
    case "expiring": {
      // Tokens that live for less than the notice are refreshed at half their life, not in a circle.
      const half = Math.max(1000, (event.at - now) / 2)
      return stay({ ...state, refreshAt: now - state.refreshedAt < REFRESH_AGAIN_MS ? now + half : now })
    }
  }
}

/** Asks for a sign of life now. One that is asked already keeps its time. */
function probe(state: Online, now: Millis): Step {
  if (state.probedAt !== null) return stay(state)
  return { state: { ...state, probedAt: now, sentAt: now }, effects: [{ kind: "ping" }] }
}

function lookedAt(state: Online, late: Millis, now: Millis, setting: Setting): Step {
  // After a sleep an answer may wait unread: what was asked before counts for nothing.
  if (late > SLEPT_MS) return probe({ ...state, probedAt: null }, now)
  if (state.probedAt !== null && now >= state.probedAt + PONG_LIMIT_MS) {
    return ended(state, { code: GONE, message: "the line is dead: no answer to a ping" }, now, setting)
  }
  if (state.refreshAt !== null && now >= state.refreshAt) {
    return { state: { ...state, refreshAt: null }, effects: setting.renewable ? [{ kind: "token" }] : [] }
  }
  return now >= dueAt(state) ? probe(state, now) : stay(state)
}

function timedOut(state: State, now: Millis, setting: Setting): Step {
  if (now < dueAt(state)) return stay(state)
  const { memory } = state
  if (state.at === "pausing") return connect(memory, now)
  const message = state.at === "token" ? "no token came" : "the service does not answer"
  const paused = pause({ ...memory, reason: { code: GONE, message } }, now, setting)
  return { ...paused, effects: [drop(RESUMABLE)] }
}

/** The line of `state` ended with this code. */
function ended(state: State, { code, message }: { code: number; message: string }, now: Millis, setting: Setting): Step {
  if (state.at !== "online" && state.at !== "opening") return stay(state)
  const hangUp: Effect[] = [drop(RESUMABLE)]
  const before = { ...settled(state, now), reason: { code, message } }
  if (state.at === "opening" && !state.isOpen && before.token !== null) {
    // A browser cannot read why an upgrade was refused: the same address, asked plainly, says it.
    const { token, session } = before
    return { state: { at: "asking", memory: before, until: now + ASK_LIMIT_MS }, effects: [...hangUp, { kind: "ask", token, session }] }
  }
  const retry = retryOf(code)
  const fresh = retry === "resume" ? before : { ...before, session: null }
  const next = (): Step => {
    switch (retry) {
      case "never":
        return stay({ at: "closed", memory: fresh })
      case "resume":
      case "enter":
        return pause(fresh, now, setting)
      case "reauth":
        return reauthorize(fresh, now, setting)
      case "pause":
        return pause(fresh, now, setting, PAUSE_MS)
      case "user":
        return stay({ at: "dormant", memory: fresh, isHidden: false })
    }
  }
  const { state: then, effects } = next()
  return { state: then, effects: [...hangUp, ...effects] }
}

function answered(
  before: Memory,
  { status, reason, retryAfter }: Extract<Event, { kind: "answered" }>,
  now: Millis,
  setting: Setting,
): Step {
  // 426: nothing but the upgrade is missing, so it was the line.
  const memory = status === 0 || status === 426 ? before : { ...before, reason }
  if (status === 401) return reauthorize(memory, now, setting)
  if (status === 400 || status === 403 || status === 404 || status === 409)
    return stay({ at: "closed", memory: { ...memory, session: null } })
  return status === 429 || status === 503 ? pause(memory, now, setting, retryAfter ?? PAUSE_MS) : pause(memory, now, setting)
}

/** The first refusal is answered by a new token at once, further ones wait: a backend may mint what the service will never take. */
function reauthorize(memory: Memory, now: Millis, setting: Setting): Step {
  if (!setting.renewable) return stay({ at: "closed", memory: { ...memory, session: null } })
  const without = { ...memory, token: null }
  return memory.attempt === 0 ? connect({ ...without, attempt: 1 }, now) : pause(without, now, setting)
}

/** `least` is waited in any case; the jitter comes on top. */
function pause(memory: Memory, now: Millis, setting: Setting, least = 0): Step {
  const until = now + least + backoff(memory.attempt, setting.random())
  return stay({ at: "pausing", memory: { ...memory, attempt: memory.attempt + 1 }, until })
}

/** A connection that held makes the failures before it history. */
function settled(state: State, now: Millis): Memory {
  return state.at === "online" && now - state.since >= STABLE_MS ? { ...state.memory, attempt: 0 } : state.memory
}

function drop(code: number): Effect {
  return { kind: "drop", code }
}

function stay(state: State): Step {
  return { state, effects: [] }
}
