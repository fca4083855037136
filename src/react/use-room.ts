import { useSyncExternalStore } from "react"
import type { JsonObject } from "../client/index.ts"
import { useRoomStore } from "./context.ts"
import type { HeldRoom } from "./room-store.ts"

/**
 * The room itself, for what has no hook: `enter`, `leave`, `on`, or a library that wants the room. Null on a server and in the first
 * render; from the first effect on it is there. It is its provider's: it cannot be released from here. Throws outside of a `RoomProvider`.
 *
 * @example
 * ```tsx
 * const Doorbell = () => {
 *   const room = useRoom()
 *   useEffect(() => room?.on("enter", ({ entry }) => ring(entry.member)), [room])
 *   return <button onClick={() => room?.leave()}>Watch unseen</button>
 * }
 * ```
 */
export function useRoom<
  Data extends object = JsonObject,
  Info extends object = JsonObject,
  Messages extends object = JsonObject,
>(): HeldRoom<Data, Info, Messages> | null {
  const store = useRoomStore<Data, Info, Messages>("useRoom")
  return useSyncExternalStore(store.subscribe, store.getRoom, noRoom)
}

function noRoom(): null {
  return null
}
