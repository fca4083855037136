/**
 * What a client knows of a room: pure, immutable, structurally shared. Every step gives the next picture and exactly what differs.
 * Entries are matched by connection, never by ref: after a crash of the room a ref may mean another connection.
 */
import { applyPatch } from "../core/patch.ts"
import type { Entry, PresenceFrame } from "../protocol/frames.ts"
import { share } from "./share.ts"
import type { LeaveReason } from "./types.ts"

/** By ref, oldest first. */
export type Picture = ReadonlyMap<number, Entry>

export type Difference =
  | { readonly kind: "enter"; readonly entry: Entry }
  | { readonly kind: "change"; readonly entry: Entry; readonly previous: Entry }
  | { readonly kind: "leave"; readonly entry: Entry; readonly reason: LeaveReason }

export type Step = { readonly picture: Picture; readonly differences: readonly Difference[] }

export const NOBODY: Picture = new Map()

/** The whole room anew, as `welcome` and `sync` tell it: what it does not list left unseen. */
export function replaced(picture: Picture, present: readonly Entry[]): Step {
  const listed = new Map(present.map(({ ref, connection }) => [ref, connection]))
  const gone = [...picture.values()].filter(({ ref, connection }) => listed.get(ref) !== connection)
  // The same order for everybody, however the room listed them.
  return applied(picture, {
    leave: gone.map(({ ref }) => [ref, "unseen"]),
    enter: present.toSorted((a, b) => a.since - b.since || a.ref - b.ref),
  })
}

/** What a presence frame says, and what takes its place when a whole room is told. */
export type Changes = {
  readonly leave?: readonly (readonly [ref: number, reason: LeaveReason])[] | undefined
  readonly enter?: readonly Entry[] | undefined
  readonly update?: PresenceFrame["update"]
  readonly status?: PresenceFrame["status"]
}

/** Leave, then enter, then update, then status. A ref that is not known is ignored. */
export function applied(picture: Picture, { leave = [], enter = [], update = {}, status = {} }: Changes): Step {
  const next = new Map(picture)
  const differences: Difference[] = []
  const left = (ref: number, reason: LeaveReason) => {
    const entry = next.get(ref)
    if (entry !== undefined) differences.push({ kind: "leave", entry, reason })
    next.delete(ref)
  }
  const changed = (ref: string | number, change: Partial<Entry>) => {
    const previous = next.get(Number(ref))
    if (previous === undefined) return
    const entry = share(previous, { ...previous, ...change })
    if (entry === previous) return
    next.set(entry.ref, entry)
    differences.push({ kind: "change", entry, previous })
  }
  for (const [ref, reason] of leave) left(ref, reason)
  for (const entry of enter) {
    const { ref, connection } = entry
    if (next.get(ref)?.connection === connection) changed(ref, entry)
    else {
      left(ref, "unseen")
      next.set(ref, entry)
      differences.push({ kind: "enter", entry })
    }
  }
  for (const ref in update) changed(ref, { data: applyPatch(next.get(Number(ref))?.data ?? {}, update[ref] ?? {}) })
  for (const ref in status) changed(ref, { status: status[ref] ?? "active" })
  return { picture: differences.length > 0 ? next : picture, differences }
}
