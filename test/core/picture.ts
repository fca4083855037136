/** What a client makes of the frames it is sent, by the contract's words alone; nothing here is the service's own code. */
import type { Entry, JsonObject, PresenceFrame } from "../../src/protocol/frames.ts"

export type Picture = ReadonlyMap<number, Entry>

/** From a `welcome` or a `sync`: as text, as it comes. */
export function pictureOf(present: string): Picture {
  const entries: Entry[] = JSON.parse(present)
  return new Map(entries.map((entry) => [entry.ref, entry]))
}

/** In one frame leave applies first, then enter, then update, then status; what has an unknown ref is ignored, and an enter replaces. */
export function afterPresence(picture: Picture, text: string): Picture {
  const { leave = [], enter = [], update = {}, status = {} }: PresenceFrame = JSON.parse(text)
  const next = new Map(picture)
  for (const [ref] of leave) next.delete(ref)
  for (const entry of enter) next.set(entry.ref, entry)
  for (const [ref, patch] of Object.entries(update)) {
    const known = next.get(Number(ref))
    if (known !== undefined) next.set(Number(ref), { ...known, data: patched(known.data, patch) })
  }
  for (const [ref, now] of Object.entries(status)) {
    const known = next.get(Number(ref))
    if (known !== undefined) next.set(Number(ref), { ...known, status: now })
  }
  return next
}

export function patched(data: JsonObject, patch: JsonObject): JsonObject {
  const keys = new Map(Object.entries(data))
  for (const [key, value] of Object.entries(patch)) {
    if (value === null) keys.delete(key)
    else keys.set(key, value)
  }
  return Object.fromEntries(keys)
}
