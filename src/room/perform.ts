/** The only place with side effects, in one order: ledger → replies → fan-out → closes → attachments → alarm. */

import { type Connection, isConnected, type MemberId, type Millis } from "../core/connection.ts"
import { type Reply, snapshotSent } from "../core/conversation.ts"
import { type Change, remove, startGrace } from "../core/roster.ts"
import { Carrier } from "./carrier.ts"
import type { Destination } from "./destinations.ts"
import type { Effects } from "./effects.ts"
import { FanOut } from "./fan-out.ts"
import type { RoomParts } from "./parts.ts"
import { Reporter } from "./report.ts"
import { comeToRest, forget, restOn } from "./rest.ts"
import { newTallies, type Tallies } from "./tallies.ts"
import { sendRoom } from "./whole-room.ts"

const PRUNE_EVERY_MS = 86_400_000

export class Performer {
  readonly #parts: RoomParts
  readonly #fanOut: FanOut<WebSocket>
  /** Attachments wait for the end of a running tick, so that 60 updates a second are not 60 writes. */
  readonly #unsaved = new Set<WebSocket>()
  /** Who entered within a running tick: their rows are one commit at its end, before anybody is told. */
  readonly #unrecorded = new Set<Connection>()
  /** What is answered to them meanwhile: an `ack` says that what it answers is stored. */
  #held: (readonly [WebSocket, Reply])[] = []
  /** Counters that changed, and no socket carries yet. */
  #isCounted = false
  /** When what is past its retention was last looked for, as far as memory goes. */
  #prunedAt = 0
  /** Whether somebody was here since the room last came to rest. */
  #isOccupied: boolean
  tallies: Tallies

  readonly #reporter: Reporter
  readonly #carrier: Carrier
  /** By when everybody is to be looked at: the alarm may go off for a report alone. After a sleep nobody knows: at its next. */
  sweepBy: Millis = Number.NEGATIVE_INFINITY

  /** `destinations` and `name`: where the room reports itself, and as whom. */
  constructor(parts: RoomParts, tallies: Tallies, destinations: readonly Destination[], name: string | undefined) {
    this.#parts = parts
    this.#reporter = new Reporter(parts, destinations, name, () => this.#keepCounts())
    this.#carrier = new Carrier(parts)
    parts.counters.add("wakeups")
    this.tallies = tallies
    this.#isOccupied = parts.roster.connections.size > 0
    this.#fanOut = new FanOut(parts.sockets, parts.traffic, parts.settings.pace, {
      members: () => parts.roster.presentOf.size,
      version: () => parts.roster.version,
      merged: (updates) => parts.counters.add("updatesMerged", updates),
      recordEntered: () => this.#recordEntered(),
      ticked: () => this.#save(Date.now()),
      failed: (socket) => {
        const now = Date.now()
        this.#parts.background(this.perform(this.dropLine(socket, now), now))
      },
    })
  }

  /** Somebody came into the empty room. */
  occupied(now: Millis): void {
    this.tallies = { ...this.tallies, since: now }
    this.#isCounted = true
    this.sweepBy = Number.POSITIVE_INFINITY
    this.#isOccupied = true
  }

  countSweep(lost: number, idle: number): void {
    const { tallies } = this
    this.tallies = { ...tallies, sweeps: tallies.sweeps + 1, lost: tallies.lost + lost, idle: tallies.idle + idle }
    this.#isCounted = true
    this.#parts.counters.add("sweeps")
  }

  /** Messages that were accepted are told now, also to those who are sent away next. Without any, a tick is a tick. */
  tellAll(): void {
    if (this.#fanOut.waitingMessages > 0) this.#fanOut.flushNow()
  }

  get waitingMessages(): number {
    return this.#fanOut.waitingMessages
  }

  async perform(effects: Effects, now: Millis): Promise<void> {
    const {
      touched = [],
      recorded = [],
      replies = [],
      changes = [],
      messages = [],
      closes = [],
      lookBy = Number.POSITIVE_INFINITY,
    } = effects
    for (const socket of effects.welcomed ?? []) this.#fanOut.snapshotTaken(socket)
    for (const connection of recorded) this.#parts.ledger.put(connection)
    this.#record(changes, now)
    this.#parts.announcements?.record(changes, now)
    for (const socket of touched) this.#unsaved.add(socket)
    if (closes.length > 0) this.#recordEntered()
    for (const [socket, reply] of replies) {
      if (this.#waitsForRow(socket)) this.#held.push([socket, reply])
      else this.reply(socket, reply)
    }
    // Before anybody is told: whose socket throws then is let go at once, and its grace is to be looked at as well.
    this.sweepBy = effects.isSweep === true ? lookBy : Math.min(this.sweepBy, lookBy)
    this.#fanOut.add(changes, messages)
    this.#fanOut.flushWhenDue(now)
    for (const [socket, code] of closes) {
      this.#parts.sockets.close(socket, code)
      this.#parts.counters.add(`closes.${code}`)
    }
    this.#parts.counters.changes(changes)
    this.#parts.counters.add("messages", messages.length)
    const cameOrWent = changes.some(({ kind }) => kind === "enter" || kind === "leave")
    const reportBy = this.#reporter.settle(this.tallies, { cameOrWent, isSweep: effects.isSweep === true }, now)
    this.announce(now)
    // What a tick will tell is saved with it: its timer keeps the room from falling asleep.
    if (!this.#fanOut.isPending) this.#save(now)
    const waiting = this.#parts.announcements?.lookBy ?? Number.POSITIVE_INFINITY
    if (this.#parts.roster.connections.size > 0) await this.#parts.alarm.by(Math.min(lookBy, reportBy, waiting))
    else if (this.#isOccupied) await this.rest(now)
  }

  reply(socket: WebSocket, reply: Reply): void {
    if (this.#waitsForRow(socket)) this.#recordEntered()
    if (reply === "snapshot") this.#fanOut.snapshotTaken(socket)
    const now = Date.now()
    if (reply === "snapshot") {
      const connection = this.#parts.sockets.connectionOf(socket)
      const length = sendRoom(this.#parts, socket, connection, '{"type":"sync"')
      if (connection !== null) snapshotSent(connection, length, now)
    } else {
      if (reply.type === "error") this.#parts.counters.add(`errors.${reply.code}`)
      this.#parts.sockets.send(socket, JSON.stringify(reply))
    }
    this.#parts.traffic.sent(1, now)
  }

  /** The line of a connection broke: it is kept for its grace. Returns what changed, nothing while it may come back. */
  dropLine(socket: WebSocket, now: Millis): { changes: Change[]; lookBy: Millis } {
    const { sockets } = this.#parts
    const connection = sockets.connectionOf(socket)
    sockets.release(socket)
    return connection === null ? { changes: [], lookBy: Number.POSITIVE_INFINITY } : this.keepForGrace(connection, now)
  }

  keepForGrace(connection: Connection, now: Millis): { changes: Change[]; lookBy: Millis } {
    const { roster, ledger, settings } = this.#parts
    if (settings.graceMs === 0) return { changes: this.end(connection, "closed"), lookBy: Number.POSITIVE_INFINITY }
    const until = now + settings.graceMs
    startGrace(roster, connection, until)
    ledger.put(connection)
    this.#isCounted = true
    return { changes: [], lookBy: until }
  }

  /** A connection is over, for everybody, and its sockets speak for nobody. */
  end(connection: Connection, reason: Parameters<typeof remove>[2]): Change[] {
    const { roster, ledger, snapshot, sockets } = this.#parts
    snapshot.forget(connection.ref)
    const isNewest = connection.ref === roster.nextRef - 1
    const changes = remove(roster, connection, reason)
    if (!isConnected(connection)) ledger.drop(connection.id)
    // One whose end was never reported is still listed: over a sleep it would bring the connection back.
    for (const socket of sockets.allOf(connection.id)) sockets.release(socket)
    // The newest ref lives on in no attachment now: without a mark, hibernation would give it out again.
    if (isNewest && roster.connections.size > 0) ledger.markRef(roster.nextRef)
    this.#isCounted = true
    this.#isOccupied = true
    return changes
  }

  /** Nothing is left of the room: no row, no alarm, no counter. */
  async forget(): Promise<void> {
    this.tallies = newTallies(Date.now())
    await forget(this.#parts)
  }

  /** Sends the webhooks that wait. No event waits for the queue. */
  announce(now: Millis): void {
    const { announcements, alarm, roster, background } = this.#parts
    if (announcements === null || !announcements.isDue(now)) return
    const settled = async () => {
      if (roster.connections.size > 0) await alarm.by(announcements.lookBy)
      else await restOn(this.#parts, this.#reporter.retryBy, Date.now())
    }
    background(announcements.send(settled))
  }

  /** Rows: who is announced, so that a crash leaves no ghost, and when a member was last seen. */
  #record(changes: readonly Change[], now: Millis): void {
    const { ledger, roster, announcements } = this.#parts
    // A webhook is stored with its change: then the row cannot wait either. Nor can that of who was placed, whose answer does not.
    const mayWait = announcements === null && this.#fanOut.isPending
    for (const change of changes) {
      if (change.kind === "enter" && change.isNews) {
        const connection = roster.connections.get(change.entry.connection)
        if (connection !== undefined && mayWait && isConnected(connection)) this.#unrecorded.add(connection)
        else if (connection !== undefined) ledger.put(connection)
      }
      if (change.kind === "leave") {
        ledger.drop(change.entry.connection)
        if (!roster.presentOf.has(change.entry.member)) this.#markSeen(change.entry.member, now)
      }
    }
    const members = roster.presentOf.size
    if (members <= this.tallies.peak) return
    this.tallies = { ...this.tallies, peak: members, peakAt: now }
    // A socket that entered carries it by itself.
    this.#isCounted ||= changes.some(
      ({ kind, entry }) => kind === "enter" && roster.connections.get(entry.connection)?.line.at === "placed",
    )
  }

  #markSeen(member: MemberId, now: Millis): void {
    const { ledger, settings } = this.#parts
    ledger.markSeen(member, now)
    if (now - this.#prunedAt < PRUNE_EVERY_MS) return
    // A room that never empties must not remember its visitors for ever.
    this.#prunedAt = now
    ledger.forgetSeen(now - settings.lastSeenRetentionMs)
    ledger.lastBanUntil(now)
  }

  #recordEntered(): void {
    if (this.#unrecorded.size === 0) return
    for (const connection of this.#unrecorded) {
      const isThere = this.#parts.roster.connections.get(connection.id) === connection
      if (isThere && connection.entry !== null) this.#parts.ledger.put(connection)
    }
    this.#unrecorded.clear()
    const held = this.#held
    this.#held = []
    for (const [socket, reply] of held) this.reply(socket, reply)
  }

  /** Nothing that was told is lost by it: it is the same turn, and what is written here a crash takes anyway. */
  #save(now: Millis): void {
    if (this.#isCounted) this.#carryTallies()
    this.#carrier.save(this.#unsaved, this.tallies, now)
    this.#unsaved.clear()
  }

  /** Whether the row of whoever speaks there is still to be written. */
  #waitsForRow(socket: WebSocket): boolean {
    if (this.#unrecorded.size === 0) return false
    const connection = this.#parts.sockets.connectionOf(socket)
    return connection !== null && this.#unrecorded.has(connection)
  }

  /** A pause between two reports may be longer than the room stays awake. */
  #keepCounts(): void {
    this.#isCounted = true
    if (!this.#fanOut.isPending) this.#save(Date.now())
  }

  /** The counters ride on some open socket: the one that carried them may have gone. Without any, they are a row. */
  #carryTallies(): void {
    this.#isCounted = false
    const { sockets, roster, ledger } = this.#parts
    const carrier = sockets.carrier()
    if (carrier !== null) this.#unsaved.add(carrier)
    else if (roster.connections.size > 0) ledger.putTallies(this.tallies)
  }

  /** Nobody is left. */
  async rest(now: Millis): Promise<void> {
    this.#isOccupied = false
    const { peak, peakAt } = this.tallies
    this.tallies = { ...newTallies(now), peak, peakAt }
    await comeToRest(this.#parts, this.tallies, this.#reporter.retryBy, now)
  }
}
