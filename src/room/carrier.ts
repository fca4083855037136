/**
 * What the room has counted and not reported rides on one of its sockets: so a sleep loses none of it, and no row is written
 * for it. A crash takes it, as it takes every attachment; so do the last sockets of a room, but then it reports.
 */
import type { Millis } from "../core/connection.ts"
import type { RoomParts } from "./parts.ts"
import type { Tallies } from "./tallies.ts"

export class Carrier {
  readonly #parts: RoomParts

  constructor(parts: RoomParts) {
    this.#parts = parts
  }

  /** At the end of whatever counts: the attachment is written anew, with all that is pending. */
  carry(tallies: Tallies, now: Millis): void {
    const { counters, snapshot, sockets } = this.#parts
    const counts = counters.pending(snapshot.counters())
    if (Object.keys(counts).length === 0) return
    const socket = sockets.carrier()
    if (socket !== null) sockets.save(socket, tallies, { at: now, counts })
  }
}
