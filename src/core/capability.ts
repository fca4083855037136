/** Which pattern of a token's `rooms` decides for a room, and what it grants. */
import type { Capability } from "../protocol/capabilities.ts"

/** What a connection may do: hear the others, be present, send messages. */
export type Grants = { readonly [C in Capability]: boolean }

export const NO_GRANTS: Grants = { subscribe: false, presence: false, message: false }

/**
 * The grants for `room`, or null when no pattern covers it or the deciding one grants nothing. An exact name beats
 * every prefix (`doc-*`), among prefixes the longest wins, and the winner's list is the whole grant.
 */
export function grantsFor(room: string, rooms: ReadonlyMap<string, readonly Capability[]>): Grants | null {
  let deciding = rooms.get(room)
  let longest = -1
  if (deciding === undefined) {
    for (const [pattern, list] of rooms) {
      if (!pattern.endsWith("*") || pattern.length <= longest) continue
      if (!room.startsWith(pattern.slice(0, -1))) continue
      longest = pattern.length
      deciding = list
    }
  }
  if (deciding === undefined || deciding.length === 0) return null
  return {
    subscribe: deciding.includes("subscribe"),
    presence: deciding.includes("presence"),
    message: deciding.includes("message"),
  }
}
