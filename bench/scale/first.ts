/** The view of a room so large that nobody wants all of it: the K who have been there longest, and nothing of the others. */
import type { LeaveReason } from "../../src/protocol/close-codes.ts"
import type { Entry, JsonObject, PresenceFrame, Status } from "../../src/protocol/frames.ts"

/** What was told last, so that the next frame says what differs. One for all who have this view, and for those who come between two frames. */
export class FirstView {
  readonly #size: number
  #shown: ReadonlySet<number> = new Set()
  /** Some have seen these since: whoever came between two frames. They may have gone before anybody else was told of them. */
  readonly #seen = new Set<number>()

  constructor(size: number) {
    this.#size = size
  }

  /** Of those present, oldest first. */
  of(present: Iterable<Entry>): Entry[] {
    const first: Entry[] = []
    for (const entry of present) {
      if (first.length === this.#size) break
      first.push(entry)
    }
    return first
  }

  /** The same, for somebody who comes now. */
  whole(present: Iterable<Entry>): Entry[] {
    const first = this.of(present)
    for (const { ref } of first) this.#seen.add(ref)
    return first
  }

  /** The frame for this view, or null: nothing of it is shown. `present` is the room as it is after the frame. */
  frame(frame: PresenceFrame, present: Iterable<Entry>): PresenceFrame | null {
    const first = this.of(present)
    const before = this.#shown
    const now = new Set(first.map(({ ref }) => ref))
    this.#shown = now
    const reasons = new Map(frame.leave)
    const anew = new Set(frame.enter?.map(({ ref }) => ref))
    const leave = [...new Set([...before, ...this.#seen])]
      .filter((ref) => !now.has(ref))
      .map((ref): [number, LeaveReason] => [ref, reasons.get(ref) ?? "left"])
    const enter = first.filter(({ ref }) => !before.has(ref) || anew.has(ref))
    this.#seen.clear()
    const entered = new Set(enter.map(({ ref }) => ref))
    const isShown = ([ref]: readonly [string, unknown]) => now.has(Number(ref)) && !entered.has(Number(ref))
    const update = Object.entries<JsonObject>(frame.update ?? {}).filter(isShown)
    const status = Object.entries<Status>(frame.status ?? {}).filter(isShown)
    if (leave.length + enter.length + update.length + status.length === 0) return null
    return {
      type: "presence",
      ...(leave.length > 0 ? { leave } : {}),
      ...(enter.length > 0 ? { enter } : {}),
      ...(update.length > 0 ? { update: Object.fromEntries(update) } : {}),
      ...(status.length > 0 ? { status: Object.fromEntries(status) } : {}),
    }
  }
}
