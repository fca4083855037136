/** The admin API as functions: one for each row of the contract's HTTP table. */
import {
  kickSchema,
  memberDetailSchema,
  memberPageSchema,
  mintedSchema,
  occupancySchema,
  presenceSchema,
  roomPageSchema,
  roomStatsSchema,
  totalsSchema,
} from "../protocol/admin.ts"
import { RollcallError } from "./error.ts"
import { createCaller, type Request } from "./request.ts"
import type {
  AdminMessage,
  CallOptions,
  Fetch,
  Kick,
  MemberDetail,
  MemberPage,
  MemberPageOptions,
  MintedToken,
  Occupancy,
  Placement,
  Presence,
  RoomPage,
  RoomPageOptions,
  RoomStats,
  TokenRequest,
  Totals,
} from "./types.ts"

/** Where the service is, and the key to it. */
export type AdminOptions = {
  /** The service's address, for example `https://presence.example.com`. */
  readonly url: string
  /** One of the service's `ADMIN_KEYS`. It belongs in a backend: whoever holds it may close any room. */
  readonly key: string
  /** Instead of the platform's own, for a proxy, a service binding or a test. */
  readonly fetch?: Fetch
  /** After this many milliseconds without an answer a call rejects with `RollcallNetworkError`; 10,000 if left out. */
  readonly timeoutMs?: number
}

/**
 * The admin API. Every call rejects with `RollcallError` when the service refuses (`code`, `status`, `detail`) and
 * with `RollcallNetworkError` when it does not answer. Times are milliseconds since 1970.
 */
export type Admin = {
  /** Resolves when the service is up and soundly configured. */
  health(options?: CallOptions): Promise<void>
  /** One page of the rooms with somebody in them, by name, with their occupancy as they last reported it. */
  rooms(options?: RoomPageOptions): Promise<RoomPage>
  /** All pages from `cursor` on, each fetched when it is asked for: `for await (const { rooms } of admin.roomPages({ prefix: "doc-" }))`. */
  roomPages(options?: RoomPageOptions): AsyncIterable<RoomPage>
  /** All rooms together: how many are live, who is in them, and what they have counted since they were first deployed. */
  totals(options?: CallOptions): Promise<Totals>
  /** What an operator sees of one room: occupancy, peaks, rates, liveness. A room that nobody uses has them too. */
  stats(room: string, options?: CallOptions): Promise<RoomStats>
  /** One page of the members who are present, by name, with their connections; with `heard: true`, when each was last heard of. */
  members(room: string, options?: MemberPageOptions): Promise<MemberPage>
  /** All pages from `cursor` on, each fetched when it is asked for: `for await (const { members } of admin.memberPages("doc-1"))`. */
  memberPages(room: string, options?: MemberPageOptions): AsyncIterable<MemberPage>
  /** One member, present or not, and when it was last seen. `not_found`: the room never saw it, or no longer remembers. */
  member(room: string, member: string, options?: CallOptions): Promise<MemberDetail>
  /** Makes a member present without a socket (a bot, a device) or prolongs it. `banned`, `too_large`. */
  place(room: string, member: string, placement?: Placement, options?: CallOptions): Promise<MemberDetail>
  /** Ends every connection of a member; nothing keeps it from coming back. `not_found` where nobody of that name is known. */
  kick(room: string, member: string, options?: CallOptions): Promise<Kick>
  /** Kicks, and keeps the member out for `ms` milliseconds (ten years at most), whether or not it was ever there. */
  ban(room: string, member: string, ms: number, options?: CallOptions): Promise<Kick>
  /** Lets a banned member in again. */
  unban(room: string, member: string, options?: CallOptions): Promise<Kick>
  /** Sends a message into the room; its receivers see `from: null`. */
  message(room: string, message: AdminMessage, options?: CallOptions): Promise<void>
  /** Closes the room: everybody out, and nothing stored is left, bans and last-seen included. */
  close(room: string, options?: CallOptions): Promise<void>
  /** Has the service mint a token. With the secret at hand, `mintToken` does it without a call. */
  token(request: TokenRequest, options?: CallOptions): Promise<MintedToken>
  /** Who is in the room, seen with a member's token (it has to grant `subscribe`) instead of the key. */
  presence(room: string, token: string, options?: CallOptions): Promise<Presence>
  /** How many are in the room, seen with a member's token (it has to grant `subscribe`) instead of the key. */
  occupancy(room: string, token: string, options?: CallOptions): Promise<Occupancy>
}

/**
 * Makes the admin API of one service. Nothing is sent before the first call, and there is nothing to close.
 *
 * @throws RollcallError `bad_request` when `url` is no http(s) address or `key` is empty.
 */
export function createAdmin(options: AdminOptions): Admin {
  const { url, key, fetch: send = platformFetch, timeoutMs = 10_000 } = options
  if (!URL.canParse(url) || !/^https?:/i.test(url)) {
    throw new RollcallError("bad_request", `url: is ${JSON.stringify(url)}; an address such as https://presence.example.com is allowed`)
  }
  if (!/^\S+$/.test(key))
    throw new RollcallError("bad_request", "key: is empty or holds a space; one of the service's ADMIN_KEYS is allowed")
  const caller = createCaller(new URL(url), send, timeoutMs)

  const inRoom = (method: Request["method"], room: string, rest: readonly string[], options: CallOptions | undefined): Request => ({
    method,
    path: ["v1", "admin", "rooms", room, ...rest],
    bearer: key,
    signal: options?.signal,
  })
  const ofMember = (method: Request["method"], room: string, member: string, options: CallOptions | undefined) =>
    inRoom(method, room, ["members", member], options)
  const seenBy = (token: string, room: string, options: CallOptions | undefined): Request => ({
    method: "GET",
    path: ["v1", "rooms", room, "presence"],
    bearer: token,
    signal: options?.signal,
  })
  const members = (room: string, options: MemberPageOptions = {}) => {
    const { cursor, limit, heard } = options
    const query = { cursor, limit, heard: heard === true ? 1 : undefined }
    return caller.ask({ ...inRoom("GET", room, ["members"], options), query }, memberPageSchema)
  }
  const rooms = (options: RoomPageOptions = {}) => {
    const { prefix, cursor, limit, signal } = options
    return caller.ask(
      { method: "GET", path: ["v1", "admin", "rooms"], query: { prefix, cursor, limit }, bearer: key, signal },
      roomPageSchema,
    )
  }
  const ban = (room: string, member: string, ms: number, options?: CallOptions) =>
    caller.ask({ ...ofMember("DELETE", room, member, options), query: { ban: ms } }, kickSchema)

  return {
    health: (options) => caller.tell({ method: "GET", path: ["healthz"], signal: options?.signal }),
    rooms,
    roomPages: (options = {}) => pages((cursor) => rooms({ ...options, cursor }), options.cursor),
    totals: (options) => caller.ask({ method: "GET", path: ["v1", "admin", "stats"], bearer: key, signal: options?.signal }, totalsSchema),
    stats: (room, options) => caller.ask(inRoom("GET", room, [], options), roomStatsSchema),
    members,
    memberPages: (room, options = {}) => pages((cursor) => members(room, { ...options, cursor }), options.cursor),
    member: (room, member, options) => caller.ask(ofMember("GET", room, member, options), memberDetailSchema),
    place: (room, member, placement = {}, options) =>
      caller.ask({ ...ofMember("PUT", room, member, options), body: placement }, memberDetailSchema),
    kick: (room, member, options) => caller.ask(ofMember("DELETE", room, member, options), kickSchema),
    ban,
    unban: (room, member, options) => ban(room, member, 0, options),
    message: (room, message, options) => caller.tell({ ...inRoom("POST", room, ["messages"], options), body: message }),
    close: (room, options) => caller.tell(inRoom("DELETE", room, [], options)),
    token: (request, options) =>
      caller.ask({ method: "POST", path: ["v1", "admin", "tokens"], bearer: key, body: request, signal: options?.signal }, mintedSchema),
    presence: (room, token, options) => caller.ask(seenBy(token, room, options), presenceSchema),
    occupancy: (room, token, options) => caller.ask({ ...seenBy(token, room, options), query: { view: "count" } }, occupancySchema),
  }
}

/** Page after page, each fetched when it is asked for. */
async function* pages<P extends { cursor: string | null }>(
  fetchPage: (cursor: string | undefined) => Promise<P>,
  first: string | undefined,
): AsyncGenerator<P> {
  let cursor: string | null | undefined = first
  do {
    const page = await fetchPage(cursor)
    yield page
    cursor = page.cursor
  } while (cursor !== null)
}

/** Looked up at each call: what a test or an instrumentation put in its place counts. */
function platformFetch(url: string, init: RequestInit): Promise<Response> {
  return fetch(url, init)
}
