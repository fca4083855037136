/** What the contract says a room shows, as a value that is never changed: one function from room and event to room. */
import type { Grants } from "../../src/core/capability.ts"
import type { Entry, JsonObject } from "../../src/protocol/frames.ts"
import { patched } from "./picture.ts"

export type Person = {
  readonly ref: number
  readonly id: string
  readonly member: string
  readonly info: JsonObject
  readonly grants: Grants
  readonly line: "connected" | "in grace" | "gone"
  readonly entry: Entry | null
}

export type NaiveRoom = readonly Person[]

export type RoomEvent =
  | { readonly is: "connect"; readonly member: string; readonly info: JsonObject; readonly grants: Grants }
  | { readonly is: "enter"; readonly data: JsonObject }
  | { readonly is: "update"; readonly patch: JsonObject }
  | { readonly is: "send"; readonly to: readonly string[] | null }
  | { readonly is: "leave" | "sync" | "break" | "graceEnds" | "away" }
  | { readonly is: "end"; readonly reason: "left" | "lost" | "idle" | "kicked" | "expired" }
  | { readonly is: "resume" | "auth"; readonly info: JsonObject; readonly grants: Grants }

/** Null: this person cannot do that now. */
export function after(room: NaiveRoom, who: Person, event: RoomEvent, maxDataBytes: number, now: number): NaiveRoom | null {
  const become = (over: Partial<Person>) => room.map((person) => (person === who ? { ...person, ...over } : person))
  const isConnected = who.line === "connected"
  switch (event.is) {
    case "connect":
      return [...room, newcomer(room.length + 1, event)]
    case "enter": {
      if (!isConnected) return null
      const data = patched({}, event.data)
      if (!who.grants.presence || bytesOf(data) > maxDataBytes) return room
      const { ref, id, member, info } = who
      return become({ entry: { ref, connection: id, member, info, data, status: "active", since: who.entry?.since ?? now } })
    }
    case "update": {
      if (!isConnected) return null
      if (who.entry === null || !who.grants.presence) return room
      const data = patched(who.entry.data, event.patch)
      return bytesOf(data) > maxDataBytes ? room : become({ entry: { ...who.entry, data, status: "active" } })
    }
    case "send":
      if (!isConnected) return null
      return who.entry === null || !who.grants.message ? room : become({ entry: { ...who.entry, status: "active" } })
    case "leave":
      return isConnected ? become({ entry: null }) : null
    case "sync":
      return isConnected ? room : null
    case "break":
      return isConnected ? become({ line: "in grace" }) : null
    case "graceEnds":
      return who.line === "in grace" ? become({ line: "gone", entry: null }) : null
    case "end":
      return isConnected ? become({ line: "gone", entry: null }) : null
    case "away":
      return isConnected && who.entry !== null ? become({ entry: { ...who.entry, status: "away" } }) : null
    case "resume":
    case "auth": {
      if (who.line === "gone" || (event.is === "auth" && !isConnected)) return null
      const { info, grants } = event
      return become({ line: "connected", info, grants, entry: grants.presence ? who.entry : null })
    }
  }
}

export function entriesOf(room: NaiveRoom): ReadonlyMap<number, Entry> {
  return new Map(room.flatMap(({ ref, entry }) => (entry === null ? [] : [[ref, entry]])))
}

function newcomer(ref: number, { member, info, grants }: RoomEvent & { is: "connect" }): Person {
  return { ref, id: `c${ref}`, member, info, grants, line: "connected", entry: null }
}

function bytesOf(data: JsonObject): number {
  return Buffer.byteLength(JSON.stringify(data))
}
