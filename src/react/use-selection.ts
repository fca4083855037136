import { useEffect, useMemo, useRef, useSyncExternalStore } from "react"
import type { Snapshot } from "../client/index.ts"
import type { RoomStore } from "./room-store.ts"

/**
 * What `selector` makes of one part of the snapshot; the old value as long as `isEqual` finds no difference, so that nothing renders.
 * The selector runs when the part or the selector itself changed: it may be written in place.
 */
export function useSelection<Data extends object, Info extends object, Messages extends object, Part, Slice>(
  store: RoomStore<Data, Info, Messages>,
  part: (snapshot: Snapshot<Data, Info>) => Part,
  selector: (part: Part) => Slice,
  isEqual: (a: Slice, b: Slice) => boolean,
): Slice {
  const shown = useRef<{ readonly slice: Slice } | null>(null)
  const [getSlice, getServerSlice] = useMemo(() => {
    let last: { readonly part: Part; readonly slice: Slice } | null = null
    const select = (snapshot: Snapshot<Data, Info>): Slice => {
      const selected = part(snapshot)
      if (last !== null && Object.is(last.part, selected)) return last.slice
      const old = last ?? shown.current
      const slice = selector(selected)
      last = { part: selected, slice: old !== null && isEqual(old.slice, slice) ? old.slice : slice }
      return last.slice
    }
    return [() => select(store.getSnapshot()), () => select(store.getServerSnapshot())]
  }, [store, part, selector, isEqual])
  const slice = useSyncExternalStore(store.subscribe, getSlice, getServerSlice)
  useEffect(() => {
    shown.current = { slice }
  }, [slice])
  return slice
}

export function identity<T>(value: T): T {
  return value
}
