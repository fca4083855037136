/**
 * A gateway that is not built: it holds the sockets of some watchers and members, sends the room one merged frame a tick of what its
 * members did, and tells its watchers one merged frame a tick of what the room says. It is made of the room's own outbox and pace.
 */
import { addChange, emptyOutbox, isWaiting, take } from "../../src/core/outbox.ts"
import { afterFlush, flushAt, type PaceLimits, RESTED } from "../../src/core/pace.ts"
import { composePatches } from "../../src/core/patch.ts"
import type { Entry, JsonObject, PresenceFrame } from "../../src/protocol/frames.ts"
import type { Timeline } from "./timeline.ts"
import { lay, type Told } from "./told.ts"

/** What members of one gateway did since its last word to the room. */
export type Upward = Map<string, { readonly data: JsonObject; readonly isEnter: boolean } | "leave">

/** From the room: what changed, how many are present, or everything. */
export type Downward =
  | { readonly kind: "presence"; readonly frame: PresenceFrame }
  | { readonly kind: "count"; readonly members: number }
  | { readonly kind: "whole"; readonly present: readonly Entry[]; readonly members: number }

export type GatewayPorts = {
  readonly toRoom: (upward: Upward) => void
  /** One text to each of the watchers, at this instant. `frame` is what it says. */
  readonly toWatchers: (text: string, frame: PresenceFrame | null) => void
}

export class Gateway {
  readonly #timeline: Timeline
  readonly #limits: PaceLimits
  readonly #watchers: number
  readonly #ports: GatewayPorts
  readonly #outbox = emptyOutbox()
  #upward: Upward = new Map()
  #upwardAt = 0
  #isSending = false
  #isTelling = false
  #pace = RESTED
  #members = 0
  #toldMembers = 0
  /** What the room said, and what the watchers were told of it. */
  readonly known: Told = new Map()
  readonly told: Told = new Map()

  constructor(timeline: Timeline, limits: PaceLimits, watchers: number, ports: GatewayPorts) {
    this.#timeline = timeline
    this.#limits = limits
    this.#watchers = watchers
    this.#ports = ports
  }

  get toldMembers(): number {
    return this.#toldMembers
  }

  /** One of its members speaks. */
  hear(member: string, said: { readonly data: JsonObject; readonly isEnter: boolean } | "leave"): void {
    const before = this.#upward.get(member)
    const isMerged = said !== "leave" && !said.isEnter && before !== undefined && before !== "leave"
    this.#upward.set(member, isMerged ? { data: composePatches(before.data, said.data), isEnter: before.isEnter } : said)
    if (this.#isSending) return
    this.#isSending = true
    this.#timeline.after(this.#upwardAt - this.#timeline.now, () => this.#send())
  }

  /** The room speaks. */
  receive(downward: Downward): void {
    if (downward.kind === "count") this.#members = downward.members
    else if (downward.kind === "presence") this.#lay(downward.frame)
    else {
      this.#members = downward.members
      const present = new Set(downward.present.map(({ ref }) => ref))
      const gone = [...this.known.keys()].filter((ref) => !present.has(ref))
      this.#lay({ type: "presence", leave: gone.map((ref) => [ref, "left"]), enter: [...downward.present] })
    }
    this.#tellWhenDue()
  }

  #lay(frame: PresenceFrame): void {
    for (const change of lay(this.known, frame)) addChange(this.#outbox, change)
  }

  #send(): void {
    this.#isSending = false
    this.#upwardAt = this.#timeline.now + this.#limits.tickMs
    const upward = this.#upward
    this.#upward = new Map()
    this.#ports.toRoom(upward)
  }

  #tellWhenDue(): void {
    if (this.#isTelling || !(isWaiting(this.#outbox) || this.#members !== this.#toldMembers)) return
    this.#isTelling = true
    this.#timeline.after(flushAt(this.#pace, true, this.#limits) - this.#timeline.now, () => this.#tell())
  }

  #tell(): void {
    this.#isTelling = false
    if (this.#members !== this.#toldMembers) {
      this.#toldMembers = this.#members
      this.#ports.toWatchers(JSON.stringify({ type: "count", members: this.#members }), null)
    }
    for (const delivery of take(this.#outbox)) {
      if (delivery.kind !== "presence") continue
      const text = JSON.stringify(delivery.frame)
      lay(this.told, delivery.frame)
      this.#ports.toWatchers(text, delivery.frame)
    }
    this.#pace = afterFlush(this.#pace, this.#watchers, true, this.#limits, this.#timeline.now)
    this.#tellWhenDue()
  }
}
