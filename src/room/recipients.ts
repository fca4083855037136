/**
 * Whoever receives a room's frames, behind one small port. Today each is a socket; one that holds many readers and
 * passes the frames on to them would be another (docs/scale.md), and nothing that makes frames would notice.
 */
import type { Connection } from "../core/connection.ts"

export type Recipients<R extends WeakKey> = {
  /** All that can be reached now. */
  open(): R[]
  /** For whom it receives: what that connection may hear, and how it is spoken to. Null: for nobody any more. */
  connectionOf(recipient: R): Connection | null
  /** Whether the frame was taken. One that cannot take it is closed, and hurts no other. */
  send(recipient: R, frame: string | Uint8Array): boolean
}
