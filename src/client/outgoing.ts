/** What this client says about itself, as data: which frame brings what the room has heard to what the app wants. Pure. */
import { applyPatch } from "../core/patch.ts"
import type { ClientFrame } from "../protocol/frames.ts"
import { share } from "./share.ts"
import type { JsonObject } from "./types.ts"

export type OwnFrame = Extract<ClientFrame, { type: "enter" | "update" | "leave" }>

/** Null stands for an observer, on both sides; a null frame: nothing is to be said. */
export function frameBetween(heard: JsonObject | null, wanted: JsonObject | null): OwnFrame | null {
  if (wanted === null) return heard && { type: "leave" }
  if (heard === null) return { type: "enter", data: wanted }
  const data: JsonObject = {}
  for (const key in { ...heard, ...wanted }) {
    const value = Object.hasOwn(wanted, key) ? wanted[key] : null
    if (share(heard[key], value) !== heard[key]) data[key] = value
  }
  return Object.keys(data).length > 0 ? { type: "update", data } : null
}

/** The data after a patch of the app's; the old one itself when the patch changes nothing. */
export function patched(data: JsonObject, patch: object): JsonObject {
  return share(data, applyPatch(data, asJson(patch)))
}

/** A copy as JSON has it, so that the app may go on changing its own. */
export function asJson(data: object): JsonObject {
  return JSON.parse(JSON.stringify(data))
}
