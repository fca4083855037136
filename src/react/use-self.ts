import { useCallback } from "react"
import type { JsonObject, Self, Snapshot } from "../client/index.ts"
import { useRoomStore } from "./context.ts"
import { shallowEqual } from "./shallow-equal.ts"
import { identity, useSelection } from "./use-selection.ts"

/**
 * This client's own presence, with the data that it said last, at once; null while it has not entered, and on a server.
 *
 * With a selector, which is not asked while there is nobody, the component renders only when what it picks has changed, by `shallowEqual`
 * unless told otherwise. Throws outside of a `RoomProvider`.
 *
 * @example
 * ```tsx
 * const Away = () => (useSelf((self) => self.status) === "away" ? <p>The others see you as away.</p> : null)
 * ```
 */
export function useSelf<Data extends object = JsonObject, Info extends object = JsonObject>(): Self<Data, Info> | null
export function useSelf<Data extends object = JsonObject, Info extends object = JsonObject, Slice = unknown>(
  selector: (self: Self<Data, Info>) => Slice,
  isEqual?: (a: Slice, b: Slice) => boolean,
): Slice | null
export function useSelf(
  selector: (self: Self) => unknown = identity,
  isEqual: (a: unknown, b: unknown) => boolean = shallowEqual,
): unknown {
  const selectIfPresent = useCallback((self: Self | null) => (self === null ? null : selector(self)), [selector])
  // The app's equality is about what its selector picks, never about nobody.
  const isEqualIfPresent = useCallback((a: unknown, b: unknown) => (a === null || b === null ? a === b : isEqual(a, b)), [isEqual])
  return useSelection(useRoomStore("useSelf"), selfOf, selectIfPresent, isEqualIfPresent)
}

function selfOf({ self }: Snapshot): Self | null {
  return self
}
