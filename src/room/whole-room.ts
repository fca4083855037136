/** The whole room to one socket, in a `welcome` or a `sync`: what is the same for all comes from the snapshot. */
import type { Connection } from "../core/connection.ts"
import { tellUpTo } from "../core/told.ts"
import { withHead } from "./deflate.ts"
import type { RoomParts } from "./parts.ts"

/** `head` is the frame up to its room: JSON without the closing brace. Returns how many characters or bytes were sent. */
export function sendRoom(parts: RoomParts, socket: WebSocket, connection: Connection | null, head: string): number {
  const frame = roomFrame(parts, connection, head)
  if (connection !== null) tellUpTo(connection, true, parts.roster.version)
  parts.sockets.send(socket, frame)
  return frame.length
}

/** As far as this connection may and wants to see the room. */
function roomFrame({ snapshot, roster }: RoomParts, connection: Connection | null, head: string): string | Uint8Array {
  if (connection?.grants.subscribe !== true) return `${head},"present":[]}`
  const { view, deflates } = connection
  if (view === "count") return `${head},"present":[],"members":${roster.presentOf.size}}`
  const parts = deflates ? snapshot.deflated(roster, view) : null
  if (parts !== null) return withHead(`${head},"present":[`, parts)
  return `${head},"present":${snapshot.text(roster, view)}}`
}
