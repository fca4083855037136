/** What a gateway, and so each of its watchers, knows of a room: entries by ref, and how many are present. */
import { applyPatch } from "../../src/core/patch.ts"
import type { Change } from "../../src/core/roster.ts"
import type { Entry, PresenceFrame } from "../../src/protocol/frames.ts"

export type Told = Map<number, Entry>

/** Lays a frame over what was known, in place, in the contract's order. Returns it as changes, so that they can be merged again. */
export function lay(told: Told, { leave = [], enter = [], update = {}, status = {} }: PresenceFrame): Change[] {
  const changes: Change[] = []
  for (const [ref, reason] of leave) {
    const entry = told.get(ref)
    if (entry === undefined) continue
    told.delete(ref)
    changes.push({ kind: "leave", entry, reason })
  }
  for (const entry of enter) {
    told.set(entry.ref, entry)
    changes.push({ kind: "enter", entry, isNews: true })
  }
  for (const [ref, patch] of Object.entries(update)) {
    const known = told.get(Number(ref))
    if (known === undefined) continue
    const entry = { ...known, data: applyPatch(known.data, patch) }
    told.set(entry.ref, entry)
    changes.push({ kind: "update", entry, patch })
  }
  for (const [ref, now] of Object.entries(status)) {
    const known = told.get(Number(ref))
    if (known === undefined) continue
    const entry = { ...known, status: now }
    told.set(entry.ref, entry)
    changes.push({ kind: "status", entry })
  }
  return changes
}
