/** A room that wakes up: everything in memory is made anew from the sockets and the ledger. */
import type { Connection, ConnectionId, Millis } from "../core/connection.ts"
import { sweepBy } from "../core/liveness.ts"
import { restore } from "../core/roster.ts"
import type { Effects } from "./effects.ts"
import type { RoomParts } from "./parts.ts"
import { newerTallies, newTallies, type Tallies } from "./tallies.ts"

export type Restored = { readonly tallies: Tallies; readonly effects: Effects }

export function restoreRoom(parts: RoomParts, now: Millis): Restored {
  const { sockets, ledger, roster, settings, counters } = parts
  const rows = ledger.listed()
  const inGrace = new Set(rows.filter(({ isInGrace }) => isInGrace).map(({ id }) => id))
  const found: Connection[] = []
  const connected = new Set<ConnectionId>()
  let carried: Tallies | null = null
  let carrier: WebSocket | null = null
  // Only counts where no alarm is set, or only a later one: one may have been lost with a bad configuration.
  let lookBy = Number.POSITIVE_INFINITY
  for (const { socket, attachment } of sockets.restore(settings.maxFramesPerSecond, now)) {
    const { connection, tallies, hasNewerInfo, counted } = attachment
    if (counted !== null) counters.found(counted)
    if (hasNewerInfo) connection.info = ledger.newerInfo(connection.id) ?? connection.info
    carried = carried === null ? tallies : newerTallies(carried, tallies)
    if (inGrace.has(connection.id)) {
      // A sweep did not find it open, and what closed it was never reported; asleep, the runtime forgot that it was closed.
      sockets.release(socket)
      sockets.abandon(socket)
      continue
    }
    found.push(connection)
    connected.add(connection.id)
    lookBy = Math.min(lookBy, sweepBy({ connection, pingedAt: sockets.pingedAt(socket) }, settings.clocks))
    carrier ??= socket
  }
  const absent = rows.map(({ id }) => id).filter((id) => !connected.has(id))
  for (const connection of ledger.absent(absent, settings.maxFramesPerSecond, now)) {
    if (connection.line.at === "grace" && connection.line.until === Number.POSITIVE_INFINITY) {
      // Announced, and without a socket: the dead of a crash. They get their grace, then they leave.
      connection.line = { at: "grace", until: now + settings.graceMs }
      // When it last did something is lost with the memory; its row tells only when it entered. Nobody is sent away as idle for that.
      connection.activeAt = now
      connection.isActivityGuessed = true
      ledger.put(connection)
    }
    found.push(connection)
    lookBy = Math.min(lookBy, sweepBy({ connection, pingedAt: null }, settings.clocks))
  }
  // In the order in which they opened, as before the sleep.
  for (const connection of found.sort((a, b) => a.ref - b.ref)) restore(roster, connection)
  return {
    tallies: talliesAfterSleep(carried, ledger.tallies(), found.length > 0, now),
    effects: { touched: carrier === null ? [] : [carrier], lookBy },
  }
}

/** The newer of what the sockets carried and what the ledger holds; in an empty room only the peak is remembered. */
function talliesAfterSleep(carried: Tallies | null, stored: Tallies | null, isOccupied: boolean, now: Millis): Tallies {
  const newest = carried !== null && stored !== null ? newerTallies(carried, stored) : (carried ?? stored)
  if (newest === null) return newTallies(now)
  if (isOccupied) return { ...newest, wakeups: newest.wakeups + 1 }
  return { ...newTallies(now), peak: newest.peak, peakAt: newest.peakAt }
}
