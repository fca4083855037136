/** One member of the load: its socket, what it has said, and how many it sees. */
import type { WebSocketClient } from "./websocket.ts"

export type Participant = {
  readonly index: number
  readonly room: string
  readonly key: string
  /** How many members it has to see before its picture is whole. */
  readonly wanted: number
  socket: WebSocketClient | null
  /** It is in the room, and may speak. */
  ready: () => void
  isReady: boolean
  /** Its frames are all decoded; what it has seen counts as delivered. */
  isObserver: boolean
  /** How many members it sees. */
  members: number
  /** When it first saw all that it wanted, on the generator's clock. */
  wholeAt: number | null
  /** The number of its last update. */
  seq: number
}
