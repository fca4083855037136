/** The room as gateways would see it: the service's roster, outbox and pace, with gateways in the place of sockets. */
import { addChange, emptyOutbox, firstSegmentAfterSnapshot, isWaiting, take } from "../../src/core/outbox.ts"
import { afterFlush, flushAt, type PaceLimits, RESTED } from "../../src/core/pace.ts"
import { type Change, emptyRoster, enter, open, present, remove, update } from "../../src/core/roster.ts"
import { membersOnly, movesCount, withoutData } from "../../src/core/view.ts"
import type { Entry, PresenceFrame } from "../../src/protocol/frames.ts"
import { FirstView } from "./first.ts"
import type { Downward, Upward } from "./gateway.ts"
import type { Timeline } from "./timeline.ts"

/** What all watchers of a run see of the room. */
export type WatchersView = "full" | "members" | "count" | { readonly first: number }

type Link = { readonly send: (downward: Downward, text: string) => void; firstSegment: number }

export class Hub {
  readonly roster = emptyRoster()
  readonly #timeline: Timeline
  readonly #limits: PaceLimits
  readonly #view: WatchersView
  readonly #first: FirstView | null
  readonly #outbox = emptyOutbox()
  readonly #links = new Map<number, Link>()
  #isWaiting = false
  #pace = RESTED

  constructor(timeline: Timeline, limits: PaceLimits, view: WatchersView) {
    this.#timeline = timeline
    this.#limits = limits
    this.#view = view
    this.#first = typeof view === "object" ? new FirstView(view.first) : null
  }

  /** A gateway comes, or comes back after its line broke: it is sent the room. */
  link(gateway: number, send: Link["send"]): void {
    this.#links.set(gateway, { send, firstSegment: firstSegmentAfterSnapshot(this.#outbox) })
    const downward: Downward = {
      kind: "whole",
      present: this.#first?.whole(present(this.roster)) ?? this.visible(),
      members: this.#view === "count" ? this.roster.presentOf.size : 0,
    }
    send(downward, JSON.stringify(downward))
  }

  unlink(gateway: number): void {
    this.#links.delete(gateway)
  }

  /** As far as the view goes. */
  visible(): Entry[] {
    if (this.#view === "count") return []
    if (this.#view === "members") return Array.from(present(this.roster), withoutData)
    return this.#first?.of(present(this.roster)) ?? [...present(this.roster)]
  }

  receive(upward: Upward): void {
    const { now } = this.#timeline
    for (const [member, said] of upward) {
      const known = this.roster.connections.get(member)
      if (said === "leave") {
        if (known !== undefined) this.#add(remove(this.roster, known, "left"))
        continue
      }
      const identity = { member, info: { name: member }, grants: { subscribe: true, presence: true, message: true }, expiresAt: 1e15 }
      const connection = known ?? open(this.roster, member, identity, 60, now)
      const done = said.isEnter ? enter(this.roster, connection, said.data, 8192, now) : update(this.roster, connection, said.data, 0, 8192)
      if (!done.ok) throw new Error(done.error.message)
      this.#add(done.value)
    }
    this.#tellWhenDue()
  }

  #add(changes: readonly Change[]): void {
    for (const change of changes) addChange(this.#outbox, change)
  }

  #tellWhenDue(): void {
    if (this.#isWaiting || !isWaiting(this.#outbox)) return
    this.#isWaiting = true
    this.#timeline.after(flushAt(this.#pace, true, this.#limits) - this.#timeline.now, () => this.#tell())
  }

  #tell(): void {
    this.#isWaiting = false
    let frames = 0
    for (const delivery of take(this.#outbox)) {
      if (delivery.kind !== "presence") continue
      const downward = this.#seen(delivery.frame)
      if (downward === null) continue
      const text = JSON.stringify(downward)
      for (const { send, firstSegment } of this.#links.values()) {
        if (delivery.segment < firstSegment) continue
        send(downward, text)
        frames++
      }
    }
    this.#pace = afterFlush(this.#pace, frames, frames > 0, this.#limits, this.#timeline.now)
    this.#tellWhenDue()
  }

  #seen(frame: PresenceFrame): Downward | null {
    if (this.#view === "count") return movesCount(frame) ? { kind: "count", members: this.roster.presentOf.size } : null
    const seen =
      this.#first !== null ? this.#first.frame(frame, present(this.roster)) : this.#view === "members" ? membersOnly(frame) : frame
    return seen === null ? null : { kind: "presence", frame: seen }
  }
}
