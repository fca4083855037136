/** A room that wakes up: everything in memory is made anew from the sockets and the ledger. */
import type { Connection, ConnectionId, Millis } from "../core/connection.ts"
import { sweepBy } from "../core/liveness.ts"
import { restore } from "../core/roster.ts"
import type { Effects, RoomParts } from "./perform.ts"
import { newerTallies, newTallies, type Tallies } from "./tallies.ts"

export type Restored = { readonly tallies: Tallies; readonly effects: Effects }

export function restoreRoom(parts: RoomParts, now: Millis): Restored {
  const { sockets, ledger, roster, settings } = parts
  const found: Connection[] = []
  const connected = new Set<ConnectionId>()
  let carried: Tallies | null = null
  let carrier: WebSocket | null = null
  for (const { socket, attachment } of sockets.restore(settings.maxFramesPerSecond, now)) {
    const { connection, tallies, hasNewerInfo } = attachment
    if (hasNewerInfo) connection.info = ledger.newerInfo(connection.id) ?? connection.info
    found.push(connection)
    connected.add(connection.id)
    carried = carried === null ? tallies : newerTallies(carried, tallies)
    carrier ??= socket
  }
  let lookBy = Number.POSITIVE_INFINITY
  for (const connection of ledger.absent(connected, settings.maxFramesPerSecond, now)) {
    if (connection.line.at === "grace" && connection.line.until === Number.POSITIVE_INFINITY) {
      // Announced, and without a socket: the dead of a crash. They get their grace, then they leave.
      connection.line = { at: "grace", until: now + settings.graceMs }
      ledger.put(connection)
    }
    found.push(connection)
    lookBy = Math.min(lookBy, sweepBy({ connection, pingedAt: null }, settings.clocks))
  }
  // In the order in which they opened, as before the sleep.
  for (const connection of found.sort((a, b) => a.ref - b.ref)) restore(roster, connection)
  const remembered = { ...newTallies(now), peak: ledger.marked("peak"), peakAt: ledger.marked("peak_at") || now }
  const tallies = carried === null ? remembered : newerTallies({ ...carried, wakeups: carried.wakeups + 1 }, remembered)
  return { tallies, effects: { touched: carrier === null ? [] : [carrier], lookBy } }
}
