/** The shapes that a room's handles, its link and its pool have of it. */
import type { Link, LinkEvents } from "./link.ts"
import type { Reason, Room, RoomEvents, RoomOptions, Snapshot } from "./types.ts"

export type Own = { readonly connection: string | null; readonly ref: number | null; readonly member: string | null }

/** The room's own events, and one for every change of the snapshot. */
export type Events = RoomEvents & { snapshot: Snapshot }

export type SliceListener = (slice: unknown, previous: unknown) => void
export type IsEqual = (a: unknown, b: unknown) => boolean

/** A handle lives as long as one of its listeners does: whoever listens has not forgotten it. */
export type Listener = { readonly owner: object; readonly name: keyof Events; readonly call: (event: never) => void }

export type SharedRoom = {
  readonly name: string
  /** The pool has found it a place; before, it only remembers what to say. */
  connect(link: (events: LinkEvents) => Link): void
  /** Final: its place went to another, or the client was closed. */
  close(reason: Reason): void
  /** Settles when the room is connected, or never will be. */
  connected(signal: AbortSignal): Promise<void>
  /** Nobody uses it: it is present no longer. */
  rest(): void
  /** `isFirst`: nobody else holds the room. `release` runs once, when the handle is given back; the handle is told to `released` before. */
  handle(options: RoomOptions<object>, isFirst: boolean, release: () => void, released: (handle: Room) => void): Room
}
