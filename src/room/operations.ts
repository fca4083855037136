/** What the HTTP calls do in a room: look at it, place a member, send into it, kick, ban, close. */
import { isConnected, isPresent, type MemberId, type Millis } from "../core/connection.ts"
import { heardAt } from "../core/liveness.ts"
import type { Message } from "../core/outbox.ts"
import { place } from "../core/placed.ts"
import { type Change, present } from "../core/roster.ts"
import type { Kick, Member, MemberDetail, MemberPage, MembersQuery, Occupancy, RoomStats } from "../protocol/admin.ts"
import type { CloseCode } from "../protocol/close-codes.ts"
import type { Refusal } from "../protocol/errors.ts"
import type { Entry, JsonObject } from "../protocol/frames.ts"
import type { Effects } from "./effects.ts"
import type { RoomParts } from "./parts.ts"
import type { Performer } from "./perform.ts"

/** A call's answer, and what has to be performed for it. */
export type Operation<T> = { readonly answer: T; readonly effects: Effects }

export function statsOf(parts: RoomParts, performer: Performer, room: string, now: Millis): RoomStats {
  const { roster, traffic, alarm, snapshot } = parts
  const { since, wakeups, sweeps, lost, idle, peak, peakAt } = performer.tallies
  let observers = 0
  for (const connection of roster.connections.values()) if (!isPresent(connection) && isConnected(connection)) observers++
  return {
    room,
    members: roster.presentOf.size,
    connections: roster.connected,
    observers,
    since: roster.connections.size === 0 ? now : since,
    peak: { members: peak, at: peakAt },
    rates: traffic.rates(now),
    liveness: { nextAlarmAt: alarm.at, sweeps, lost, idle },
    cache: snapshot.counters(),
    wakeups,
  }
}

/** As text: the entries are encoded already. */
export function presenceTextOf({ roster, snapshot }: RoomParts, room: string): string {
  return `{"room":${JSON.stringify(room)},"present":${snapshot.text(roster)}}`
}

export function occupancyOf({ roster }: RoomParts, room: string): Occupancy {
  return { room, members: roster.presentOf.size, connections: roster.connected }
}

/** Members by name, from the first after `cursor`, which is a name. */
export function membersOf({ roster, sockets }: RoomParts, query: MembersQuery): MemberPage {
  const { cursor, limit } = query
  const names = [...roster.presentOf.keys()].filter((name) => cursor === undefined || name > cursor).sort()
  const page = new Map<MemberId, Entry[]>(names.slice(0, limit).map((name) => [name, []]))
  const heard: Record<string, Millis> = {}
  for (const entry of present(roster)) {
    const connections = page.get(entry.member)
    if (connections === undefined) continue
    connections.push(entry)
    const connection = roster.connections.get(entry.connection)
    if (query.heard === undefined || connection === undefined) continue
    const heardOn = sockets.openOf(connection.id).map((socket) => heardAt({ connection, pingedAt: sockets.pingedAt(socket) }))
    heard[connection.id] = Math.max(connection.heardAt, ...heardOn)
  }
  return {
    ...(query.heard === undefined ? {} : { heard }),
    members: Array.from(page, ([member, connections]) => memberOf(member, connections)),
    cursor: names.length > limit ? (names[limit - 1] ?? null) : null,
  }
}

/** Null: the room never saw this member, or no longer remembers. */
export function memberDetailOf({ roster, ledger, settings }: RoomParts, member: MemberId, now: Millis): MemberDetail | null {
  const connections = Array.from(roster.connections.values()).filter((connection) => connection.member === member && isPresent(connection))
  const seenAt = ledger.seenAt(member)
  const remembered = seenAt !== null && seenAt + settings.lastSeenRetentionMs > now ? seenAt : null
  const lastSeen = connections.length > 0 ? Math.max(...connections.map(({ activeAt }) => activeAt)) : remembered
  if (lastSeen === null) return null
  const entries = connections.flatMap(({ entry }) => (entry === null ? [] : [entry]))
  return { ...memberOf(member, entries), present: entries.length > 0, lastSeen }
}

export function bannedFrom({ ledger }: RoomParts, member: MemberId, now: Millis): Refusal | null {
  const until = ledger.bannedUntil(member)
  return until > now ? { code: "banned", message: `the member is kept out of this room until ${new Date(until).toISOString()}` } : null
}

export function placeMember(
  parts: RoomParts,
  member: MemberId,
  placement: { info: JsonObject; data: JsonObject; ttl: Millis },
  now: Millis,
): Operation<Refusal | null> {
  const banned = bannedFrom(parts, member, now)
  if (banned !== null) return { answer: banned, effects: {} }
  const until = now + placement.ttl
  const { info, data } = placement
  const placed = place(parts.roster, crypto.randomUUID(), { member, info, data, until }, parts.settings.maxDataBytes, now)
  if (!placed.ok) return { answer: placed.error, effects: {} }
  const { connection, changes } = placed.value
  const isRecorded = changes.some((change) => change.kind === "enter" && change.isNews)
  return { answer: null, effects: { recorded: isRecorded ? [] : [connection], changes, lookBy: until } }
}

/** Ends every connection of a member. With `banMs` it is kept out that long; 0 lets it in again. Null: nobody of that name is known. */
export function kickMember(
  parts: RoomParts,
  performer: Performer,
  member: MemberId,
  banMs: Millis | null,
  now: Millis,
): Operation<Kick | null> {
  performer.tellAll()
  const known = memberDetailOf(parts, member, now)
  const connections = Array.from(parts.roster.connections.values()).filter((connection) => connection.member === member)
  if (known === null && connections.length === 0 && banMs === null) return { answer: null, effects: {} }
  if (banMs !== null) parts.ledger.ban(member, now + banMs)
  const ended = endAll(parts, performer, connections, "kicked", 4403)
  return { answer: { member, kicked: connections.length, bannedUntil: banMs ? now + banMs : null }, effects: ended }
}

export function adminMessage({ roster }: RoomParts, body: { event: string; data?: unknown; to?: readonly string[] | undefined }): Effects {
  const message: Message = {
    frame: { type: "message", from: null, member: null, event: body.event, data: body.data ?? null },
    to: body.to === undefined ? null : new Set(body.to),
    before: roster.nextRef,
  }
  return { messages: [message] }
}

export function endEverybody(parts: RoomParts, performer: Performer): Effects {
  performer.tellAll()
  return endAll(parts, performer, [...parts.roster.connections.values()], "room_closed", 4410)
}

function endAll(
  { sockets }: RoomParts,
  performer: Performer,
  connections: readonly Parameters<Performer["end"]>[0][],
  reason: "kicked" | "room_closed",
  code: CloseCode,
): Effects {
  const changes: Change[] = []
  const closes: (readonly [WebSocket, CloseCode])[] = []
  for (const connection of connections) {
    closes.push(...sockets.openOf(connection.id).map((socket) => [socket, code] as const))
    changes.push(...performer.end(connection, reason))
  }
  return { changes, closes }
}

function memberOf(member: MemberId, connections: Entry[]): Member {
  const newest = connections.reduce<Entry | null>((found, entry) => (found === null || entry.since >= found.since ? entry : found), null)
  return { member, info: newest?.info ?? {}, connections }
}
