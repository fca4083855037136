/**
 * Writes attachments. What the room has counted and not reported rides on one of its sockets: so a sleep loses none of it, and no row is written
 * for it. A crash takes it, as it takes every attachment; so do the last sockets of a room, but then it reports.
 */
import type { Millis } from "../core/connection.ts"
import type { Carried } from "./counters.ts"
import type { RoomParts } from "./parts.ts"
import type { Tallies } from "./tallies.ts"

export class Carrier {
  readonly #parts: RoomParts

  constructor(parts: RoomParts) {
    this.#parts = parts
  }

  /** At the end of whatever counts: all that is pending rides on the first of these that speaks for somebody, or on another. */
  save(unsaved: Iterable<WebSocket>, tallies: Tallies, now: Millis): void {
    const { counters, snapshot, sockets } = this.#parts
    const counts = counters.pending(snapshot.counters())
    let counted: Carried | null = Object.keys(counts).length === 0 ? null : { at: now, counts }
    for (const socket of unsaved) if (this.#write(socket, tallies, counted)) counted = null
    const carrier = counted === null ? null : sockets.carrier()
    if (carrier !== null) this.#write(carrier, tallies, counted)
  }

  /** One that cannot be saved would be lost at the next sleep: it is sent away to come again, and hurts no other. */
  #write(socket: WebSocket, tallies: Tallies, counted: Carried | null): boolean {
    const { sockets, background } = this.#parts
    try {
      return sockets.save(socket, tallies, counted)
    } catch (error) {
      background(Promise.reject(error))
      sockets.abandon(socket)
      return false
    }
  }
}
