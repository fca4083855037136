import type { JsonObject, Room } from "../client/index.ts"
import { useRoomStore } from "./context.ts"

/**
 * The function that sends a message to everybody in the room, this client included, or to some. It is the same function as long as the
 * room is the same. Its promise resolves when the room has taken the message, and rejects with a `RollcallError`: the room's refusal,
 * `not_connected`, `connection_lost`, or `released` once the provider is gone. The hook throws outside of a `RoomProvider`, and does not
 * cause renders.
 *
 * @example
 * ```tsx
 * const Wave = ({ to }: { to: string }) => {
 *   const send = useSend()
 *   return <button onClick={() => send("wave", { emoji: "👋" }, { to: [to] })}>Wave</button>
 * }
 * ```
 */
export function useSend<Messages extends object = JsonObject>(): Room<JsonObject, JsonObject, Messages>["send"] {
  return useRoomStore<JsonObject, JsonObject, Messages>("useSend").send
}
