/** What this client says about itself, as data: which frame brings what the room has heard to what the app wants. Pure. */
import { applyPatch } from "../core/patch.ts"
import type { ClientFrame } from "../protocol/frames.ts"
import { share, shareObject } from "./share.ts"
import type { JsonObject } from "./types.ts"

export type OwnFrame = Extract<ClientFrame, { type: "enter" | "update" | "leave" }>

/** Null stands for an observer, on both sides; a null frame: nothing is to be said. */
export function frameBetween(heard: JsonObject | null, wanted: JsonObject | null): OwnFrame | null {
  if (wanted === null) return heard === null ? null : { type: "leave" }
  if (heard === null) return { type: "enter", data: wanted }
  const patch: JsonObject = {}
  for (const key in wanted) {
    if (!Object.hasOwn(heard, key) || share(heard[key], wanted[key]) !== heard[key]) patch[key] = wanted[key]
  }
  for (const key in heard) if (!Object.hasOwn(wanted, key)) patch[key] = null
  return Object.keys(patch).length > 0 ? { type: "update", data: patch } : null
}

/** The data after a patch of the app's; the old one itself when the patch changes nothing. */
export function patched(data: JsonObject, patch: object): JsonObject {
  return shareObject(data, applyPatch(data, asJson(patch)))
}

/** A copy as JSON has it, so that the app may go on changing its own. A key that is undefined counts as null: it is removed. */
export function asJson(data: object): JsonObject {
  const copy: JsonObject = {}
  for (const [key, value] of Object.entries(data)) {
    const text: string | undefined = JSON.stringify(value)
    copy[key] = text === undefined ? null : JSON.parse(text)
  }
  return copy
}
