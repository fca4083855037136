import type { JsonObject, Room } from "../client/index.ts"
import { useRoomStore } from "./context.ts"

/**
 * The function that changes what this client says about itself: a patch, or a function from the old data to a patch; `null` removes a key.
 * It is the same function as long as the room is the same, and it may be called from effects and handlers, as often as the pointer moves:
 * changes are merged. It throws `not_entered` in a room that was not entered, and does nothing once the provider is gone. The hook throws
 * outside of a `RoomProvider`, and does not cause renders.
 *
 * @example
 * ```tsx
 * const Canvas = () => {
 *   const updatePresence = useUpdatePresence()
 *   return (
 *     <main
 *       onPointerMove={({ clientX, clientY }) => updatePresence({ cursor: { x: clientX, y: clientY } })}
 *       onPointerLeave={() => updatePresence({ cursor: null })}
 *     />
 *   )
 * }
 * ```
 */
export function useUpdatePresence<Data extends object = JsonObject>(): Room<Data>["update"] {
  return useRoomStore<Data, JsonObject, JsonObject>("useUpdatePresence").update
}
