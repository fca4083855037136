/** One schema per frame, both directions. The types are inferred; the room, the client and docs/protocol.md share them. */
import { z } from "zod"
import { CLOSE_CODES, LEAVE_REASONS } from "./close-codes.ts"
import { ERROR_CODES } from "./errors.ts"
import { viewSchema } from "./views.ts"

/** A JSON object whose keys are the app's. What JSON cannot hold, and `__proto__`, was refused before (parse.ts). */
export const jsonObjectSchema = z.looseObject({})
export type JsonObject = z.infer<typeof jsonObjectSchema>

/** A request that carries an `id` is answered by exactly one `ack` or `error` with it. */
const id = z.number().optional()

/** The frame's own size is its bound, as it is that of the recipients. */
export const eventSchema = z.string()
const ref = z.int().nonnegative()
const millis = z.number()
const status = z.enum(["active", "away"])
export type Status = z.infer<typeof status>

export const clientFrames = {
  enter: z.object({ type: z.literal("enter"), id, data: jsonObjectSchema }),
  update: z.object({ type: z.literal("update"), id, data: jsonObjectSchema }),
  leave: z.object({ type: z.literal("leave"), id }),
  send: z.object({
    type: z.literal("send"),
    id,
    event: eventSchema,
    data: z.unknown().optional(),
    to: z.array(z.string()).optional(),
  }),
  auth: z.object({ type: z.literal("auth"), id, token: z.string() }),
  sync: z.object({ type: z.literal("sync"), id }),
  pong: z.object({ type: z.literal("pong"), id }),
} as const

export type ClientFrameType = keyof typeof clientFrames
export type ClientFrame = { [T in ClientFrameType]: z.infer<(typeof clientFrames)[T]> }[ClientFrameType]

export const entrySchema = z.object({
  ref,
  connection: z.string(),
  member: z.string(),
  info: jsonObjectSchema,
  data: jsonObjectSchema,
  status,
  since: millis,
})
/** How many members are present: what the view `count` is told in the place of entries. */
const members = z.int().nonnegative()

/** What everybody sees of one present connection. Never changed in place: a new one replaces it. */
export type Entry = Readonly<z.infer<typeof entrySchema>>

export const roomFrames = {
  welcome: z.object({
    type: z.literal("welcome"),
    protocol: z.literal(1),
    room: z.string(),
    connection: z.string(),
    ref,
    member: z.string(),
    session: z.string(),
    resumed: z.boolean(),
    heartbeat: z.object({ interval: millis, timeout: millis }),
    /** Left out for who resumes, said what it has, and has it all. */
    present: z.array(entrySchema).optional(),
    /** Left out when it is `full`. */
    view: viewSchema.optional(),
    members: members.optional(),
  }),
  sync: z.object({ type: z.literal("sync"), present: z.array(entrySchema), members: members.optional() }),
  presence: z.object({
    type: z.literal("presence"),
    leave: z.array(z.tuple([ref, z.enum(LEAVE_REASONS)])).optional(),
    enter: z.array(entrySchema).optional(),
    update: z.record(z.string().regex(/^\d+$/), jsonObjectSchema).optional(),
    status: z.record(z.string().regex(/^\d+$/), status).optional(),
  }),
  count: z.object({ type: z.literal("count"), members }),
  message: z.object({
    type: z.literal("message"),
    from: ref.nullable(),
    member: z.string().nullable(),
    event: eventSchema,
    data: z.unknown(),
  }),
  ack: z.object({ type: z.literal("ack"), id: z.number() }),
  error: z.object({ type: z.literal("error"), id, code: z.enum(ERROR_CODES), message: z.string() }),
  heartbeat: z.object({ type: z.literal("heartbeat") }),
  expiring: z.object({ type: z.literal("expiring"), at: millis }),
  bye: z.object({ type: z.literal("bye"), code: z.literal(CLOSE_CODES), reason: z.string() }),
} as const

export type RoomFrameType = keyof typeof roomFrames
export type RoomFrame = { [T in RoomFrameType]: z.infer<(typeof roomFrames)[T]> }[RoomFrameType]
export type PresenceFrame = z.infer<(typeof roomFrames)["presence"]>
export type MessageFrame = z.infer<(typeof roomFrames)["message"]>
