/** A socket ended, by its client, its network, or the room that slept meanwhile. */
import type { Millis } from "../core/connection.ts"
import { adopt, isRefTaken, restore } from "../core/roster.ts"
import type { Effects } from "./effects.ts"
import type { RoomParts } from "./parts.ts"
import type { Performer } from "./perform.ts"

/**
 * What has to be performed for it; null: nothing. Idempotent: the runtime may report an end twice, and the end of a
 * socket that was let go or superseded is nobody's.
 */
export function lineEnded(parts: RoomParts, performer: Performer, socket: WebSocket, goodbye: boolean, now: Millis): Effects | null {
  const { sockets, roster, snapshot, counters } = parts
  if (sockets.isReleased(socket)) return null
  const held = sockets.connectionOf(socket)
  const stored = held === null ? sockets.stored(socket, now) : null
  const known = held ?? stored?.connection ?? null
  if (known === null) return null
  if (stored !== null && stored.counted !== null) counters.found(stored.counted)
  sockets.release(socket)
  // An observer has no row: its socket alone remembers it. Somebody present without one has left already.
  if (!roster.connections.has(known.id) && known.entry === null && !isRefTaken(roster, known.ref)) restore(roster, known)
  const connection = roster.connections.get(known.id)
  if (connection === undefined) return null
  const adopted = known === connection ? [] : adopt(roster, connection, known)
  // Nobody saw the older entry if nobody was sent the room since it woke up.
  const changes = snapshot.wasRead ? adopted : []
  const successors = sockets.openOf(connection.id)
  if (successors.length > 0) return { changes, touched: successors }
  if (goodbye) return { changes: performer.end(connection, "left") }
  const kept = performer.keepForGrace(connection, now)
  return { changes: [...changes, ...kept.changes], lookBy: kept.lookBy }
}
