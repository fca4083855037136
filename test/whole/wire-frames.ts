/** The frames from the room as the contract words them, checked strictly: a field too many is a leak, one too few a gap. */
import { z } from "zod"

/** Frames that broke these shapes, of all clients of a test file; it ends red while there is one. */
export const violations: string[] = []

const json = z.record(z.string(), z.unknown())
const ref = z.int().nonnegative()
const refKey = z.string().regex(/^(0|[1-9]\d*)$/)
const millis = z.int().positive()
const status = z.enum(["active", "away"])
/** An unguessable name: one of less than 96 bits in base64 is not. */
const unguessable = z.string().min(16)

/** Data holds no `null` at its top level. */
const data = json.refine((object) => !Object.values(object).includes(null), "data holds a top-level null")
const notEmpty = (value: object) => Object.keys(value).length > 0

export const entrySchema = z.strictObject({
  ref,
  connection: unguessable,
  member: z.string(),
  info: json,
  data,
  status,
  since: millis,
})

export const reasonSchema = z.enum(["left", "closed", "lost", "idle", "kicked", "expired", "room_closed"])

const code = z.literal(
  "bad_json bad_frame unknown_type not_entered forbidden too_large too_fast bad_token bad_room bad_request not_found banned room_full member_full bad_origin upgrade_required misconfigured internal".split(
    " ",
  ),
)

export const frameSchema = z.discriminatedUnion("type", [
  z.strictObject({
    type: z.literal("welcome"),
    protocol: z.literal(1),
    room: z.string(),
    connection: unguessable,
    ref,
    member: z.string(),
    session: unguessable,
    resumed: z.boolean(),
    heartbeat: z.strictObject({ interval: millis, timeout: millis }),
    present: z.array(entrySchema),
    view: z.enum(["members", "count"]).optional(),
    members: z.int().nonnegative().optional(),
  }),
  z.strictObject({ type: z.literal("sync"), present: z.array(entrySchema), members: z.int().nonnegative().optional() }),
  z.strictObject({ type: z.literal("count"), members: z.int().nonnegative() }),
  z
    .strictObject({
      type: z.literal("presence"),
      leave: z
        .array(z.tuple([ref, reasonSchema]))
        .min(1)
        .optional(),
      enter: z.array(entrySchema).min(1).optional(),
      update: z.record(refKey, json.refine(notEmpty, "an empty patch")).refine(notEmpty, "an empty part").optional(),
      status: z.record(refKey, status).refine(notEmpty, "an empty part").optional(),
    })
    .refine((frame) => Object.keys(frame).length > 1, "a presence frame without a change"),
  z.strictObject({ type: z.literal("message"), from: ref.nullable(), member: z.string().nullable(), event: z.string(), data: z.unknown() }),
  z.strictObject({ type: z.literal("ack"), id: z.number() }),
  z.strictObject({ type: z.literal("error"), id: z.number().optional(), code, message: z.string().min(1) }),
  z.strictObject({ type: z.literal("heartbeat") }),
  z.strictObject({ type: z.literal("expiring"), at: millis }),
  z.strictObject({
    type: z.literal("bye"),
    code: z.union([z.literal([1000, 1001, 1011, 1012]), z.int().min(4400).max(4440)]),
    reason: z.string(),
  }),
])

export type Entry = z.infer<typeof entrySchema>
export type RoomFrame = z.infer<typeof frameSchema>
export type FrameType = RoomFrame["type"]
export type FrameOf<T extends FrameType> = Extract<RoomFrame, { type: T }>

/** What `GET /v1/admin/rooms/{room}` answers. */
export const statsSchema = z.strictObject({
  room: z.string(),
  members: z.int().nonnegative(),
  connections: z.int().nonnegative(),
  observers: z.int().nonnegative(),
  since: z.number(),
  peak: z.strictObject({ members: z.int().nonnegative(), at: z.number() }),
  rates: z.strictObject({ framesIn: z.number().nonnegative(), framesOut: z.number().nonnegative() }),
  liveness: z.strictObject({
    nextAlarmAt: z.number().nullable(),
    sweeps: z.int().nonnegative(),
    lost: z.int().nonnegative(),
    idle: z.int().nonnegative(),
  }),
  cache: z.strictObject({
    hits: z.int().nonnegative(),
    misses: z.int().nonnegative(),
    reclaimed: z.int().nonnegative(),
    live: z.int().nonnegative(),
  }),
  wakeups: z.int().nonnegative(),
})
export type Stats = z.infer<typeof statsSchema>

/** An RFC 9457 problem. */
export const problemSchema = z.strictObject({ type: z.string(), title: z.string(), status: z.int(), detail: z.string() })
export type Problem = z.infer<typeof problemSchema>

/** A client's picture of the room, as the contract has frames applied. */
export class Picture {
  readonly entries = new Map<number, Entry>()

  replace(present: readonly Entry[]): void {
    this.entries.clear()
    for (const entry of present) this.entries.set(entry.ref, entry)
  }

  apply(frame: FrameOf<"presence">): void {
    for (const [ref] of frame.leave ?? []) this.entries.delete(ref)
    for (const entry of frame.enter ?? []) this.entries.set(entry.ref, entry)
    for (const [ref, patch] of Object.entries(frame.update ?? {})) {
      this.#change(Number(ref), (entry) => ({ ...entry, data: patched(entry.data, patch) }))
    }
    for (const [ref, status] of Object.entries(frame.status ?? {})) this.#change(Number(ref), (entry) => ({ ...entry, status }))
  }

  /** Sorted by ref, so that two pictures compare by value. */
  list(): Entry[] {
    return [...this.entries.values()].sort((a, b) => a.ref - b.ref)
  }

  #change(ref: number, change: (entry: Entry) => Entry): void {
    const known = this.entries.get(ref)
    if (known !== undefined) this.entries.set(ref, change(known))
  }
}

/** A shallow patch: a value replaces whole, null removes. */
function patched(data: Entry["data"], patch: Entry["data"]): Entry["data"] {
  return Object.fromEntries(Object.entries({ ...data, ...patch }).filter(([, value]) => value !== null))
}
