/**
 * Who is here. The functions below alone change a roster, in place (a copy of 10,000 connections per update would
 * cost more than it teaches), and return what changed; they know no clock, no socket and no storage.
 */
import type { LeaveReason } from "../protocol/close-codes.ts"
import { ok, type Refusal, type Result, refused } from "../protocol/errors.ts"
import type { Entry, JsonObject, Status } from "../protocol/frames.ts"
import { utf8Length } from "../protocol/json.ts"
import {
  type Connection,
  type ConnectionId,
  type Identity,
  isConnected,
  isPresent,
  type Line,
  type MemberId,
  type Millis,
  ON_SOCKET,
  type Ref,
} from "./connection.ts"
import { applyPatch, withoutIdleNulls, withoutNulls } from "./patch.ts"
import { fullBucket } from "./rate.ts"

export type Roster = {
  readonly connections: Map<ConnectionId, Connection>
  /** Present connections of each member: a member is present while it has one. */
  readonly presentOf: Map<MemberId, number>
  /** Connected ones of each member, observers included. */
  readonly connectedOf: Map<MemberId, number>
  /** Those of each member that are in their grace. */
  readonly graceOf: Map<MemberId, number>
  /** Connections with a socket, observers included. */
  connected: number
  /** Grows with every change of an entry: what was derived from an older version is stale. */
  version: number
  /** Refs are given out once and in order; reuse would confuse whoever still holds the old one. */
  nextRef: Ref
}

/** What everybody who may subscribe is told. */
export type Change =
  /** `isNews`: the ledger does not know this entry, or knows it with another `info`. */
  | { readonly kind: "enter"; readonly entry: Entry; readonly isNews: boolean }
  | { readonly kind: "update"; readonly entry: Entry; readonly patch: JsonObject }
  | { readonly kind: "status"; readonly entry: Entry }
  | { readonly kind: "leave"; readonly entry: Entry; readonly reason: LeaveReason }

export type Capacity = { readonly maxConnections: number; readonly maxConnectionsPerMember: number }

export function emptyRoster(nextRef: Ref = 1): Roster {
  return { connections: new Map(), presentOf: new Map(), connectedOf: new Map(), graceOf: new Map(), connected: 0, version: 0, nextRef }
}

/** Puts a connection back that outlived the roster: from its attachment, or from the ledger. */
export function restore(roster: Roster, connection: Connection): void {
  roster.connections.set(connection.id, connection)
  if (isPresent(connection)) count(roster.presentOf, connection.member, 1)
  if (isConnected(connection)) countConnected(roster, connection, 1)
  if (connection.line.at === "grace") count(roster.graceOf, connection.member, 1)
  if (connection.ref >= roster.nextRef) roster.nextRef = connection.ref + 1
  roster.version++
}

/** Whether one more connection of this member fits. A resume needs no free place and does not ask. */
export function admit(roster: Roster, member: MemberId, capacity: Capacity): Refusal | null {
  if ((roster.connectedOf.get(member) ?? 0) >= capacity.maxConnectionsPerMember) {
    return {
      code: "member_full",
      message: `a member has ${capacity.maxConnectionsPerMember} connections to a room at most; close one first`,
    }
  }
  if (roster.connected >= capacity.maxConnections) {
    return { code: "room_full", message: `a room holds ${capacity.maxConnections} connections at most; try again later` }
  }
  return null
}

/** A new connection: an observer until it enters. `rate` is its frames per second. */
export function open(roster: Roster, id: ConnectionId, identity: Identity, rate: number, now: Millis): Connection {
  const connection = add(roster, id, identity, ON_SOCKET, rate, now)
  countConnected(roster, connection, 1)
  return connection
}

/** One without a socket. It sends no frames, so it has no rate. */
export function placeConnection(roster: Roster, id: ConnectionId, identity: Identity, until: Millis, now: Millis): Connection {
  return add(roster, id, identity, { at: "placed", until }, 0, now)
}

function add(roster: Roster, id: ConnectionId, identity: Identity, line: Line, rate: number, now: Millis): Connection {
  const connection: Connection = {
    id,
    ref: roster.nextRef++,
    member: identity.member,
    info: identity.info,
    grants: identity.grants,
    expiresAt: identity.expiresAt,
    warned: false,
    entry: null,
    line,
    view: "full",
    deflates: false,
    heardAt: now,
    activeAt: now,
    askedAt: null,
    errors: 0,
    bucket: fullBucket(rate, now),
    syncFrom: 0,
    told: null,
    dataBytes: 0,
  }
  roster.connections.set(connection.id, connection)
  return connection
}

/** The connection that `id` names, if this member may still resume it: a session is bound to its member. */
export function resumable(roster: Roster, id: ConnectionId, member: MemberId, now: Millis): Connection | null {
  const connection = roster.connections.get(id)
  if (connection === undefined || connection.member !== member || connection.line.at === "placed") return null
  return connection.line.at === "grace" && connection.line.until <= now ? null : connection
}

/** Continues a connection on a new socket. No activity: an away member stays away, and nobody is told. */
export function resume(roster: Roster, connection: Connection, identity: Identity, rate: number, now: Millis): Change[] {
  if (!isConnected(connection)) {
    connection.line = ON_SOCKET
    count(roster.graceOf, connection.member, -1)
    countConnected(roster, connection, 1)
  }
  connection.heardAt = now
  connection.askedAt = null
  connection.errors = 0
  connection.bucket = fullBucket(rate, now)
  // What was said on the old line may never have arrived.
  connection.warned = false
  return reauthorize(roster, connection, identity)
}

/** A fresh token: its grants hold at once, its `info` shows from the next `enter`. Who may no longer be present leaves. */
export function reauthorize(roster: Roster, connection: Connection, identity: Identity): Change[] {
  if (JSON.stringify(connection.info) !== JSON.stringify(identity.info)) connection.info = identity.info
  connection.grants = identity.grants
  if (connection.expiresAt !== identity.expiresAt) connection.warned = false
  connection.expiresAt = identity.expiresAt
  return identity.grants.presence ? [] : leave(roster, connection, "expired")
}

/** Become present, or replace the data whole. */
export function enter(roster: Roster, connection: Connection, data: JsonObject, maxDataBytes: number, now: Millis): Result<Change[]> {
  const kept = withoutNulls(data)
  const dataBytes = utf8Length(JSON.stringify(kept))
  if (dataBytes > maxDataBytes) return dataTooLarge(dataBytes, maxDataBytes)
  const { entry } = connection
  if (entry === null) count(roster.presentOf, connection.member, 1)
  connection.dataBytes = dataBytes
  connection.activeAt = now
  connection.isActivityGuessed = false
  const shown: Entry = {
    ref: connection.ref,
    connection: connection.id,
    member: connection.member,
    info: connection.info,
    data: kept,
    status: "active",
    since: entry?.since ?? now,
  }
  connection.entry = shown
  roster.version++
  return ok([{ kind: "enter", entry: shown, isNews: entry?.info !== shown.info }])
}

/** Lays a patch over the data. `patchBytes` is an upper bound of the patch's text: most updates need no measuring. */
export function update(
  roster: Roster,
  connection: Connection,
  patch: JsonObject,
  patchBytes: number,
  maxDataBytes: number,
): Result<Change[]> {
  const { entry } = connection
  if (entry === null) return refused("not_entered", "an observer has no data to update; send enter first")
  const data = applyPatch(entry.data, patch)
  let dataBytes = connection.dataBytes + patchBytes
  if (dataBytes > maxDataBytes) {
    dataBytes = utf8Length(JSON.stringify(data))
    if (dataBytes > maxDataBytes) return dataTooLarge(dataBytes, maxDataBytes)
  }
  connection.dataBytes = dataBytes
  const told = withoutIdleNulls(patch, entry.data)
  if (Object.keys(told).length === 0) return ok([])
  const updated = { ...entry, data }
  connection.entry = updated
  roster.version++
  return ok([{ kind: "update", entry: updated, patch: told }])
}

/** The connection did something: its clocks start anew, and who was away is active. */
export function act(roster: Roster, connection: Connection, now: Millis): Change[] {
  connection.activeAt = now
  connection.isActivityGuessed = false
  return isPresent(connection) && connection.entry.status === "away" ? [setStatus(roster, connection, "active")] : []
}

export function goAway(roster: Roster, connection: Connection): Change[] {
  return isPresent(connection) && connection.entry.status === "active" ? [setStatus(roster, connection, "away")] : []
}

/** Stops being present; the connection stays as an observer. */
export function leave(roster: Roster, connection: Connection, reason: LeaveReason): Change[] {
  const { entry } = connection
  if (entry === null) return []
  connection.entry = null
  connection.dataBytes = 0
  count(roster.presentOf, connection.member, -1)
  roster.version++
  return [{ kind: "leave", entry, reason }]
}

/**
 * What the connection's own socket knew beats the ledger's older row: a close that wakes the room brings it late.
 * Unless the connection was resumed in between and has acted since. Returns what whoever saw the older entry must hear.
 */
export function adopt(roster: Roster, connection: Connection, known: Connection): Change[] {
  if (!isPresent(connection) || known.entry === null) return []
  const hasActedSince = isConnected(connection) && connection.isActivityGuessed !== true && known.activeAt < connection.activeAt
  if (hasActedSince) return []
  const { data, status } = known.entry
  const isSame = status === connection.entry.status && JSON.stringify(data) === JSON.stringify(connection.entry.data)
  connection.entry = { ...connection.entry, data, status }
  connection.activeAt = known.activeAt
  connection.isActivityGuessed = false
  connection.dataBytes = known.dataBytes
  roster.version++
  return isSame ? [] : [{ kind: "enter", entry: connection.entry, isNews: false }]
}

/** Its socket ended and may come back until then: nobody is told, and nobody could tell. */
export function startGrace(roster: Roster, connection: Connection, until: Millis): void {
  if (isConnected(connection)) countConnected(roster, connection, -1)
  if (connection.line.at !== "grace") count(roster.graceOf, connection.member, 1)
  connection.line = { at: "grace", until }
}

/** The connection is over. */
export function remove(roster: Roster, connection: Connection, reason: LeaveReason): Change[] {
  const changes = leave(roster, connection, reason)
  if (roster.connections.delete(connection.id)) {
    if (isConnected(connection)) countConnected(roster, connection, -1)
    if (connection.line.at === "grace") count(roster.graceOf, connection.member, -1)
  }
  return changes
}

/**
 * Who must go for one more connection of this member: the oldest of its own that are in grace, as far as all of them
 * together would be too many. Nobody is refused for them, and nobody can fill a room by connecting and breaking off.
 */
export function crowdedOut(roster: Roster, member: MemberId, { maxConnectionsPerMember }: Capacity): Connection[] {
  const inGrace = roster.graceOf.get(member) ?? 0
  const tooMany = (roster.connectedOf.get(member) ?? 0) + inGrace + 1 - maxConnectionsPerMember
  if (inGrace === 0 || tooMany <= 0) return []
  const own = Array.from(roster.connections.values()).filter((connection) => connection.member === member && connection.line.at === "grace")
  return own.slice(0, tooMany)
}

/** Whether somebody here has this ref already. */
export function isRefTaken(roster: Roster, ref: Ref): boolean {
  for (const connection of roster.connections.values()) if (connection.ref === ref) return true
  return false
}

/** Entries of everybody present, those in grace included, in the order of their refs' opening. */
export function* present(roster: Roster): Generator<Entry> {
  for (const connection of roster.connections.values()) if (isPresent(connection)) yield connection.entry
}

function setStatus(roster: Roster, connection: Connection & { entry: Entry }, status: Status): Change {
  const entry = { ...connection.entry, status }
  connection.entry = entry
  roster.version++
  return { kind: "status", entry }
}

function dataTooLarge(bytes: number, limit: number): { ok: false; error: Refusal } {
  return refused("too_large", `data would be ${bytes} bytes of JSON; ${limit} are allowed`)
}

function countConnected(roster: Roster, connection: Connection, step: 1 | -1): void {
  roster.connected += step
  count(roster.connectedOf, connection.member, step)
}

function count(counts: Map<MemberId, number>, member: MemberId, step: 1 | -1): void {
  const next = (counts.get(member) ?? 0) + step
  if (next > 0) counts.set(member, next)
  else counts.delete(member)
}
