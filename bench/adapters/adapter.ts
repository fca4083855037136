/** How the generator speaks to one kind of server. What a member says is the same everywhere: x, y, seq and a time. */
import type { Participant } from "../load/participant.ts"

/** Told of every state that was decoded: whose it is, its number, and when it was sent (milliseconds of the generator's clock). */
export type Sink = (member: string, seq: number, sentAt: number) => void

export type Adapter = {
  /** Whether the server's frames carry the receiver's own state too, which is not counted as delivered. */
  readonly echoesSelf: boolean
  /** Work that must not be measured, such as minting tokens for so many members. */
  readonly prepare: (members: number) => Promise<void>
  readonly path: (room: string, index: number) => string
  readonly headers: (index: number) => Readonly<Record<string, string>>
  /** Whether a member is in the room as soon as its socket is open; else `received` calls `participant.ready()`. */
  readonly isInOnOpen: boolean
  /** Must be cheap: returns how many states the frame carries, and counts who is here in `participant.members`. */
  readonly received: (participant: Participant, bytes: Buffer, start: number, end: number) => number
  /** Reads the frame in full: for the observers, and a sample of all others. */
  readonly decode: (participant: Participant, bytes: Buffer, start: number, end: number, sink: Sink) => void
  readonly update: (x: number, y: number, seq: number, now: number) => Buffer
  readonly ping: () => Buffer
}

/** A member's name, colour and key, the same for every server. */
export function memberKey(index: number): string {
  return `m${index}`
}

export function memberInfo(index: number): { name: string; color: string } {
  return { name: `user-${index}`, color: `#aabb${(index % 90) + 10}` }
}

/** Unknown JSON, narrowed by hand: a schema for 1 % of all frames would be most of the generator's work. */
export function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value)
}

/** The decimal number that begins at `at`. */
export function readInteger(bytes: Buffer, at: number): number {
  let value = 0
  for (let i = at; ; i++) {
    const digit = (bytes[i] ?? 0) - 48
    if (digit < 0 || digit > 9) return value
    value = value * 10 + digit
  }
}
