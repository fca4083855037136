import type { JsonObject, Member, Snapshot } from "../client/index.ts"
import { useRoomStore } from "./context.ts"
import { shallowEqual } from "./shallow-equal.ts"
import { identity, useSelection } from "./use-selection.ts"

/**
 * Everybody who is present, oneself included, with all tabs and devices of a member as one, oldest first; empty on a server and until the
 * room has answered.
 *
 * With a selector the component renders only when what it picks has changed, by `shallowEqual` unless told otherwise. Throws outside of a
 * `RoomProvider`.
 *
 * @example
 * ```tsx
 * const Avatars = () => useMembers().map(({ member, status }) => <Avatar key={member} id={member} isDimmed={status === "away"} />)
 * ```
 */
export function useMembers<Data extends object = JsonObject, Info extends object = JsonObject>(): readonly Member<Data, Info>[]
export function useMembers<Data extends object = JsonObject, Info extends object = JsonObject, Slice = unknown>(
  selector: (members: readonly Member<Data, Info>[]) => Slice,
  isEqual?: (a: Slice, b: Slice) => boolean,
): Slice
export function useMembers(
  selector: (members: readonly Member[]) => unknown = identity,
  isEqual: (a: unknown, b: unknown) => boolean = shallowEqual,
): unknown {
  return useSelection(useRoomStore("useMembers"), membersOf, selector, isEqual)
}

function membersOf({ members }: Snapshot): readonly Member[] {
  return members
}
