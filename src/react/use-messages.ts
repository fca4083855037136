import { useEffect, useInsertionEffect, useRef } from "react"
import type { JsonObject, MessageOf } from "../client/index.ts"
import { useRoomStore } from "./context.ts"

/**
 * Calls `handler` for each message of this name while the component is mounted, one's own included. The handler may be written in place:
 * the latest one is called, and nothing is subscribed again. Throws outside of a `RoomProvider`, and does not cause renders.
 *
 * @example
 * ```tsx
 * const Waves = () => {
 *   const [waves, setWaves] = useState<string[]>([])
 *   useMessages("wave", ({ member }) => setWaves([...waves, member ?? "the house"]))
 *   return <p>{waves.join(" ")}</p>
 * }
 * ```
 */
export function useMessages<
  Messages extends object = JsonObject,
  Name extends keyof Messages & string = keyof Messages & string,
  Data extends object = JsonObject,
  Info extends object = JsonObject,
>(event: Name, handler: (message: MessageOf<Data, Info, Messages, Name>) => void): void {
  const store = useRoomStore<Data, Info, Messages>("useMessages")
  const latest = useRef(handler)
  useInsertionEffect(() => {
    latest.current = handler
  })
  useEffect(
    () =>
      store.follow((room) =>
        room.on("message", (message) => {
          if (isNamed(message, event)) latest.current(message)
        }),
      ),
    [store, event],
  )
}

function isNamed<Data extends object, Info extends object, Messages extends object, Name extends keyof Messages & string>(
  message: MessageOf<Data, Info, Messages>,
  event: Name,
): message is MessageOf<Data, Info, Messages, Name> & MessageOf<Data, Info, Messages> {
  return message.event === event
}
