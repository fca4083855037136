/** What people say about themselves here, and how it is read: it is untrusted, so that every value is checked before it is shown. */
import type { Entry, Member, Room, Status } from "../../client/index.ts"
import { inkOn, isColor, PALETTE } from "./color.ts"

/** A place on the stage, both from 0 to 1: a phone and a laptop agree on it. */
export type Point = { readonly x: number; readonly y: number }

export const REACTIONS = ["heart", "star", "bolt"] as const
export type Reaction = (typeof REACTIONS)[number]

export type Presence = {
  readonly name?: string
  readonly color?: string
  readonly cursor?: Point
  readonly typing?: boolean
}

/** From the token. */
export type Info = { readonly name?: string; readonly color?: string }

export type Messages = {
  readonly note: { readonly text: string }
  readonly ripple: Point
  readonly reaction: Point & { readonly kind: Reaction }
}

export type DemoRoom = Room<Presence, Info, Messages>
export type DemoEntry = Entry<Presence, Info>

/** How somebody looks. */
export type Look = { readonly name: string; readonly color: string; readonly ink: string; readonly initials: string }

/** Somebody, without what changes many times a second. */
export type Person = Look & {
  readonly member: string
  readonly status: Status
  readonly isTyping: boolean
  readonly isSelf: boolean
  readonly windows: number
}

const NAME_LIMIT = 40

/** A name that was changed here outdoes the one in the token. */
export function lookOf({ member, info, data }: Pick<DemoEntry, "member" | "info" | "data">): Look {
  const name = nameFrom(data.name) ?? nameFrom(info.name) ?? "Somebody"
  const color = [data.color, info.color].find(isColor) ?? colorOf(member)
  return { name, color, ink: inkOn(color), initials: initialsOf(name) }
}

export function personOf(member: Member<Presence, Info>): Person {
  const { connections, isSelf, status } = member
  const isTyping = connections.some((entry) => entry.data.typing === true && entry.status === "active")
  return { ...lookOf(member), member: member.member, status, isTyping, isSelf, windows: connections.length }
}

export function samePeople(a: readonly Person[], b: readonly Person[]): boolean {
  return JSON.stringify(a) === JSON.stringify(b)
}

export function pointFrom(value: unknown): Point | null {
  if (typeof value !== "object" || value === null || !("x" in value) || !("y" in value)) return null
  const { x, y } = value
  return isShare(x) && isShare(y) ? { x, y } : null
}

export function reactionFrom(value: unknown): Messages["reaction"] | null {
  const point = pointFrom(value)
  if (point === null || typeof value !== "object" || value === null || !("kind" in value)) return null
  const kind = REACTIONS.find((known) => known === value.kind)
  return kind === undefined ? null : { ...point, kind }
}

export function textFrom(value: unknown): string | null {
  if (typeof value !== "object" || value === null || !("text" in value) || typeof value.text !== "string") return null
  return value.text.trim().slice(0, 280) || null
}

/** "Anna", "Anna and Bert", "Anna, Bert and 3 others". */
export function listOf(names: readonly string[]): string {
  const [first = "", second = "", ...rest] = names
  if (names.length < 2) return first
  if (rest.length === 0) return `${first} and ${second}`
  return rest.length === 1 ? `${first}, ${second} and ${rest[0]}` : `${first}, ${second} and ${rest.length} others`
}

function nameFrom(value: unknown): string | null {
  return typeof value === "string" ? value.trim().slice(0, NAME_LIMIT) || null : null
}

function isShare(value: unknown): value is number {
  return typeof value === "number" && value >= 0 && value <= 1
}

function initialsOf(name: string): string {
  const [first = "", ...rest] = name.split(/\s+/).map((word) => [...word][0] ?? "")
  return `${first}${rest.at(-1) ?? ""}`.toUpperCase()
}

/** Somebody who names no colour has the same one on every screen. */
function colorOf(member: string): string {
  let sum = 0
  for (const character of member) sum = (sum * 31 + (character.codePointAt(0) ?? 0)) >>> 0
  return PALETTE[sum % PALETTE.length] ?? PALETTE[0]
}
