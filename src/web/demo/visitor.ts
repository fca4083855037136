/** Who opened the page: made up at the first visit, kept in this browser, changed at will. */
import { isColor, PALETTE } from "./color.ts"

export type Visitor = { readonly member: string; readonly name: string; readonly color: string }

const KEY = "rollcall-demo-visitor"
const MEMBER = /^[A-Za-z0-9_-]{1,64}$/

const MANNERS = [
  "Brave",
  "Calm",
  "Clever",
  "Curious",
  "Eager",
  "Gentle",
  "Happy",
  "Keen",
  "Lucky",
  "Merry",
  "Nimble",
  "Quiet",
  "Swift",
  "Witty",
]
const ANIMALS = ["Badger", "Crane", "Dolphin", "Falcon", "Fox", "Heron", "Lynx", "Marten", "Otter", "Owl", "Panda", "Robin", "Seal", "Wren"]

/**
 * `isGuest`: a second window that is to be somebody else. A guest lives as long as its window, everybody else as long as the browser
 * keeps them.
 */
export function visitorStore(isGuest: boolean): { load(): Visitor; save(visitor: Visitor): void } {
  const place = (): Storage => (isGuest ? sessionStorage : localStorage)
  const save = (visitor: Visitor) => {
    try {
      place().setItem(KEY, JSON.stringify(visitor))
    } catch {
      // Storage is full or forbidden: the visitor lasts until the page goes.
    }
  }
  return {
    save,
    load() {
      const known = read(place)
      if (known !== null) return known
      const visitor = invent()
      save(visitor)
      return visitor
    },
  }
}

function read(place: () => Storage): Visitor | null {
  try {
    const value: unknown = JSON.parse(place().getItem(KEY) ?? "null")
    if (typeof value !== "object" || value === null) return null
    if (!("member" in value && "name" in value && "color" in value)) return null
    const { member, name, color } = value
    if (typeof member !== "string" || !MEMBER.test(member)) return null
    return typeof name === "string" && name.trim() !== "" && isColor(color) ? { member, name, color } : null
  } catch {
    return null
  }
}

function invent(): Visitor {
  // Not randomUUID: that one wants a secure context, and a phone in the same network opens plain http.
  const bytes = crypto.getRandomValues(new Uint8Array(9))
  const member = [...bytes].map((byte) => byte.toString(16).padStart(2, "0")).join("")
  return { member, name: `${pick(MANNERS)} ${pick(ANIMALS)}`, color: pick(PALETTE) }
}

function pick<T>(list: readonly T[]): T {
  const [byte = 0] = crypto.getRandomValues(new Uint8Array(1))
  const found = list[byte % list.length]
  if (found === undefined) throw new Error("nothing to pick from")
  return found
}
