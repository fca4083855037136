/** What the service tells a backend and is told by it, spelled out: no validator is among the types of `rollcall/server`. Times are milliseconds since 1970. */

/** As much of `fetch` as is used. */
export type Fetch = (url: string, init: RequestInit) => Promise<Response>

/** What every call takes. */
export type CallOptions = {
  /** Ends the call; it then rejects with the signal's reason. */
  readonly signal?: AbortSignal | undefined
}

/** An object that JSON can hold. */
export type JsonObject = { [key: string]: unknown }

/** The contract's error codes; docs/protocol.md says when each comes. */
export type ErrorCode =
  | "bad_json"
  | "bad_frame"
  | "unknown_type"
  | "not_entered"
  | "forbidden"
  | "too_large"
  | "too_fast"
  | "bad_token"
  | "bad_room"
  | "bad_request"
  | "not_found"
  | "banned"
  | "room_full"
  | "member_full"
  | "bad_origin"
  | "upgrade_required"
  | "misconfigured"
  | "internal"

/** What a token may grant in a room: to see the others, to be seen, to send messages. */
export type Capability = "subscribe" | "presence" | "message"

/** Why an entry left. */
export type LeaveReason = "left" | "closed" | "lost" | "idle" | "kicked" | "expired" | "room_closed"

/** One present connection: a tab, a device, or a member placed without a socket. */
export type Entry = {
  /** A small number that stands for the connection in the frames of its room. */
  readonly ref: number
  /** Unguessable, and never reused. */
  readonly connection: string
  readonly member: string
  /** From the member's token: no client can forge it. */
  readonly info: JsonObject
  /** What the connection says about itself. Untrusted. */
  readonly data: JsonObject
  /** `away`: it has done nothing for the service's `AWAY_AFTER_MS`. */
  readonly status: "active" | "away"
  /** When it entered. */
  readonly since: number
}

/** Who is in a room, connection by connection. */
export type Presence = {
  readonly room: string
  readonly present: readonly Entry[]
}

/** How many are in a room. */
export type Occupancy = {
  readonly room: string
  readonly members: number
  /** Sockets, those that only watch included. */
  readonly connections: number
}

/** Somebody who is present, with all tabs and devices. */
export type Member = {
  readonly member: string
  /** That of the newest connection. */
  readonly info: JsonObject
  readonly connections: readonly Entry[]
}

/** A page of the members of a room, by name. */
export type MemberPage = {
  readonly members: readonly Member[]
  /** For the next page; null on the last. */
  readonly cursor: string | null
  /** By connection, where it was asked for: its last frame or ping. */
  readonly heard?: Readonly<Record<string, number>> | undefined
}

/** One member, present or not. */
export type MemberDetail = Member & {
  readonly present: boolean
  readonly lastSeen: number | null
}

/** What a kick or a ban has ended. */
export type Kick = {
  readonly member: string
  /** How many connections were ended. */
  readonly kicked: number
  /** Null: it may come back at once. */
  readonly bannedUntil: number | null
}

/** What an operator sees of one room. Counters are since the room was last empty. */
export type RoomStats = {
  readonly room: string
  readonly members: number
  readonly connections: number
  /** Connected, and not present. */
  readonly observers: number
  /** When the room was last empty. */
  readonly since: number
  /** The most members at once, and when. */
  readonly peak: { readonly members: number; readonly at: number }
  /** Frames per second, over the last minute in memory. */
  readonly rates: { readonly framesIn: number; readonly framesOut: number }
  /** When the room next looks for the silent (null: not at all), how often it did, and how many it found lost or idle. */
  readonly liveness: { readonly nextAlarmAt: number | null; readonly sweeps: number; readonly lost: number; readonly idle: number }
  /** The weak cache of encoded entries. */
  readonly cache: { readonly hits: number; readonly misses: number; readonly reclaimed: number; readonly live: number }
  /** How often the room came back into memory. */
  readonly wakeups: number
}

/** A room with somebody in it, as it last reported itself. */
export type RoomSummary = {
  readonly room: string
  readonly members: number
  readonly connections: number
  /** Connected, and not present. */
  readonly observers: number
  /** When the room was last empty. */
  readonly since: number
}

/** A page of rooms, by name. */
export type RoomPage = {
  readonly rooms: readonly RoomSummary[]
  /** For the next page; null on the last. */
  readonly cursor: string | null
}

/** Of all rooms together, as they last reported. */
export type Totals = {
  readonly rooms: number
  readonly members: number
  readonly connections: number
  /** Connected, and not present. */
  readonly observers: number
  /** By name (`framesIn`, `leaves.lost`, …): each only ever grows. */
  readonly counters: Readonly<Record<string, number>>
}

/** A token, and when it ends. */
export type MintedToken = {
  readonly token: string
  readonly expiresAt: number
}

/** From a room's name, or a prefix of one that ends in `*`, to what it grants. The longest pattern that fits a room decides alone. */
export type RoomGrants = { readonly [pattern: string]: readonly Capability[] }

/** A member who is present without a socket: a bot, a device. */
export type Placement = {
  /** What it says about itself; `{}` if left out. */
  readonly data?: JsonObject
  /** What the others may know of it; `{}` if left out. */
  readonly info?: JsonObject
  /** For how many milliseconds it stays unless placed again: 60,000 if left out, 86,400,000 at most. */
  readonly ttl?: number
}

/** A message from nobody. */
export type AdminMessage = {
  /** 1 to 256 characters. */
  readonly event: string
  /** Whatever JSON can hold; null if left out. */
  readonly data?: unknown
  /** To the connections of these members, 256 at most; to everybody if left out. */
  readonly to?: readonly string[]
}

/** What the service mints a token from. */
export type TokenRequest = {
  /** Who it is for: 1 to 256 bytes. */
  readonly member: string
  /** What everybody may know of the member and no client can forge: 4,096 bytes of JSON at most. */
  readonly info?: JsonObject
  readonly rooms: RoomGrants
  /** How many milliseconds it holds: 1,000 to 2,592,000,000, an hour if left out. */
  readonly ttl?: number
}

/** Which page of a list. */
export type PageOptions = CallOptions & {
  /** The `cursor` of the page before; the first page if left out. */
  readonly cursor?: string | undefined
  /** 1 to 1,000 a page; 100 if left out. */
  readonly limit?: number | undefined
}

/** Which page of the members, and what more to tell of them. */
export type MemberPageOptions = PageOptions & {
  /** With the last sign of life of each connection. */
  readonly heard?: boolean | undefined
}

/** Which page of the rooms. */
export type RoomPageOptions = PageOptions & {
  /** Only rooms whose names begin so. */
  readonly prefix?: string | undefined
}
