import type { JsonObject, Snapshot } from "../client/index.ts"
import { useRoomStore } from "./context.ts"
import { shallowEqual } from "./shallow-equal.ts"
import { identity, useSelection } from "./use-selection.ts"

/**
 * The whole of what is known at one instant, for what needs more than one part of it, or the reason why the room is not connected.
 *
 * With a selector the component renders only when what it picks has changed, by `shallowEqual` unless told otherwise. Throws outside of a
 * `RoomProvider`.
 *
 * @example
 * ```tsx
 * const Trouble = () => <p role="status">{useSnapshot(({ reason }) => reason?.message)}</p>
 * ```
 */
export function useSnapshot<Data extends object = JsonObject, Info extends object = JsonObject>(): Snapshot<Data, Info>
export function useSnapshot<Data extends object = JsonObject, Info extends object = JsonObject, Slice = unknown>(
  selector: (snapshot: Snapshot<Data, Info>) => Slice,
  isEqual?: (a: Slice, b: Slice) => boolean,
): Slice
export function useSnapshot(
  selector: (snapshot: Snapshot) => unknown = identity,
  isEqual: (a: unknown, b: unknown) => boolean = shallowEqual,
): unknown {
  return useSelection(useRoomStore("useSnapshot"), identity, selector, isEqual)
}
