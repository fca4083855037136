/**
 * What a client knows of a room: pure, immutable, structurally shared. Every step gives the next picture and exactly what differs.
 * Entries are matched by connection, never by ref: after a crash of the room a ref may mean another connection.
 */
import { applyPatch } from "../core/patch.ts"
import type { Entry, PresenceFrame } from "../protocol/frames.ts"
import { share, shareObject } from "./share.ts"
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
  const known = new Map([...picture.values()].map((entry) => [entry.connection, entry]))
  const next = new Map<number, Entry>()
  const differences: Difference[] = []
  // The same order for everybody, however the room listed them.
  for (const entry of present.toSorted((a, b) => a.since - b.since || a.ref - b.ref)) {
    const previous = known.get(entry.connection)
    known.delete(entry.connection)
    const shared = previous === undefined ? entry : shareEntry(previous, entry)
    next.set(entry.ref, shared)
    if (previous === undefined) differences.push({ kind: "enter", entry })
    else if (shared !== previous) differences.push({ kind: "change", entry: shared, previous })
  }
  const left = [...known.values()].map((entry): Difference => ({ kind: "leave", entry, reason: "unseen" }))
  return { picture: next, differences: [...left, ...differences] }
}

/** One presence frame: leave, then enter, then update, then status. A ref that is not known is ignored. */
export function applied(picture: Picture, frame: PresenceFrame): Step {
  const next = new Map(picture)
  const differences: Difference[] = []
  const leave = (ref: number, reason: LeaveReason) => {
    const entry = next.get(ref)
    if (entry === undefined) return
    next.delete(ref)
    differences.push({ kind: "leave", entry, reason })
  }
  const change = (previous: Entry | undefined, changed: Entry) => {
    if (previous === undefined) return
    const entry = shareEntry(previous, changed)
    if (entry === previous) return
    next.set(entry.ref, entry)
    differences.push({ kind: "change", entry, previous })
  }
  for (const [ref, reason] of frame.leave ?? []) leave(ref, reason)
  for (const entry of frame.enter ?? []) {
    const previous = next.get(entry.ref)
    if (previous?.connection === entry.connection) {
      change(previous, entry)
      continue
    }
    leave(entry.ref, "unseen")
    next.set(entry.ref, entry)
    differences.push({ kind: "enter", entry })
  }
  for (const [ref, patch] of Object.entries(frame.update ?? {})) {
    const previous = next.get(Number(ref))
    if (previous !== undefined) change(previous, { ...previous, data: applyPatch(previous.data, patch) })
  }
  for (const [ref, status] of Object.entries(frame.status ?? {})) {
    const previous = next.get(Number(ref))
    if (previous !== undefined) change(previous, { ...previous, status })
  }
  return { picture: differences.length > 0 ? next : picture, differences }
}

function shareEntry(old: Entry, next: Entry): Entry {
  const data = shareObject(old.data, next.data)
  const info = shareObject(old.info, next.info)
  const shared = { ...next, data, info }
  return share(old, shared) === old ? old : shared
}
