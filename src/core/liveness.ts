/**
 * Who is asked, who is away, who goes, and when to look next. One sweep looks at everybody and deals early with
 * whoever is nearly due a question, and late, within bounds, with whoever is due an end: so staggered connections
 * share sweeps. Nobody is ever ended early.
 */
import type { CloseCode } from "../protocol/close-codes.ts"
import { type Connection, isPresent, type Millis } from "./connection.ts"

/** All in milliseconds; `awayAfter`, `idleAfter` and `grace` 0 turn that clock off. `timeout` is at least twice `interval`. */
export type Clocks = {
  readonly interval: Millis
  readonly timeout: Millis
  readonly awayAfter: Millis
  readonly idleAfter: Millis
}

/** A connection as a sweep sees it; `pingedAt` is the runtime's: its last `ping` on this socket, or null. */
export type Watched = { readonly connection: Connection; readonly pingedAt: Millis | null }

export type Verdict =
  | { readonly kind: "ask" }
  | { readonly kind: "away" }
  | { readonly kind: "warn" }
  | { readonly kind: "close"; readonly code: Extract<CloseCode, 4401 | 4408 | 4440> }
  /** The grace period is over, or the time of one that was placed. */
  | { readonly kind: "end"; readonly reason: "closed" | "expired" }

/** `expiring` is sent this long before a token ends. */
export const EXPIRY_NOTICE_MS = 60_000

/**
 * A question is due when a connection that never pinged was silent for 1.25 intervals, and is asked from 0.5 on:
 * whoever is left after a sweep is not due for 0.75 intervals, and a client's own first ping comes before it.
 */
const ASK_FROM = 0.5
const ASK_BY = 1.25

/** A tolerance for pings that are late on the way, so that one slow ping does not cost a sweep. */
const PING_JITTER = 0.1

/** Any frame and any ping are signs of life; the later one counts. */
export function heardAt({ connection, pingedAt }: Watched): Millis {
  return Math.max(connection.heardAt, pingedAt ?? 0)
}

/** What a sweep at `now` does to one connection, in the order in which it is done. A close is the last. */
export function judge(watched: Watched, clocks: Clocks, now: Millis): Verdict[] {
  const { connection } = watched
  const { line } = connection
  if (line.at !== "socket") return line.until <= now ? [{ kind: "end", reason: line.at === "grace" ? "closed" : "expired" }] : []
  if (connection.expiresAt <= now) return [{ kind: "close", code: 4401 }]
  const heard = heardAt(watched)
  if (heard + clocks.timeout <= now) return [{ kind: "close", code: 4408 }]
  const verdicts: Verdict[] = []
  if (isPresent(connection)) {
    if (clocks.idleAfter > 0 && connection.activeAt + clocks.idleAfter <= now) return [{ kind: "close", code: 4440 }]
    if (clocks.awayAfter > 0 && connection.entry.status === "active" && connection.activeAt + clocks.awayAfter <= now) {
      verdicts.push({ kind: "away" })
    }
  }
  if (!connection.warned && connection.expiresAt - EXPIRY_NOTICE_MS <= now) verdicts.push({ kind: "warn" })
  if (isUnasked(watched, heard) && heard + ASK_FROM * clocks.interval <= now) verdicts.push({ kind: "ask" })
  return verdicts
}

/**
 * How late an end may come so that ends share sweeps, and the least time between two sweeps for liveness: half an
 * interval. Whoever sets away or idle shorter than an interval asks for finer steps, and gets a tenth of that clock.
 */
export function leeway(clocks: Clocks): Millis {
  const fine = [clocks.awayAfter, clocks.idleAfter].filter((after) => after > 0 && after < clocks.interval)
  return Math.min(clocks.interval / 2, ...fine.map((after) => after / 10))
}

/**
 * The instant by which a sweep must come for this one connection. Exact: the end of grace and of a token. Soft: the
 * rest, which may share a sweep. `lostAt` is apart because a question waits for an end that comes soon after it.
 */
export type Due = { readonly exact: Millis; readonly soft: Millis; readonly lostAt: Millis }

const NEVER = Number.POSITIVE_INFINITY

/** `now` tells a question that is overdue from one whose answer may still come. */
export function dueOf(watched: Watched, clocks: Clocks, now: Millis = Number.NEGATIVE_INFINITY): Due {
  const { connection, pingedAt } = watched
  if (connection.line.at !== "socket") return { exact: connection.line.until, soft: NEVER, lostAt: NEVER }
  const heard = heardAt(watched)
  const exact = connection.warned ? connection.expiresAt : connection.expiresAt - EXPIRY_NOTICE_MS
  const lostAt = heard + clocks.timeout + (pingedAt === null ? 0 : PING_JITTER * clocks.interval)
  let soft = askBy(watched, heard, clocks, now)
  if (isPresent(connection)) {
    const share = Math.min(leeway(clocks), clocks.timeout - clocks.interval)
    if (clocks.awayAfter > 0 && connection.entry.status === "active") soft = Math.min(soft, connection.activeAt + clocks.awayAfter + share)
    if (clocks.idleAfter > 0) soft = Math.min(soft, connection.activeAt + clocks.idleAfter + share)
  }
  return { exact, soft, lostAt }
}

/** When to look next, after a sweep at `now`; Infinity when nobody is there to look at. */
export function nextSweep(everybody: Iterable<Watched>, clocks: Clocks, now: Millis): Millis {
  let exact = NEVER
  let soft = NEVER
  const lost: Millis[] = []
  for (const watched of everybody) {
    const due = dueOf(watched, clocks, now)
    exact = Math.min(exact, due.exact)
    soft = Math.min(soft, due.soft)
    if (due.lostAt < NEVER) lost.push(due.lostAt)
  }
  const firstLost = lost.reduce((first, at) => Math.min(first, at), NEVER)
  const gap = leeway(clocks)
  let next = Math.min(soft, firstLost)
  if (next < firstLost && firstLost <= next + gap) next = firstLost
  return Math.min(Math.max(exact, now + 1), Math.max(next, now + gap))
}

/** The bound by which an event on one connection must move the alarm, if it is earlier than the alarm already set. */
export function sweepBy(watched: Watched, clocks: Clocks): Millis {
  const due = dueOf(watched, clocks)
  return Math.min(due.exact, due.soft, due.lostAt)
}

/** Who has pinged on this socket is expected to go on and is not asked; nobody is asked twice before answering. */
function isUnasked({ connection, pingedAt }: Watched, heard: Millis): boolean {
  // An answer within the same millisecond is one: at the instant of asking, the last sign of life was far older.
  return pingedAt === null && (connection.askedAt === null || connection.askedAt <= heard)
}

/** When to look again whether to ask: an answer is counted on, because an answer moves no alarm. */
function askBy(watched: Watched, heard: Millis, clocks: Clocks, now: Millis): Millis {
  if (watched.pingedAt !== null) return NEVER
  const by = Math.max(heard, watched.connection.askedAt ?? 0) + ASK_BY * clocks.interval
  return isUnasked(watched, heard) || by > now ? by : NEVER
}
