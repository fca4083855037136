/**
 * One shard of the directory: which rooms are live, as they last said, each for as long as its lease. The rooms are the truth:
 * what is here is what they reported, and a room that says nothing any more is forgotten.
 */
import { DurableObject } from "cloudflare:workers"
import { z } from "zod"
import type { RoomSummary } from "../protocol/admin.ts"
import { type Counters, countersSchema } from "../protocol/counters.ts"

const SCHEMA = `
  CREATE TABLE IF NOT EXISTS rooms (
    room TEXT PRIMARY KEY, members INTEGER NOT NULL, connections INTEGER NOT NULL, observers INTEGER NOT NULL,
    since INTEGER NOT NULL, reported_at INTEGER NOT NULL, lease_until INTEGER NOT NULL,
    forget_at INTEGER NOT NULL DEFAULT 0) WITHOUT ROWID;
  CREATE INDEX IF NOT EXISTS rooms_to_forget ON rooms (forget_at);
  CREATE TABLE IF NOT EXISTS counted (only INTEGER PRIMARY KEY CHECK (only = 0), counters TEXT NOT NULL);
`

/** What was made before rooms were forgotten by the hour: those are forgotten by the next alarm, or by their next report. */
const MIGRATION = `
  ALTER TABLE rooms ADD COLUMN forget_at INTEGER NOT NULL DEFAULT 0;
  UPDATE rooms SET forget_at = lease_until;
`

/**
 * A lease that has ended is not told from that instant on; its row goes at the next full hour. So the index is written once an hour for a
 * room that stays, and not with each report: a row written costs what a thousand rows read do.
 */
const FORGET_EVERY_MS = 3_600_000

export const FORGET = "DELETE FROM rooms WHERE forget_at <= ?"
export const NEXT_TO_FORGET = "SELECT min(forget_at) AS at FROM rooms"

/** `leaseMs`: how long this is to be believed; 0: nobody is there, and the room is forgotten at once. */
export type Report = RoomSummary & { readonly leaseMs: number; readonly counters: Counters }

export type ShardQuery = { readonly prefix: string; readonly after: string; readonly limit: number }
export type ReportedRoom = RoomSummary & { readonly reportedAt: number }
export type ShardTotals = { readonly rooms: number; readonly members: number; readonly connections: number; readonly observers: number }

const roomRow = z.object({
  room: z.string(),
  members: z.int(),
  connections: z.int(),
  observers: z.int(),
  since: z.number(),
  reportedAt: z.number(),
})
const totalsRow = z.object({ rooms: z.int(), members: z.int(), connections: z.int(), observers: z.int() })
const counterRow = z.object({ name: z.string(), value: z.int() })
const countedRow = z.object({ counters: z.string().transform((text) => countersSchema.parse(JSON.parse(text))) })

/** After every name that begins with the prefix: no character of a name is as great. */
const LAST = "\x7f"

export class Directory extends DurableObject<Cloudflare.Env> {
  readonly #sql: SqlStorage
  #exists: boolean

  constructor(ctx: DurableObjectState, env: Cloudflare.Env) {
    super(ctx, env)
    this.#sql = ctx.storage.sql
    this.#exists = this.#has("rooms")
    if (!this.#exists || (this.#has("rooms_to_forget") && this.#has("counted"))) return
    if (!this.#has("rooms_to_forget")) this.#sql.exec(MIGRATION)
    this.#sql.exec(SCHEMA)
  }

  async report({ room, members, connections, observers, since, leaseMs, counters }: Report): Promise<void> {
    this.#create()
    const now = Date.now()
    if (leaseMs === 0) this.#sql.exec("DELETE FROM rooms WHERE room = ?", room)
    else {
      const forgetAt = Math.ceil((now + leaseMs) / FORGET_EVERY_MS) * FORGET_EVERY_MS
      const values = [members, connections, observers, since, now, now + leaseMs]
      const known = this.#sql.exec(
        `UPDATE rooms SET members = ?, connections = ?, observers = ?, since = ?, reported_at = ?, lease_until = ?
         WHERE room = ? AND forget_at = ? RETURNING room`,
        ...[...values, room, forgetAt],
      )
      if ([...known].length === 0) {
        this.#sql.exec("INSERT OR REPLACE INTO rooms VALUES (?, ?, ?, ?, ?, ?, ?, ?)", ...[room, ...values, forgetAt])
      }
      if ((await this.ctx.storage.getAlarm()) === null) await this.ctx.storage.setAlarm(forgetAt)
    }
    this.count(counters)
  }

  /** What others than rooms have counted. */
  count(counters: Counters): void {
    this.#create()
    const added = Object.entries(counters)
    if (added.length === 0) return
    const all = this.#counters()
    for (const [name, value] of added) all[name] = (all[name] ?? 0) + value
    this.#sql.exec("INSERT OR REPLACE INTO counted VALUES (0, ?)", JSON.stringify(all))
  }

  /** All of them in one row: each report writes them, and what is written is paid by the row. */
  #counters(): Counters {
    const [row] = this.#sql.exec("SELECT counters FROM counted")
    return row === undefined ? this.#countersOfOldTable() : countedRow.parse(row).counters
  }

  /** As releases before this one wrote them, a row each. */
  #countersOfOldTable(): Counters {
    if (!this.#has("counters")) return {}
    const rows = z.array(counterRow).parse([...this.#sql.exec("SELECT name, value FROM counters")])
    return Object.fromEntries(rows.map(({ name, value }) => [name, value]))
  }

  /** It is another shard's now. */
  withdraw(room: string): void {
    if (this.#exists) this.#sql.exec("DELETE FROM rooms WHERE room = ?", room)
  }

  /** By name, from the first after `after`. */
  list({ prefix, after, limit }: ShardQuery): ReportedRoom[] {
    if (!this.#exists) return []
    const rows = this.#sql.exec(
      `SELECT room, members, connections, observers, since, reported_at AS reportedAt FROM rooms
       WHERE room > ? AND room >= ? AND room < ? AND lease_until > ? ORDER BY room LIMIT ?`,
      ...[after, prefix, prefix + LAST, Date.now(), limit],
    )
    return z.array(roomRow).parse([...rows])
  }

  totals(): ShardTotals & { readonly counters: Counters } {
    if (!this.#exists) return { rooms: 0, members: 0, connections: 0, observers: 0, counters: {} }
    const [sums] = this.#sql.exec(
      `SELECT count(*) AS rooms, coalesce(sum(members), 0) AS members, coalesce(sum(connections), 0) AS connections,
       coalesce(sum(observers), 0) AS observers FROM rooms WHERE lease_until > ?`,
      Date.now(),
    )
    return { ...totalsRow.parse(sums), counters: this.#counters() }
  }

  /** Rooms whose lease has ended are gone; the next that can go sets the next alarm. */
  override async alarm(): Promise<void> {
    this.#sql.exec(FORGET, Date.now())
    const [next] = this.#sql.exec(NEXT_TO_FORGET)
    const { at } = z.object({ at: z.number().nullable() }).parse(next)
    if (at !== null) await this.ctx.storage.setAlarm(at)
  }

  /** A table, or an index. */
  #has(name: string): boolean {
    return [...this.#sql.exec("SELECT 1 FROM sqlite_master WHERE name = ?", name)].length > 0
  }

  #create(): void {
    if (this.#exists) return
    this.#sql.exec(SCHEMA)
    this.#exists = true
  }
}
