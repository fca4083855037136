/** The two contexts, and what a component is told that stands outside of them. */
import { createContext, useContext } from "react"
import type { Client, JsonObject } from "../client/index.ts"
import { RoomStore } from "./room-store.ts"

export const ClientContext = createContext<Client | null>(null)

/** A RoomStore. A context cannot carry types: what the room holds is the asker's claim, as in `client.room<Data, Info, Messages>()`. */
export const RoomContext = createContext<unknown>(null)

/** `asker`: the public name of whoever asks, for the error. */
export function useClient(asker: string): Client {
  const client = useContext(ClientContext)
  if (client === null) throw new Error(`${asker} needs a <RollcallProvider client={…}> above it`)
  return client
}

export function useRoomStore<Data extends object = JsonObject, Info extends object = JsonObject, Messages extends object = JsonObject>(
  asker: string,
): RoomStore<Data, Info, Messages> {
  const store = useContext(RoomContext)
  if (!(store instanceof RoomStore)) throw new Error(`${asker} needs a <RoomProvider room="…"> above it`)
  return store
}
