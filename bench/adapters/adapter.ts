/** How the generator speaks to one kind of server. What a member says is the same everywhere: where its cursor is. */
import type { Position } from "../load/motion.ts"
import type { Participant } from "../load/participant.ts"
import type { States } from "../load/seen.ts"

/** The number of the state in which a member was there; null when it never was. */
export type SeqOf = (index: number, position: Position) => number | null

export const NO_STATES = -1

/** A frame told something that nobody ever said. */
export class WrongState extends Error {}

export type Adapter = {
  /** Whether the server's frames carry the receiver's own state too, which is not counted as delivered. */
  readonly echoesSelf: boolean
  /** Whether everybody in a room is sent the same bytes, the sender included. */
  readonly sharesFrames: boolean
  /** Work that must not be measured, such as minting tokens for so many members. */
  readonly prepare: (members: number) => Promise<void>
  /** With the participant's `session`, where the server has such a thing. */
  readonly path: (participant: Participant) => string
  readonly headers: (index: number) => Readonly<Record<string, string>>
  /** Whether a member is in the room as soon as its socket is open; else `received` calls `participant.ready()`. */
  readonly isInOnOpen: boolean
  /** Must be cheap: counts who is here in `participant.members` and who left. Returns where the part begins that tells states, or NO_STATES. */
  readonly received: (participant: Participant, bytes: Buffer, start: number, end: number) => number
  /** What a frame tells, from where `received` said. What it returns holds until the next call. */
  readonly states: (participant: Participant, bytes: Buffer, start: number, end: number, seqOf: SeqOf) => States
  readonly update: (position: Position) => Buffer
  readonly ping: () => Buffer
}

/** A member's name, colour and key, the same for every server. */
export function memberKey(index: number): string {
  return `m${index}`
}

export function memberInfo(index: number): { name: string; color: string } {
  return { name: `user-${index}`, color: `#aabb${(index % 90) + 10}` }
}

/** Unknown JSON, narrowed by hand: the peers parse each frame, and a schema would be most of their work. */
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

/** Where the number that begins at `at` ends. */
export function integerEnd(bytes: Buffer, at: number): number {
  let end = at
  while ((bytes[end] ?? 0) >= 48 && (bytes[end] ?? 0) <= 57) end++
  return end
}
