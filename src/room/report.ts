/** The room's word of itself, to the directory and whoever else is told, when the core says that it is due; driven by events that happen anyway and by the one alarm. */
import { isConnected, isPresent, type Millis } from "../core/connection.ts"
import { isEmpty, leaseFor, type Occupants, type Reported, type ReportLimits, renewBy, reportAt, retryAfter } from "../core/report.ts"
import { messageOf } from "../log/fault.ts"
import { log } from "../log/log.ts"
import type { Destination } from "./destinations.ts"
import type { RoomParts } from "./parts.ts"
import type { Tallies } from "./tallies.ts"

export class Reporter {
  readonly #parts: RoomParts
  readonly #destinations: readonly Destination[]
  readonly #limits: ReportLimits
  #last: Reported | null
  #room: string | null
  /** Whether who is here may be other than when it was last counted. */
  #isDirty = true
  #members = 0
  #connected = 0
  /** Reports that failed since one did not. */
  #failures = 0
  #pausedUntil: Millis = 0
  /** A report failed, and none was made since: what the directory believes is not known. */
  #isUnsure = false
  #sending: Promise<void> = Promise.resolve()
  readonly #gaveBack: () => void

  /** Without a destination it reports nothing. `name` is the room's, where the runtime tells. `gaveBack`: what a report took is counted again. */
  constructor(parts: RoomParts, destinations: readonly Destination[], name: string | undefined, gaveBack: () => void) {
    this.#parts = parts
    this.#gaveBack = gaveBack
    this.#destinations = destinations
    this.#limits = { everyMs: parts.settings.reportMs, leaseMs: leaseFor(parts.settings.clocks, parts.settings.reportMs) }
    const stored = parts.ledger.reported()
    this.#last = stored
    parts.counters.resume(stored?.at ?? Number.NEGATIVE_INFINITY)
    this.#room = name ?? stored?.room ?? null
  }

  /** Reports what is due. Returns when something will be, or infinity. `cameOrWent`: an entry did. */
  settle({ since }: Tallies, { cameOrWent, isSweep }: { cameOrWent: boolean; isSweep: boolean }, now: Millis): Millis {
    const { roster, counters, sockets } = this.#parts
    if (this.#destinations.length === 0) return Number.POSITIVE_INFINITY
    this.#isDirty ||= cameOrWent || roster.presentOf.size !== this.#members || roster.connected !== this.#connected
    if (!this.#isDirty && !isSweep && now < this.#renewBy) return this.#renewBy
    // A room that has just emptied does not wait out the pause: it may be closed, with nothing left of it that would wake it.
    const isNewlyEmpty = roster.presentOf.size + roster.connected === 0 && this.#members + this.#connected > 0
    if (now < this.#pausedUntil && !isNewlyEmpty) return this.#pausedUntil
    this.#room ??= sockets.room
    const room = this.#room
    if (room === null) return Number.POSITIVE_INFINITY
    const current = occupants(roster)
    this.#members = current.members
    this.#connected = current.connections
    const at = this.#isUnsure ? now : reportAt(this.#last, current, isSweep, counters.isActive, this.#limits, now)
    if (at !== null && at > now) return at
    this.#isDirty = false
    if (at !== null) this.#report(room, current, since, now)
    return this.#renewBy
  }

  /** When what failed has to be tried again, also by a room in which nobody is left. Infinity: nothing failed. */
  get retryBy(): Millis {
    return this.#isUnsure ? this.#pausedUntil : Number.POSITIVE_INFINITY
  }

  get #renewBy(): Millis {
    return renewBy(this.#last, this.#limits.leaseMs)
  }

  #report(room: string, current: Occupants, since: Millis, now: Millis): void {
    const { ledger, counters, snapshot, background, alarm } = this.#parts
    const before = this.#last
    const told = { ...current, at: now }
    this.#last = told
    this.#isUnsure = false
    const taken = counters.take(snapshot.counters())
    const leaseMs = isEmpty(current) ? 0 : this.#limits.leaseMs
    const report = { room, ...current, since, leaseMs, counters: taken }
    const send = async (): Promise<void> => {
      try {
        for (const destination of this.#destinations) await destination.send(report)
      } catch (error) {
        // As if it had never been tried, but not at once again.
        counters.giveBack(taken)
        if (this.#last === told) this.#last = before
        // What a sleep may take is written only now: that the directory still believes an older word.
        if (this.#last === before && before !== null && !isEmpty(before)) ledger.putReported(room, before)
        this.#isDirty = this.#isUnsure = true
        this.#pausedUntil = Date.now() + retryAfter(this.#failures++, this.#limits)
        this.#gaveBack()
        log("report_failed", { room, message: messageOf(error) })
        return alarm.by(this.#pausedUntil)
      }
      this.#failures = 0
      // Not before: what a crash or a sleep cut off is told again. Nor after the room has emptied meanwhile: nothing may be left of it.
      if (isEmpty(current)) ledger.dropReported()
      else if (this.#last === told) ledger.putReported(room, told)
    }
    // One after the other: an older word that came later would be believed for as long as a lease.
    const sent = this.#sending.then(send)
    this.#sending = sent.catch(() => {})
    background(sent)
  }
}

function occupants({ presentOf, connected, connections }: RoomParts["roster"]): Occupants {
  let observers = 0
  for (const connection of connections.values()) if (!isPresent(connection) && isConnected(connection)) observers++
  return { members: presentOf.size, connections: connected, observers }
}
