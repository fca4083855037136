/** A connection as data: who it is, what it says, and the clocks that decide how long it stays. */
import type { Entry } from "../protocol/frames.ts"
import type { View } from "../protocol/views.ts"
import type { Grants } from "./capability.ts"
import type { Bucket } from "./rate.ts"

/** Server-made, unguessable, never reused; everybody in the room may see it. */
export type ConnectionId = string
/** A small integer that stands for a connection in the frames of one room. */
export type Ref = number
/** The token's `sub`. */
export type MemberId = string
/** Milliseconds since 1970. */
export type Millis = number

/** Where its socket is: connected, gone and expected back until an instant, or none at all: placed over HTTP until then. */
export type Line = { readonly at: "socket" } | { readonly at: "grace" | "placed"; readonly until: Millis }

export const ON_SOCKET: Line = { at: "socket" }

/** What a token says of its bearer in one room. */
export type Identity = {
  readonly member: MemberId
  readonly info: Entry["info"]
  readonly grants: Grants
  readonly expiresAt: Millis
}

/** As many frames of the room as the client has had when it has had them all; the last left it with this version of the roster. */
export type Told = { readonly frames: number; readonly version: number }

export type Connection = {
  readonly id: ConnectionId
  readonly ref: Ref
  readonly member: MemberId
  /** From the newest token: what the entry will show from the next `enter`. */
  info: Entry["info"]
  grants: Grants
  expiresAt: Millis
  /** Whether `expiring` was sent for this `expiresAt`. */
  warned: boolean
  /** Null: an observer, whom nobody sees. */
  entry: Entry | null
  line: Line
  /** How much of the room its socket is told. */
  view: View
  /** Whether its socket takes longer frames compressed. */
  deflates: boolean
  /** The last frame of any kind; pings are the runtime's to remember. */
  heardAt: Millis
  /** The last frame that counts as activity: not `pong`, `auth` or `sync`, and not a refused one. */
  activeAt: Millis
  /** After a crash, `activeAt` is no more than a guess: what its own socket knew is better. In memory alone. */
  isActivityGuessed?: boolean
  /** When a `heartbeat` was sent that nothing has answered yet. */
  askedAt: Millis | null
  /** Refused frames in a row. */
  errors: number
  /** In memory alone: hibernation takes longer than the bucket takes to fill. */
  bucket: Bucket
  /** The next `sync` is answered from then on. In memory alone, as the bucket. */
  syncFrom: Millis
  /** What its client was sent of the room. In memory alone: null after a sleep. */
  told: Told | null
  /** Upper bound of the data's JSON text in bytes; exact only after it was measured. */
  dataBytes: number
}

export function isPresent(connection: Connection): connection is Connection & { entry: Entry } {
  return connection.entry !== null
}

export function isConnected(connection: Connection): boolean {
  return connection.line.at === "socket"
}
