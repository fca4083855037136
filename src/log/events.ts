/**
 * Every event of the operator's log: its level and its fields. Ids, codes, counts and texts of our own; no secret, no
 * address, nobody's data. docs/logs.md says what each means and what to do about it, and a test holds the two equal.
 */

export const EVENTS = {
  /** A request met a bug. `route` is the route's pattern, not the address. */
  request_failed: { level: "error", fields: ["method", "route", "message", "at"] },
  /** An event of a room met a bug, or its storage failed. */
  room_failed: { level: "error", fields: ["room", "doing", "message", "at"] },
  /** A variable is wrong: every request is refused, or an alarm could not run. */
  misconfigured: { level: "error", fields: ["message"] },
  /** A room could not tell the directory of itself; it tries again. */
  report_failed: { level: "error", fields: ["room", "message"] },
  /** A data point was not taken. */
  analytics_failed: { level: "error", fields: ["room", "message"] },
  /** What the Worker counted found no place; refusals go with the next report, deliveries are lost to the totals. */
  counts_failed: { level: "error", fields: ["counts", "message"] },
  /** The limiter of connects failed: nobody was limited. */
  rate_limit_failed: { level: "error", fields: ["message"] },
  /** The queue did not take a room's webhooks; they wait. */
  webhooks_waiting: { level: "error", fields: ["room", "waiting", "message"] },
  /** Too many waited: the oldest are lost. */
  webhooks_dropped: { level: "error", fields: ["room", "dropped"] },
  /** Webhooks came out of the queue, and there is nowhere to send them. */
  webhooks_held: { level: "error", fields: ["waiting", "message"] },
  webhook_failed: { level: "error", fields: ["id", "room", "fault", "attempts", "retryInSeconds"] },
  webhook_dead: { level: "error", fields: ["id", "room", "fault", "attempts"] },
  /** Sign-ins and connects that were refused, merged: `counts` by error code, over `forMs`. */
  requests_refused: { level: "warn", fields: ["counts", "forMs"] },
  /** An operator's deed that cannot be seen afterwards. */
  member_kicked: { level: "info", fields: ["room", "member", "kicked", "bannedUntil"] },
  room_closed: { level: "info", fields: ["room"] },
} as const satisfies Record<string, { level: Level; fields: readonly string[] }>

export type Level = "error" | "warn" | "info"
export type EventName = keyof typeof EVENTS
type Fact = string | number | null | Readonly<Record<string, number>>
export type Facts<E extends EventName> = Readonly<Record<(typeof EVENTS)[E]["fields"][number], Fact>>
