import { type ReactNode, useEffect, useInsertionEffect, useLayoutEffect, useMemo, useReducer, useRef } from "react"
import type { JsonObject, RoomOptions } from "../client/index.ts"
import { RoomContext, useClient } from "./context.ts"
import { RoomStore } from "./room-store.ts"

export type RoomProviderProps<Data extends object = JsonObject> = {
  /** The room's name. Another one gives the old room back and acquires the new one; what is below keeps its state. */
  readonly room: string
  /** What to enter with when the room is mounted; later values are not looked at. Left out: an observer, whom nobody sees. */
  readonly initial?: Data | undefined
  /** A standard schema for what others say, as `client.room` takes it; later values are not looked at. */
  readonly schema?: RoomOptions<Data>["schema"] | undefined
  readonly children?: ReactNode
}

// React 18 warns about layout effects on a server, where neither kind runs.
const useMountEffect = typeof window === "undefined" ? useEffect : useLayoutEffect

/**
 * Acquires a room from the client's pool while it is mounted, and enters it with `initial`. Providers of one room share its connection
 * and its presence; the last one that goes leaves the connection to the pool, which closes it after its linger.
 *
 * Throws when there is no `RollcallProvider` above it, and, when it mounts, what `client.room` throws.
 *
 * @example
 * ```tsx
 * const Page = ({ id }: { id: string }) => (
 *   <RoomProvider room={`doc-${id}`} initial={{ cursor: null }}>
 *     <Cursors />
 *   </RoomProvider>
 * )
 * ```
 */
export function RoomProvider<Data extends object = JsonObject>({ room, initial, schema, children }: RoomProviderProps<Data>): ReactNode {
  const client = useClient("RoomProvider")
  const store = useMemo(() => new RoomStore<Data>(client, room), [client, room])
  const options = { ...(initial !== undefined && { initial }), ...(schema !== undefined && { schema }) }
  const latestOptions = useRef<RoomOptions<Data>>(options)
  useInsertionEffect(() => {
    latestOptions.current = options
  })
  const [, shown] = useReducer(countUp, 0)
  useMountEffect(() => {
    const release = store.hold(latestOptions.current)
    // Whatever the room knows already is shown before the browser paints.
    shown()
    return release
  }, [store])
  // A subtree that suspends loses its layout effects, but is still mounted.
  useEffect(() => store.hold(latestOptions.current), [store])
  return <RoomContext.Provider value={store}>{children}</RoomContext.Provider>
}

function countUp(count: number): number {
  return count + 1
}
