/** Members who are present without a socket: a bot or a device, placed in the room over HTTP until an instant. */
import { ok, type Result } from "../protocol/errors.ts"
import type { JsonObject } from "../protocol/frames.ts"
import { NO_GRANTS } from "./capability.ts"
import type { Connection, ConnectionId, MemberId, Millis } from "./connection.ts"
import { withoutNulls } from "./patch.ts"
import { type Change, enter, placeConnection, type Roster } from "./roster.ts"

export type Placement = { readonly member: MemberId; readonly info: JsonObject; readonly data: JsonObject; readonly until: Millis }

/** Places a member, or prolongs and replaces what was placed before. `id` is for a new one. It holds no token, so it has no grants. */
export function place(
  roster: Roster,
  id: ConnectionId,
  placement: Placement,
  maxDataBytes: number,
  now: Millis,
): Result<{ connection: Connection; changes: Change[] }> {
  const { member, info, data, until } = placement
  const known = placedOf(roster, member)
  const identity = { member, info, grants: NO_GRANTS, expiresAt: Number.POSITIVE_INFINITY }
  const connection = known ?? placeConnection(roster, id, identity, until, now)
  const shown = connection.info
  connection.info = JSON.stringify(shown) === JSON.stringify(info) ? shown : info
  if (known?.entry != null && shown === connection.info && JSON.stringify(known.entry.data) === JSON.stringify(withoutNulls(data))) {
    connection.line = { at: "placed", until }
    connection.heardAt = connection.activeAt = now
    return ok({ connection, changes: [] })
  }
  const entered = enter(roster, connection, data, maxDataBytes, now)
  if (!entered.ok) {
    connection.info = shown
    if (known === undefined) roster.connections.delete(connection.id)
    return entered
  }
  connection.line = { at: "placed", until }
  return ok({ connection, changes: entered.value })
}

function placedOf(roster: Roster, member: MemberId): Connection | undefined {
  for (const connection of roster.connections.values())
    if (connection.member === member && connection.line.at === "placed") return connection
  return undefined
}
