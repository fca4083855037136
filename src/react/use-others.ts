import type { Entry, JsonObject, Snapshot } from "../client/index.ts"
import { useRoomStore } from "./context.ts"
import { shallowEqual } from "./shallow-equal.ts"
import { identity, useSelection } from "./use-selection.ts"

/**
 * Everybody who is present but this client, one entry per connection, oldest first; empty on a server and until the room has answered.
 *
 * With a selector the component renders only when what it picks has changed, by `shallowEqual` unless told otherwise. Throws outside of a
 * `RoomProvider`.
 *
 * @example
 * ```tsx
 * const Count = () => <p>{useOthers((others) => others.length)} others</p>
 *
 * const Names = () => useOthers((others) => others.map(({ info }) => info["name"])).join(", ")
 * ```
 */
export function useOthers<Data extends object = JsonObject, Info extends object = JsonObject>(): readonly Entry<Data, Info>[]
export function useOthers<Data extends object = JsonObject, Info extends object = JsonObject, Slice = unknown>(
  selector: (others: readonly Entry<Data, Info>[]) => Slice,
  isEqual?: (a: Slice, b: Slice) => boolean,
): Slice
export function useOthers(
  selector: (others: readonly Entry[]) => unknown = identity,
  isEqual: (a: unknown, b: unknown) => boolean = shallowEqual,
): unknown {
  return useSelection(useRoomStore("useOthers"), othersOf, selector, isEqual)
}

function othersOf({ others }: Snapshot): readonly Entry[] {
  return others
}
