/**
 * A connection as JSON on its socket: the truth that outlives hibernation. Short, it is the text itself; longer, its UTF-8 with a
 * version byte first, as the runtime keeps two bytes of each character once one is not Latin: so the 16,384 bytes are arithmetic.
 */
import { type Connection, ON_SOCKET } from "../core/connection.ts"
import { fullBucket } from "../core/rate.ts"
import { type Attached, isAttached } from "./attached.ts"
import type { Carried } from "./counters.ts"
import type { Tallies } from "./tallies.ts"

const VERSION = 1

/** At two bytes each, so many characters fit whatever they are. */
const MAX_TEXT_LENGTH = 8000

/** So much has room for a connection of the largest data; counters that do not fit beside it wait for another socket. */
const MAX_BYTES_WITH_COUNTERS = 16_000

export type Attachment = {
  readonly connection: Connection
  /** The room's counters when this was written: the newest among all attachments is the room's. */
  readonly tallies: Tallies
  /** Whether the ledger holds an `info` newer than the entry's. */
  readonly hasNewerInfo: boolean
  /** What the room had counted and not reported, on the one socket that carries it. */
  readonly counted: Carried | null
}

export function hasNewerInfo(connection: Connection): boolean {
  return connection.entry !== null && connection.entry.info !== connection.info
}

export function encodeAttachment(connection: Connection, tallies: Tallies, counted: Carried | null = null): string | Uint8Array {
  const { entry, grants } = connection
  const text = JSON.stringify({
    id: connection.id,
    ref: connection.ref,
    member: connection.member,
    info: entry?.info ?? connection.info,
    newer: hasNewerInfo(connection) ? 1 : undefined,
    grants: [grants.subscribe, grants.presence, grants.message],
    expires: connection.expiresAt,
    warned: connection.warned ? 1 : undefined,
    view: connection.view === "full" ? undefined : connection.view,
    deflates: connection.deflates ? 1 : undefined,
    entry: entry === null ? undefined : { data: entry.data, status: entry.status, since: entry.since },
    heard: connection.heardAt,
    active: connection.activeAt,
    asked: connection.askedAt ?? undefined,
    errors: connection.errors || undefined,
    bytes: connection.dataBytes || undefined,
    tallies,
    counted: counted ?? undefined,
  } satisfies Attached)
  if (text.length <= MAX_TEXT_LENGTH) return text
  const bytes = new Uint8Array(text.length * 3 + 1)
  bytes[0] = VERSION
  const { written } = new TextEncoder().encodeInto(text, bytes.subarray(1))
  if (counted !== null && written > MAX_BYTES_WITH_COUNTERS) return encodeAttachment(connection, tallies)
  return bytes.slice(0, written + 1)
}

/** Null when it is not of this version, or not ours at all: then the socket has no connection. */
export function decodeAttachment(attachment: unknown, rate: number, now: number): Attachment | null {
  const text = typeof attachment === "string" ? attachment : textOf(attachment)
  const attached = text === null ? null : readJson(text)
  if (!isAttached(attached)) return null
  const { id, ref, member, info, newer, entry, grants, expires, warned, view, deflates, heard, active, asked, errors, bytes } = attached
  const { tallies, counted } = attached
  const [subscribe, presence, message] = grants
  const connection: Connection = {
    id,
    ref,
    member,
    info,
    grants: { subscribe, presence, message },
    expiresAt: expires,
    warned: warned === 1,
    entry: entry === undefined ? null : { ref, connection: id, member, info, data: entry.data, status: entry.status, since: entry.since },
    line: ON_SOCKET,
    view: view ?? "full",
    deflates: deflates === 1,
    heardAt: heard,
    activeAt: active,
    askedAt: asked ?? null,
    errors: errors ?? 0,
    bucket: fullBucket(rate, now),
    syncFrom: 0,
    told: null,
    dataBytes: bytes ?? 0,
  }
  return { connection, tallies, hasNewerInfo: newer === 1, counted: counted ?? null }
}

function textOf(attachment: unknown): string | null {
  if (!(attachment instanceof Uint8Array) || attachment[0] !== VERSION) return null
  return new TextDecoder().decode(attachment.subarray(1))
}

function readJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return null
  }
}
