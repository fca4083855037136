/** One member of the load: its socket, what it has said, and what it sees. */
import { OwnSight, type SharedSight } from "./seen.ts"
import type { WebSocketClient } from "./websocket.ts"

export type Participant = {
  readonly index: number
  readonly room: string
  /** How many members it has to see before its picture is whole. */
  readonly wanted: number
  socket: WebSocketClient | null
  /** It is in the room, and may speak. */
  ready: () => void
  isReady: boolean
  /** It was here before: what it is told of others when it comes may be news. */
  isReturning: boolean
  /** What it resumes with, where the server has such a thing. */
  session: string | null
  /** How many frames it has had that tell of the room, over all its lines. */
  frames: number
  /** Whether the server said that it goes on where it was. */
  isResumed: boolean
  /** All that its frames say counts as delivered, and its latencies are measured. */
  isObserver: boolean
  /** How many members it sees. */
  members: number
  /** How many it saw leave. */
  leaves: number
  /** When it first saw all that it wanted, on the generator's clock. */
  wholeAt: number | null
  /** The one of both that fits the server. */
  shared: SharedSight
  readonly own: OwnSight
  /** When it sent each of its states, by their numbers: the first is where it entered. */
  readonly sentAt: number[]
}

/** The number of its last state. */
export function lastSeq({ sentAt }: Participant): number {
  return sentAt.length - 1
}

/** One who has not come yet. `root` is what the members of a server that tells all the same have been told so far: nothing. */
export function newcomer(index: number, room: string, root: SharedSight, wanted: number): Participant {
  return {
    index,
    room,
    wanted,
    socket: null,
    ready: () => {},
    isReady: false,
    isReturning: false,
    session: null,
    frames: 0,
    isResumed: false,
    isObserver: false,
    members: 0,
    leaves: 0,
    wholeAt: null,
    shared: root,
    own: new OwnSight(),
    sentAt: [0],
  }
}
