/** The hooks under one app's types. Nothing is made at run time: the functions are the plain ones. */
import type { ReactNode } from "react"
import type { Entry, JsonObject, Member, MessageOf, Room, Self, Snapshot } from "../client/index.ts"
import { RoomProvider, type RoomProviderProps } from "./room-provider.tsx"
import type { HeldRoom } from "./room-store.ts"
import { useConnectionStatus } from "./use-connection-status.ts"
import { useMembers } from "./use-members.ts"
import { useMessages } from "./use-messages.ts"
import { useOthers } from "./use-others.ts"
import { useRoom } from "./use-room.ts"
import { useSelf } from "./use-self.ts"
import { useSend } from "./use-send.ts"
import { useSnapshot } from "./use-snapshot.ts"
import { useUpdatePresence } from "./use-update-presence.ts"

/** A hook for one part of the snapshot: the part as it is, or what a selector picks of it. */
export type SelectorHook<Part> = {
  (): Part
  <Slice>(selector: (part: Part) => Slice, isEqual?: (a: Slice, b: Slice) => boolean): Slice
}

/** What `createHooks` gives: each as its plain namesake, with the app's types. */
export type RoomHooks<Data extends object, Info extends object, Messages extends object> = {
  readonly RoomProvider: (props: RoomProviderProps<Data>) => ReactNode
  readonly useRoom: () => HeldRoom<Data, Info, Messages> | null
  readonly useSelf: {
    (): Self<Data, Info> | null
    <Slice>(selector: (self: Self<Data, Info>) => Slice, isEqual?: (a: Slice, b: Slice) => boolean): Slice | null
  }
  readonly useOthers: SelectorHook<readonly Entry<Data, Info>[]>
  readonly useMembers: SelectorHook<readonly Member<Data, Info>[]>
  readonly useSnapshot: SelectorHook<Snapshot<Data, Info>>
  readonly useConnectionStatus: typeof useConnectionStatus
  readonly useUpdatePresence: () => Room<Data, Info, Messages>["update"]
  readonly useSend: () => Room<Data, Info, Messages>["send"]
  readonly useMessages: <Name extends keyof Messages & string>(
    event: Name,
    handler: (message: MessageOf<Data, Info, Messages, Name>) => void,
  ) => void
}

/**
 * The hooks and the `RoomProvider`, typed for one kind of room: what its members say about themselves, what their tokens say about them,
 * and which messages are sent. Call it once, outside of the components.
 *
 * @example
 * ```ts
 * export const { RoomProvider, useOthers, useUpdatePresence, useMessages } = createHooks<
 *   { cursor: { x: number; y: number } | null },
 *   { name: string },
 *   { wave: { emoji: string } }
 * >()
 * ```
 */
export function createHooks<
  Data extends object = JsonObject,
  Info extends object = JsonObject,
  Messages extends object = JsonObject,
>(): RoomHooks<Data, Info, Messages> {
  return {
    RoomProvider,
    useRoom,
    useSelf,
    useOthers,
    useMembers,
    useSnapshot,
    useConnectionStatus,
    useUpdatePresence,
    useSend,
    useMessages,
  }
}
