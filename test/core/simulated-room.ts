/** A room in virtual time: the core driven as the shell drives it, with pictures in the place of sockets. */
import type { Connection, Identity } from "../../src/core/connection.ts"
import { authorized, receive, type Step } from "../../src/core/conversation.ts"
import {
  addChange,
  addMessage,
  type Delivery,
  emptyOutbox,
  firstSegmentAfterSnapshot,
  isWaiting,
  type Message,
  startsWithPresence,
  take,
} from "../../src/core/outbox.ts"
import { afterFlush, flushAt, type Pace, type PaceLimits, RESTED } from "../../src/core/pace.ts"
import { type Change, emptyRoster, goAway, open, present, remove, resume, startGrace } from "../../src/core/roster.ts"
import type { LeaveReason } from "../../src/protocol/close-codes.ts"
import { afterPresence, type Picture, pictureOf } from "./picture.ts"

export type Socket = {
  readonly connection: Connection
  picture: Picture
  /** When the picture was last whole: the instant of its welcome or sync, as a count of the room's events. */
  wholeAt: number
  /** Changes of older segments are in that picture already. */
  firstSegment: number
  readonly messages: string[]
}

export type Told = { readonly socket: Socket; readonly message: Message | null; readonly event: number }

/** `isForced`: a message waited behind its presence frame. `messages`: those that it left waiting. */
export type Flush = { readonly at: number; readonly presences: number; readonly isForced: boolean; readonly messages: number }

const RATE = 1_000_000

export class SimulatedRoom {
  readonly roster = emptyRoster()
  readonly #outbox = emptyOutbox()
  readonly #limits: PaceLimits
  readonly #maxDataBytes: number
  readonly #told: (told: Told) => void
  #pace: Pace = RESTED
  #flushAt: number | null = null
  now = 1000
  /** How many events the room has seen. */
  events = 0
  readonly sockets = new Map<string, Socket>()
  readonly flushes: Flush[] = []

  /** `told` is called after each frame that a socket was sent and has applied. */
  constructor(limits: PaceLimits, maxDataBytes: number, told: (told: Told) => void) {
    this.#limits = limits
    this.#maxDataBytes = maxDataBytes
    this.#told = told
  }

  get isWaiting(): boolean {
    return isWaiting(this.#outbox)
  }

  connect(identity: Identity): Connection {
    const connection = open(this.roster, `c${this.roster.nextRef}`, identity, RATE, this.now)
    this.#welcome(connection)
    return connection
  }

  resume(connection: Connection, identity: Identity): void {
    const changes = resume(this.roster, connection, identity, RATE, this.now)
    this.#welcome(connection)
    this.#perform(changes, [])
  }

  say(connection: Connection, frame: object): Step {
    const limits = {
      maxFrameBytes: 1_000_000,
      maxDataBytes: this.#maxDataBytes,
      maxFramesPerSecond: RATE,
      // Without this bound the naive room need not know how many wait.
      maxWaitingMessages: Number.POSITIVE_INFINITY,
      waitingMessages: this.#outbox.messages,
    }
    const step = receive(this.roster, connection, JSON.stringify(frame), limits, this.now)
    this.#step(connection, step)
    return step
  }

  authorize(connection: Connection, identity: Identity): void {
    this.#step(connection, authorized(this.roster, connection, undefined, { ok: true, value: identity }, this.now))
  }

  /** The connection is over: a goodbye, or whom the room closes. */
  end(connection: Connection, reason: LeaveReason): void {
    this.sockets.delete(connection.id)
    this.#perform(remove(this.roster, connection, reason), [])
  }

  break(connection: Connection): void {
    this.sockets.delete(connection.id)
    startGrace(this.roster, connection, this.now + 1000)
    this.#perform([], [])
  }

  turnAway(connection: Connection): void {
    this.#perform(goAway(this.roster, connection), [])
  }

  wait(ms: number): void {
    const until = this.now + ms
    while (this.#flushAt !== null && this.#flushAt <= until) {
      this.now = Math.max(this.now, this.#flushAt)
      this.#flushAt = null
      this.#flush()
    }
    this.now = until
  }

  /** Until nothing waits. */
  settle(): void {
    while (this.isWaiting) this.wait(60_000)
  }

  #step(connection: Connection, { replies, changes, message }: Step): void {
    const socket = this.sockets.get(connection.id)
    if (socket !== undefined && replies.includes("snapshot")) this.#whole(socket)
    this.#perform(changes, message === null ? [] : [message])
  }

  #welcome(connection: Connection): void {
    const socket: Socket = { connection, picture: new Map(), wholeAt: 0, firstSegment: 0, messages: [] }
    this.sockets.set(connection.id, socket)
    this.#whole(socket)
  }

  #whole(socket: Socket): void {
    const entries = socket.connection.grants.subscribe ? [...present(this.roster)] : []
    socket.picture = pictureOf(JSON.stringify(entries))
    socket.wholeAt = this.events
    socket.firstSegment = firstSegmentAfterSnapshot(this.#outbox)
  }

  #perform(changes: readonly Change[], messages: readonly Message[]): void {
    for (const change of changes) addChange(this.#outbox, change)
    for (const message of messages) addMessage(this.#outbox, message)
    this.#flushWhenDue()
  }

  #flushWhenDue(): void {
    if (this.#flushAt !== null || !isWaiting(this.#outbox)) return
    const at = flushAt(this.#pace, startsWithPresence(this.#outbox), this.#limits)
    if (at <= this.now) this.#flush()
    else this.#flushAt = at
  }

  #flush(): void {
    const deliveries = take(this.#outbox)
    let frames = 0
    for (const delivery of deliveries) {
      const text = JSON.stringify(delivery.frame)
      const message = delivery.kind === "message" ? delivery.message : null
      for (const socket of this.sockets.values()) {
        if (!hears(socket, delivery)) continue
        if (message === null) socket.picture = afterPresence(socket.picture, text)
        else socket.messages.push(text)
        frames++
        this.#told({ socket, message, event: this.events })
      }
    }
    const kinds = deliveries.map(({ kind }) => kind)
    const presences = kinds.filter((kind) => kind === "presence").length
    const isForced = kinds.slice(kinds.indexOf("presence")).includes("message")
    this.flushes.push({ at: this.now, presences, isForced, messages: this.#outbox.messages })
    this.#pace = afterFlush(this.#pace, frames, presences > 0, this.#limits, this.now)
    this.#flushWhenDue()
  }
}

/** As `fan-out.ts` decides who hears what. */
function hears({ connection, firstSegment }: Socket, delivery: Delivery): boolean {
  const { ref, member, grants } = connection
  if (!grants.subscribe) return false
  if (delivery.kind === "presence") return delivery.segment >= firstSegment
  const { before, to } = delivery.message
  return ref < before && (to === null || to.has(member))
}
