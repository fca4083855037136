/**
 * What an attachment must hold to be one of ours, checked by hand: a room that wakes reads all of its sockets' at once, and with
 * a schema library that was two fifths of the wake. The test holds it against the schema.
 */
import type { Entry } from "../protocol/frames.ts"
import { VIEWS, type View } from "../protocol/views.ts"
import type { Carried } from "./counters.ts"
import type { Tallies } from "./tallies.ts"

/** `info` is what the entry shows; a newer one waits in the ledger when `newer` says so. */
export type Attached = {
  readonly id: string
  readonly ref: number
  readonly member: string
  readonly info: Entry["info"]
  readonly newer?: 1 | undefined
  /** subscribe, presence, message */
  readonly grants: readonly [boolean, boolean, boolean]
  readonly expires: number
  readonly warned?: 1 | undefined
  readonly view?: View | undefined
  readonly deflates?: 1 | undefined
  readonly entry?: Pick<Entry, "data" | "status" | "since"> | undefined
  readonly heard: number
  readonly active: number
  readonly asked?: number | undefined
  readonly errors?: number | undefined
  readonly bytes?: number | undefined
  readonly tallies: Tallies
  readonly counted?: Carried | undefined
}

type Fields<T> = { readonly [K in keyof T]-?: (value: unknown) => boolean }

const isString = (value: unknown) => typeof value === "string"
const isBoolean = (value: unknown) => typeof value === "boolean"
const isNumber = (value: unknown) => Number.isFinite(value)
const isInteger = (value: unknown) => Number.isSafeInteger(value)
const isCount = (value: unknown) => typeof value === "number" && Number.isSafeInteger(value) && value >= 0
const isOne = (value: unknown) => value === 1
const isObject = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === "object" && value !== null && !Array.isArray(value)
const optional = (check: (value: unknown) => boolean) => (value: unknown) => value === undefined || check(value)
const isView = (value: unknown) => VIEWS.some((view) => view === value)

const entryFields: Fields<NonNullable<Attached["entry"]>> = {
  data: isObject,
  status: (value) => value === "active" || value === "away",
  since: isNumber,
}

const talliesFields: Fields<Tallies> = {
  since: isNumber,
  wakeups: isCount,
  sweeps: isCount,
  lost: isCount,
  idle: isCount,
  peak: isCount,
  peakAt: isNumber,
}

const countedFields: Fields<Carried> = {
  at: isNumber,
  counts: (value) => isObject(value) && Object.values(value).every(isCount),
}

const fields: Fields<Attached> = {
  id: isString,
  ref: isInteger,
  member: isString,
  info: isObject,
  newer: optional(isOne),
  grants: (value) => Array.isArray(value) && value.length === 3 && value.every(isBoolean),
  expires: isNumber,
  warned: optional(isOne),
  view: optional(isView),
  deflates: optional(isOne),
  entry: optional((value) => holds(value, entryFields)),
  heard: isNumber,
  active: isNumber,
  asked: optional(isNumber),
  errors: optional(isInteger),
  bytes: optional(isInteger),
  tallies: (value) => holds(value, talliesFields),
  counted: optional((value) => holds(value, countedFields)),
}

export function isAttached(value: unknown): value is Attached {
  return holds(value, fields)
}

/** Unknown fields are let be: who reads names what is read. */
function holds<T>(value: unknown, all: Fields<T>): boolean {
  if (!isObject(value)) return false
  for (const name in all) if (!all[name](value[name])) return false
  return true
}
