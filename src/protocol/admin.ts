/** Schemas of the HTTP bodies and answers; times are milliseconds since 1970. docs/protocol.md says what each call does. */
import { z } from "zod"
import { CAPABILITIES } from "./capabilities.ts"
import { countersSchema } from "./counters.ts"
import { entrySchema, eventSchema, jsonObjectSchema } from "./frames.ts"
import { ROOM_NAME, ROOM_NAME_RULE } from "./names.ts"

const count = z.int().nonnegative()
const millis = z.number()

const DAY_MS = 86_400_000

export const roomStatsSchema = z.object({
  room: z.string(),
  members: count,
  connections: count,
  observers: count,
  since: millis,
  peak: z.object({ members: count, at: millis }),
  rates: z.object({ framesIn: z.number(), framesOut: z.number() }),
  liveness: z.object({ nextAlarmAt: millis.nullable(), sweeps: count, lost: count, idle: count }),
  cache: z.object({ hits: count, misses: count, reclaimed: count, live: count }),
  wakeups: count,
})

/** What an operator sees of one room. */
export type RoomStats = z.infer<typeof roomStatsSchema>

/** A room with somebody in it, as it last reported itself to the directory; `since` is when it was last empty. */
export const roomSummarySchema = z.object({ room: z.string(), members: count, connections: count, observers: count, since: millis })
export type RoomSummary = z.infer<typeof roomSummarySchema>

/** Rooms by name. */
export const roomPageSchema = z.object({ rooms: z.array(roomSummarySchema), cursor: z.string().nullable() })
export type RoomPage = z.infer<typeof roomPageSchema>

/** Of all rooms together; `counters` only ever grow. */
export const totalsSchema = z.object({ rooms: count, members: count, connections: count, observers: count, counters: countersSchema })
export type Totals = z.infer<typeof totalsSchema>

/** The room once, without a socket. */
export const presenceSchema = z.object({ room: z.string(), present: z.array(entrySchema) })
export type Presence = z.infer<typeof presenceSchema>

/** The occupancy alone. */
export const occupancySchema = z.object({ room: z.string(), members: count, connections: count })
export type Occupancy = z.infer<typeof occupancySchema>

export const memberSchema = z.object({ member: z.string(), info: jsonObjectSchema, connections: z.array(entrySchema) })
export type Member = z.infer<typeof memberSchema>

/** `heard`, by connection, where it was asked for: its last frame or ping. */
export const memberPageSchema = z.object({
  members: z.array(memberSchema),
  cursor: z.string().nullable(),
  heard: z.record(z.string(), millis).optional(),
})
export type MemberPage = z.infer<typeof memberPageSchema>

export const memberDetailSchema = memberSchema.extend({ present: z.boolean(), lastSeen: millis.nullable() })
export type MemberDetail = z.infer<typeof memberDetailSchema>

/** `ttl` is how long the member stays if the call is not repeated. */
export const placementSchema = z.object({
  data: jsonObjectSchema.default({}),
  info: jsonObjectSchema.default({}),
  ttl: z.int().min(1).max(DAY_MS).default(60_000),
})

export const messageBodySchema = z.object({
  event: eventSchema,
  data: z.unknown().optional(),
  to: z.array(z.string()).optional(),
})

/** How many of a member's connections were ended, and until when it is kept out. */
export const kickSchema = z.object({ member: z.string(), kicked: count, bannedUntil: millis.nullable() })
export type Kick = z.infer<typeof kickSchema>

export const MAX_BAN_MS = 3650 * DAY_MS

/** What a token is minted from; `ttl` is how long it holds. */
export const tokenBodySchema = z.object({
  member: z.string().min(1),
  info: jsonObjectSchema.default({}),
  rooms: z.record(z.string(), z.array(z.enum(CAPABILITIES))),
  ttl: z
    .int()
    .min(1000)
    .max(30 * DAY_MS)
    .default(3_600_000),
})

export const mintedSchema = z.object({ token: z.string(), expiresAt: millis })

export const problemSchema = z.object({ type: z.string(), title: z.string(), status: z.int(), detail: z.string() })

/** Digits alone: neither an empty value nor `0x10` is a number that somebody meant. */
const LIMIT_RULE = "1 to 1000 are allowed"

export const pageQuerySchema = z.object({
  cursor: z.string().optional(),
  limit: z
    .string()
    .regex(/^\d{1,4}$/, LIMIT_RULE)
    .transform(Number)
    .pipe(z.int(LIMIT_RULE).min(1, LIMIT_RULE).max(1000, LIMIT_RULE))
    .default(100),
})
export type PageQuery = z.infer<typeof pageQuerySchema>

/** `heard=1`: with the last sign of life of each connection. */
export const membersQuerySchema = pageQuerySchema.extend({ heard: z.literal("1").optional() })
export type MembersQuery = z.infer<typeof membersQuerySchema>

const name = z.string().regex(ROOM_NAME, ROOM_NAME_RULE)

/** A cursor is the name of the last room that was told. An empty prefix or cursor is none. */
export const roomsQuerySchema = pageQuerySchema.extend({
  prefix: z.literal("").or(name).default(""),
  cursor: z
    .literal("")
    .or(name)
    .optional()
    .transform((cursor) => cursor || undefined),
})
export type RoomsQuery = z.infer<typeof roomsQuerySchema>
