/** Close codes: one table for the room that closes, the client that must react, and the docs. */

/** What a client does after a close: never come back, resume at once, get a new token first, wait, or wait for the user. */
export type Retry = "never" | "resume" | "reauth" | "enter" | "pause" | "user"

/** Why an entry left, as `presence.leave` tells it. */
export const LEAVE_REASONS = ["left", "closed", "lost", "idle", "kicked", "expired", "room_closed"] as const
export type LeaveReason = (typeof LEAVE_REASONS)[number]

/** `leave` is the reason with which the entry of a connection closed by the room leaves; null: its entry stays. */
export const CLOSES = {
  4400: { name: "bad frame, after repeated errors", retry: "never", leave: "closed" },
  4401: { name: "the token expired or was refused", retry: "reauth", leave: "expired" },
  4403: { name: "kicked or banned", retry: "never", leave: "kicked" },
  4408: { name: "no answer to heartbeats", retry: "enter", leave: "lost" },
  4409: { name: "this session was resumed elsewhere", retry: "never", leave: null },
  4410: { name: "room closed by an administrator", retry: "never", leave: "room_closed" },
  4413: { name: "frame too large", retry: "never", leave: "closed" },
  4429: { name: "too many frames", retry: "pause", leave: "closed" },
  4440: { name: "idle too long", retry: "user", leave: "idle" },
} as const satisfies Record<number, { name: string; retry: Retry; leave: LeaveReason | null }>

export type CloseCode = keyof typeof CLOSES

export const CLOSE_CODES = Object.keys(CLOSES).map(Number) as CloseCode[]

/** Only these two ends by the client mean "I leave"; any other that the room did not cause may be resumed. */
export function isGoodbye(code: number): boolean {
  return code === 1000 || code === 1005
}

/** 1005, 1006 and 1015 may be read but never sent: answered as 1000. */
export function closeReply(code: number): number {
  return code === 1005 || code === 1006 || code === 1015 ? 1000 : code
}
