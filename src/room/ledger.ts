/**
 * What must outlive a crash, as rows in the room's SQLite: who has been announced and who is in its grace period,
 * when a member was last seen, and a few marks. Tables are made at the first write: a room that was only asked about stores nothing.
 */
import { z } from "zod"
import { NO_GRANTS } from "../core/capability.ts"
import type { Connection, ConnectionId, MemberId, Millis, Ref } from "../core/connection.ts"
import { fullBucket } from "../core/rate.ts"
import type { Reported } from "../core/report.ts"
import { type Tallies, talliesSchema } from "./tallies.ts"

const SCHEMA = `
  CREATE TABLE IF NOT EXISTS connections (
    id TEXT PRIMARY KEY, ref INTEGER NOT NULL, member TEXT NOT NULL, info TEXT NOT NULL, newer_info TEXT,
    entry TEXT, active_at INTEGER NOT NULL, line TEXT NOT NULL, until INTEGER) WITHOUT ROWID;
  CREATE TABLE IF NOT EXISTS seen (member TEXT PRIMARY KEY, at INTEGER NOT NULL) WITHOUT ROWID;
  CREATE TABLE IF NOT EXISTS bans (member TEXT PRIMARY KEY, until INTEGER NOT NULL) WITHOUT ROWID;
  CREATE TABLE IF NOT EXISTS marks (name TEXT PRIMARY KEY, value NOT NULL) WITHOUT ROWID;
`

const reportedSchema = z.object({ room: z.string(), members: z.int(), connections: z.int(), observers: z.int(), at: z.number() })

/** Members of whom one room remembers when they were last seen. */
const MAX_SEEN = 100_000

// Schemas are made once: making one takes longer than checking a row with it.
const anyObject = z.looseObject({})

const json = z.string().transform((text, ctx) => {
  try {
    return anyObject.parse(JSON.parse(text))
  } catch {
    ctx.addIssue("not a JSON object")
    return z.NEVER
  }
})

const rowSchema = z.object({
  id: z.string(),
  ref: z.int(),
  member: z.string(),
  info: json,
  newer_info: json.nullable(),
  entry: json.nullable().pipe(z.object({ data: z.looseObject({}), status: z.enum(["active", "away"]), since: z.number() }).nullable()),
  active_at: z.number(),
  line: z.enum(["socket", "grace", "placed"]),
  until: z.number().nullable(),
})

const listedRow = z.object({ id: z.string(), line: z.string() })
const newerInfoRow = z.object({ newer_info: json.nullable() })
const atRow = z.object({ at: z.number().nullable() })
const untilRow = z.object({ until: z.number() })
const markRow = z.object({ value: z.unknown() })
const refMark = z.int().catch(1)
const talliesMark = json.pipe(talliesSchema)
const reportedMark = json.pipe(reportedSchema)

export class Ledger {
  readonly #storage: DurableObjectStorage
  readonly #sql: SqlStorage
  /** Those that were there when the room woke, others' too: asked for once. */
  readonly tables: ReadonlySet<string>
  #exists: boolean
  /** Whether anybody may be banned: each connect asks, and nearly no room has a ban. Undefined: not looked yet. */
  #hasBans: boolean | undefined

  constructor(storage: DurableObjectStorage) {
    this.#storage = storage
    this.#sql = storage.sql
    this.tables = new Set(Array.from(this.#sql.exec<{ name: string }>("SELECT name FROM sqlite_master"), ({ name }) => name))
    this.#exists = this.tables.has("connections")
  }

  /** Who has a row, by ref. `isInGrace`: it says that the end of its line was noted. */
  listed(): { readonly id: ConnectionId; readonly isInGrace: boolean }[] {
    const rows = this.#rows("SELECT id, line FROM connections ORDER BY ref")
    return rows.map((row) => listedRow.parse(row)).map(({ id, line }) => ({ id, isInGrace: line === "grace" }))
  }

  /**
   * These connections, which were announced or are in grace and have no socket. Without an end of their grace they are
   * the dead of a crash. A row that cannot be read is dropped: it is nobody.
   */
  absent(ids: readonly ConnectionId[], rate: number, now: Millis): Connection[] {
    return ids.flatMap((id) => this.#read(id, rate, now))
  }

  /** Written at `enter`, at the start of grace, and when grace ends in a resume. */
  put(connection: Connection): void {
    this.#create()
    const { id, ref, member, info, entry, activeAt, line } = connection
    const shown = entry === null ? null : JSON.stringify({ data: entry.data, status: entry.status, since: entry.since })
    const newer = entry !== null && entry.info !== info ? JSON.stringify(info) : null
    const until = line.at === "socket" ? null : line.until
    this.#sql.exec(
      "INSERT OR REPLACE INTO connections VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
      id,
      ref,
      member,
      JSON.stringify(entry?.info ?? info),
      newer,
      shown,
      activeAt,
      line.at,
      until,
    )
  }

  /** The `info` that a connection will show from its next `enter`, when it is not what it shows now. */
  newerInfo(id: ConnectionId): Connection["info"] | null {
    const [row] = this.#rows("SELECT newer_info FROM connections WHERE id = ?", id)
    return newerInfoRow.safeParse(row).data?.newer_info ?? null
  }

  drop(id: ConnectionId): void {
    if (this.#exists) this.#sql.exec("DELETE FROM connections WHERE id = ?", id)
  }

  markSeen(member: MemberId, at: Millis): void {
    this.#create()
    this.#sql.exec("INSERT OR REPLACE INTO seen VALUES (?, ?)", member, at)
  }

  /** When somebody was last seen at all, or null: nobody is remembered. */
  newestSeen(): Millis | null {
    const [row] = this.#rows("SELECT max(at) AS at FROM seen")
    return atRow.safeParse(row).data?.at ?? null
  }

  /** When a member was last seen to leave, or null: never, or no longer remembered. */
  seenAt(member: MemberId): Millis | null {
    const [row] = this.#rows("SELECT at FROM seen WHERE member = ?", member)
    return atRow.safeParse(row).data?.at ?? null
  }

  /** Keeps a member out until then; an instant in the past lets it in again. */
  ban(member: MemberId, until: Millis): void {
    this.#create()
    this.#sql.exec("INSERT OR REPLACE INTO bans VALUES (?, ?)", member, until)
    this.#hasBans = true
  }

  bannedUntil(member: MemberId): Millis {
    this.#hasBans ??= this.#rows("SELECT 1 FROM bans LIMIT 1").length > 0
    if (!this.#hasBans) return 0
    const [row] = this.#rows("SELECT until FROM bans WHERE member = ?", member)
    return untilRow.safeParse(row).data?.until ?? 0
  }

  /** When the last ban ends, 0 when there is none. Those that ended before `now` are dropped. */
  lastBanUntil(now: Millis): Millis {
    if (this.#exists) this.#sql.exec("DELETE FROM bans WHERE until <= ?", now)
    const [row] = this.#rows("SELECT max(until) AS until FROM bans")
    return untilRow.safeParse(row).data?.until ?? 0
  }

  /** Who was last seen before that, and the oldest of more than can be remembered: names cost their maker nothing. */
  forgetSeen(before: Millis): void {
    if (!this.#exists) return
    this.#sql.exec("DELETE FROM seen WHERE at < ?", before)
    this.#sql.exec("DELETE FROM seen WHERE member IN (SELECT member FROM seen ORDER BY at DESC LIMIT -1 OFFSET ?)", MAX_SEEN)
  }

  /** The next ref to give out, where no attachment and no row shows the last one. */
  markRef(next: Ref): void {
    this.#mark("next_ref", next)
  }

  nextRef(): Ref {
    return refMark.parse(this.#marked("next_ref"))
  }

  /** The counters, while no socket carries them. */
  putTallies(tallies: Tallies): void {
    this.#mark("tallies", JSON.stringify(tallies))
  }

  tallies(): Tallies | null {
    return talliesMark.safeParse(this.#marked("tallies")).data ?? null
  }

  /** What the directory was last told, and under which name: an object is not told its own when it wakes. */
  putReported(room: string, reported: Reported): void {
    this.#mark("reported", JSON.stringify({ room, ...reported }))
  }

  reported(): (Reported & { readonly room: string }) | null {
    return reportedMark.safeParse(this.#marked("reported")).data ?? null
  }

  dropReported(): void {
    if (this.#exists) this.#sql.exec("DELETE FROM marks WHERE name = 'reported'")
  }

  /** Nothing is remembered, while the storage itself is still needed. */
  empty(): void {
    if (!this.#exists) return
    for (const table of ["connections", "seen", "bans", "marks"]) this.#sql.exec(`DELETE FROM ${table}`)
  }

  /** Nothing is left: no table, no row, no alarm. A later write makes the tables anew. */
  async wipe(): Promise<void> {
    this.#exists = false
    await this.#storage.deleteAll()
  }

  #mark(name: string, value: number | string): void {
    this.#create()
    this.#sql.exec("INSERT OR REPLACE INTO marks VALUES (?, ?)", name, value)
  }

  #marked(name: string): unknown {
    const [row] = this.#rows("SELECT value FROM marks WHERE name = ?", name)
    return markRow.safeParse(row).data?.value
  }

  #read(id: ConnectionId, rate: number, now: Millis): Connection[] {
    const parsed = rowSchema.safeParse(this.#rows("SELECT * FROM connections WHERE id = ?", id)[0])
    if (!parsed.success) {
      this.drop(id)
      return []
    }
    const { ref, member, info, newer_info, entry, active_at, line, until } = parsed.data
    const connection: Connection = {
      id,
      ref,
      member,
      info: newer_info ?? info,
      // What it may do and until when comes with the token that resumes it.
      grants: NO_GRANTS,
      expiresAt: Number.POSITIVE_INFINITY,
      warned: false,
      entry: entry === null ? null : { ref, connection: id, member, info, ...entry },
      view: "full",
      deflates: false,
      line: { at: line === "placed" ? "placed" : "grace", until: until ?? Number.POSITIVE_INFINITY },
      heardAt: active_at,
      activeAt: active_at,
      askedAt: null,
      errors: 0,
      bucket: fullBucket(rate, now),
      syncFrom: 0,
      told: null,
      dataBytes: Number.MAX_SAFE_INTEGER,
    }
    return [connection]
  }

  #create(): void {
    if (this.#exists) return
    this.#sql.exec(SCHEMA)
    this.#exists = true
  }

  #rows(query: string, ...bindings: SqlStorageValue[]): unknown[] {
    return this.#exists ? [...this.#sql.exec(query, ...bindings)] : []
  }
}
