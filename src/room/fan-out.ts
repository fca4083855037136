/** From changes to recipients: what waits in the outbox is encoded once per tick, and the same text goes to all. */

import type { Connection } from "../core/connection.ts"
import {
  addChange,
  addMessage,
  type Delivery,
  emptyOutbox,
  firstSegmentAfterSnapshot,
  isWaiting,
  type Message,
  type Outbox,
  startsWithPresence,
  take,
} from "../core/outbox.ts"
import { afterFlush, flushAt, framesWorth, type Pace, type PaceLimits, RESTED } from "../core/pace.ts"
import type { Change } from "../core/roster.ts"
import { tellUpTo } from "../core/told.ts"
import { membersOnly, movesCount } from "../core/view.ts"
import type { RoomFrame } from "../protocol/frames.ts"
import type { View } from "../protocol/views.ts"
import { DEFLATE_FROM, deflated } from "./deflate.ts"
import type { Recipients } from "./recipients.ts"
import type { Traffic } from "./traffic.ts"

/** A tick that a timer began late by so much at most is counted as begun when it was due: else forty a second are thirty-six. */
const MAX_CAUGHT_UP_MS = 4

export type FanOutPorts<R extends WeakKey> = {
  /** So many updates went out with an earlier one of their connection. */
  readonly merged: (updates: number) => void
  /** How many members are present. */
  readonly members: () => number
  /** The roster's. */
  readonly version: () => number
  /** Before anything is told: who entered since the last flush is recorded. */
  readonly recordEntered: () => void
  /** What waited for the end of a tick was told. */
  readonly ticked: () => void
  /** One that took no frame: it is closed already, and its connection has to be let go. */
  readonly failed: (recipient: R) => void
}

type Encoded = { readonly text: string; deflated: Uint8Array | null }

export class FanOut<R extends WeakKey> {
  readonly #recipients: Recipients<R>
  readonly #traffic: Pick<Traffic, "sent">
  readonly #limits: PaceLimits
  readonly #ports: FanOutPorts<R>
  readonly #outbox: Outbox = emptyOutbox()
  #pace: Pace = RESTED
  /** When somebody last came or went. */
  #movedAt = Number.NEGATIVE_INFINITY
  /** Updates that came in since everything was last told. */
  #updates = 0
  /** What the snapshot that one was sent does not hold yet begins with this segment. */
  readonly #firstSegments = new WeakMap<R, number>()
  /** The only timer of the room, pending only while changes wait: a timer keeps the object from hibernating. */
  #timer: ReturnType<typeof setTimeout> | null = null
  #timerDue = 0
  /** What the clock said when it was last looked at. */
  #lastNow = Number.NEGATIVE_INFINITY

  constructor(recipients: Recipients<R>, traffic: Pick<Traffic, "sent">, limits: PaceLimits, ports: FanOutPorts<R>) {
    this.#recipients = recipients
    this.#traffic = traffic
    this.#limits = limits
    this.#ports = ports
  }

  get waitingMessages(): number {
    return this.#outbox.messages
  }

  /** Whether a flush is to come by itself. */
  get isPending(): boolean {
    return this.#timer !== null
  }

  /** One is about to be sent the whole room: older changes that still wait are not for it. */
  snapshotTaken(recipient: R): void {
    if (isWaiting(this.#outbox)) this.#firstSegments.set(recipient, firstSegmentAfterSnapshot(this.#outbox))
  }

  add(changes: readonly Change[], messages: readonly Message[]): void {
    for (const change of changes) {
      addChange(this.#outbox, change)
      if (change.kind === "update") this.#updates++
      if (change.kind === "enter" || change.kind === "leave") this.#movedAt = Date.now()
    }
    for (const message of messages) addMessage(this.#outbox, message)
  }

  /** Tells what waits, now if the pace allows, else when it does. */
  flushWhenDue(now: number): void {
    if (!isWaiting(this.#outbox)) return
    this.#lookAtClock(now)
    const due = this.#due()
    if (this.#timer !== null) {
      // It stands, unless it waits for more, and a message came.
      if (due >= this.#timerDue) return
      clearTimeout(this.#timer)
      this.#timer = null
    }
    if (due <= now) {
      this.#flush(now, now)
      return
    }
    this.#timerDue = due
    this.#timer = setTimeout(() => this.#tick(), due - now)
  }

  /** Tells all that waits, whatever the pace. */
  flushNow(): void {
    if (this.#timer !== null) clearTimeout(this.#timer)
    this.#timer = null
    const now = Date.now()
    if (isWaiting(this.#outbox)) this.#flush(now, now)
  }

  /** A clock that was set back must not silence the room until it is again as late as it was. */
  #lookAtClock(now: number): void {
    if (now < this.#lastNow) {
      this.#pace = RESTED
      this.#movedAt = Number.NEGATIVE_INFINITY
    }
    this.#lastNow = now
  }

  /** No message waits for a crowd, nor for the thread. */
  #due(): number {
    const movedAt = this.#outbox.messages > 0 ? null : this.#movedAt
    return flushAt(this.#pace, startsWithPresence(this.#outbox), this.#limits, movedAt)
  }

  #tick(): void {
    this.#timer = null
    const now = Date.now()
    this.#lookAtClock(now)
    const due = this.#timerDue
    // More of a crowd may have come meanwhile.
    if (this.#due() > Math.max(due, now)) {
      this.flushWhenDue(now)
      return
    }
    // Timers may come a little early, too.
    this.#flush(now, Math.min(now, Math.max(due, now - MAX_CAUGHT_UP_MS)), now - due)
    this.#ports.ticked()
  }

  /** `begun`: from when the next tick is counted; `late`: how late the timer was. */
  #flush(now: number, begun: number, late: number | null = null): void {
    this.#ports.recordEntered()
    const deliveries = take(this.#outbox)
    this.#countMerged(deliveries)
    const recipients = this.#recipients.open()
    const failed = new Set<R>()
    const version = isWaiting(this.#outbox) ? null : this.#ports.version()
    let frames = 0
    let worth = 0
    for (const delivery of deliveries) {
      const told: Partial<Record<View, Encoded | null>> = {}
      for (const recipient of recipients) {
        const connection = this.#hears(recipient, delivery)
        if (connection === null) continue
        const { view, deflates } = connection
        // Encoded once for all who see as much, and compressed once for those of them who take that.
        const encoded = told[view] === undefined ? this.#encode(view, delivery) : told[view]
        told[view] = encoded
        if (delivery.kind === "presence") tellUpTo(connection, encoded !== null, version)
        if (encoded === null) continue
        const frame = deflates ? compressed(encoded) : encoded.text
        if (!this.#recipients.send(recipient, frame)) failed.add(recipient)
        frames++
        worth += framesWorth(frame.length)
      }
    }
    this.#traffic.sent(frames, now)
    const hadPresence = deliveries.some(({ kind }) => kind === "presence")
    this.#pace = afterFlush(this.#pace, worth, hadPresence, this.#limits, begun, moved(deliveries), late)
    for (const recipient of failed) this.#ports.failed(recipient)
    this.flushWhenDue(now)
  }

  #countMerged(deliveries: readonly Delivery[]): void {
    for (const { kind, frame } of deliveries) if (kind === "presence") this.#updates -= Object.keys(frame.update ?? {}).length
    if (isWaiting(this.#outbox)) return
    this.#ports.merged(this.#updates)
    this.#updates = 0
  }

  /** As whom one is told this, or null: it is not. */
  #hears(recipient: R, delivery: Delivery): Connection | null {
    const connection = this.#recipients.connectionOf(recipient)
    if (connection === null || !connection.grants.subscribe) return null
    if (delivery.kind === "presence") return delivery.segment >= (this.#firstSegments.get(recipient) ?? 0) ? connection : null
    const { before, to } = delivery.message
    return connection.ref < before && (to === null || to.has(connection.member)) ? connection : null
  }

  /** Null: the frame holds nothing for who sees that much. */
  #encode(view: View, delivery: Delivery): Encoded | null {
    const frame = this.#frameFor(view, delivery)
    return frame === null ? null : { text: JSON.stringify(frame), deflated: null }
  }

  #frameFor(view: View, delivery: Delivery): RoomFrame | null {
    if (view === "full" || delivery.kind === "message") return delivery.frame
    if (view === "members") return membersOnly(delivery.frame)
    return movesCount(delivery.frame) ? { type: "count", members: this.#ports.members() } : null
  }
}

/** How many came or went, of whom these tell. */
function moved(deliveries: readonly Delivery[]): number {
  let moved = 0
  for (const { kind, frame } of deliveries) if (kind === "presence") moved += (frame.enter?.length ?? 0) + (frame.leave?.length ?? 0)
  return moved
}

/** Once for all who take it. */
function compressed(encoded: Encoded): string | Uint8Array {
  if (encoded.text.length < DEFLATE_FROM) return encoded.text
  encoded.deflated ??= deflated(encoded.text)
  return encoded.deflated
}
