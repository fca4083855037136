/**
 * Webhooks on their way out of the room. What is to be announced is a row, written with the change itself, until the
 * queue has it: a crash in between loses nothing. Tables are made at the first event, so that a room without webhooks has none.
 */
import { z } from "zod"
import type { WebhookSettings } from "../config/webhook.ts"
import { type Announcement, type Attendance, attend, nextSequence } from "../core/announcement.ts"
import type { Millis } from "../core/connection.ts"
import { type Change, present, type Roster } from "../core/roster.ts"
import { messageOf } from "../log/fault.ts"
import { log } from "../log/log.ts"
import type { QueuedWebhook, Webhook } from "../protocol/webhooks.ts"
import type { RoomCounters } from "./counters.ts"

const SCHEMA = `
  CREATE TABLE IF NOT EXISTS outbox (sequence INTEGER PRIMARY KEY, id TEXT NOT NULL, payload TEXT NOT NULL);
  CREATE TABLE IF NOT EXISTS outbox_mark (only INTEGER PRIMARY KEY CHECK (only = 0), room TEXT NOT NULL, sequence INTEGER NOT NULL);
`

/** Events that wait for a queue that fails; past it the oldest are dropped, which is logged. */
export const MAX_WAITING = 10_000

/** What the queue takes at once: messages, and bytes of all together (256,000, of which some are its own). */
const MAX_BATCH = 100
const MAX_BATCH_CHARS = 60_000

/** A queue that says nothing for so long has failed: a call without an end would keep the room in memory. */
const SEND_LIMIT_MS = 10_000
/** A room that dies while it sends is woken by then; its sweep comes sooner as a rule, and then this costs nothing. */
const LOOK_AGAIN_MS = 60_000
const MAX_BACK_OFF_MS = 300_000

const rowsSchema = z.array(z.object({ sequence: z.number(), id: z.string(), payload: z.string() }))
const markSchema = z.object({ room: z.string(), sequence: z.number() })

export class Announcements {
  readonly #storage: DurableObjectStorage
  readonly #queue: Queue
  readonly #settings: WebhookSettings
  readonly #counters: RoomCounters
  readonly #attendance: Attendance = new Map()
  #room: string | undefined
  #exists: boolean
  #sequence = 0
  #waiting = 0
  #failures = 0
  #isSending = false
  /** Nothing is sent before: the queue failed, or events are gathered. */
  #notBefore: Millis = 0
  /** While rows wait, an alarm must go off by then. */
  lookBy: Millis = Number.POSITIVE_INFINITY

  /** `exists`: whether its tables do. */
  constructor({ storage, id }: DurableObjectState, queue: Queue, settings: WebhookSettings, counters: RoomCounters, exists: boolean) {
    this.#storage = storage
    this.#queue = queue
    this.#settings = settings
    this.#counters = counters
    this.#exists = exists
    const mark = this.#exists ? markSchema.safeParse([...storage.sql.exec("SELECT * FROM outbox_mark")][0]).data : undefined
    this.#room = id.name ?? mark?.room
    if (mark === undefined) return
    this.#sequence = mark.sequence
    this.#waiting = storage.sql.exec<{ n: number }>("SELECT count(*) AS n FROM outbox").one().n
  }

  /** After the room woke up. Who is there already when webhooks are switched on is announced now. */
  restore(roster: Roster, now: Millis): void {
    const changes = Array.from(present(roster), (entry): Change => ({ kind: "enter", entry, isNews: true }))
    const announced = changes.flatMap((change) => attend(this.#attendance, change))
    if (this.#sequence === 0) this.#write(announced, now)
    if (this.#waiting > 0) this.lookBy = Math.min(this.lookBy, now + LOOK_AGAIN_MS)
  }

  /** Written at once, so that it is stored with the change or not at all. */
  record(changes: readonly Change[], now: Millis): void {
    this.#write(
      changes.flatMap((change) => attend(this.#attendance, change)),
      now,
    )
  }

  /** Whether something waits that may be sent now. */
  isDue(now: Millis): boolean {
    return this.#waiting > 0 && !this.#isSending && now >= this.#notBefore
  }

  /** Sends what waits. `settled` runs when the queue has all of it, or failed. */
  async send(settled: () => Promise<void>): Promise<void> {
    this.#isSending = true
    try {
      while (this.#waiting > 0) {
        // What was due is being done: an alarm that stays due would go off again and again until the queue answers.
        this.lookBy = Date.now() + LOOK_AGAIN_MS
        await this.#sendBatch()
      }
      this.#failures = 0
      this.lookBy = Number.POSITIVE_INFINITY
    } catch (error) {
      this.#failed(error)
    } finally {
      this.#isSending = false
    }
    await settled()
  }

  get isWaiting(): boolean {
    return this.#waiting > 0
  }

  /** All of the storage was deleted. */
  wiped(): void {
    this.#exists = false
    this.#waiting = 0
    this.lookBy = Number.POSITIVE_INFINITY
  }

  #write(announcements: readonly Announcement[], now: Millis): void {
    const room = this.#room
    if (announcements.length === 0 || room === undefined) return
    const { sql } = this.#storage
    if (!this.#exists) sql.exec(SCHEMA)
    this.#exists = true
    for (const announcement of announcements) {
      this.#sequence = nextSequence(this.#sequence, now)
      const payload = JSON.stringify(payloadOf(announcement, room, this.#sequence, now))
      sql.exec("INSERT INTO outbox VALUES (?, ?, ?)", this.#sequence, `msg_${crypto.randomUUID()}`, payload)
    }
    sql.exec("INSERT OR REPLACE INTO outbox_mark VALUES (0, ?, ?)", room, this.#sequence)
    const wasEmpty = this.#waiting === 0
    this.#waiting += announcements.length
    if (this.#waiting > MAX_WAITING) this.#dropOldest(this.#waiting - MAX_WAITING)
    const { delayMs } = this.#settings
    if (wasEmpty && delayMs > 0) this.#notBefore = now + delayMs
    const due = now < this.#notBefore ? this.#notBefore : now + LOOK_AGAIN_MS
    this.lookBy = Math.min(this.lookBy, due)
  }

  async #sendBatch(): Promise<void> {
    const { sql } = this.#storage
    const rows = rowsSchema.parse([...sql.exec("SELECT * FROM outbox ORDER BY sequence LIMIT ?", MAX_BATCH)])
    let chars = 0
    const batch = rows.filter(({ payload }, i) => {
      chars += payload.length
      return i === 0 || chars <= MAX_BATCH_CHARS
    })
    const last = batch.at(-1)
    if (last === undefined) {
      this.#waiting = 0
      return
    }
    const messages = batch.map(({ id, payload }) => ({ body: { id, room: this.#room ?? "", payload } satisfies QueuedWebhook }))
    await inTime(this.#queue.sendBatch(messages))
    this.#waiting -= sql.exec("DELETE FROM outbox WHERE sequence <= ? RETURNING sequence", last.sequence).toArray().length
  }

  #failed(error: unknown): void {
    const delay = Math.min(MAX_BACK_OFF_MS, Math.max(this.#settings.retryMs, 1) * 2 ** this.#failures)
    this.#failures++
    this.#notBefore = this.lookBy = Date.now() + delay
    log("webhooks_waiting", { room: this.#room ?? null, waiting: this.#waiting, message: messageOf(error) })
  }

  #dropOldest(count: number): void {
    this.#storage.sql.exec("DELETE FROM outbox WHERE sequence IN (SELECT sequence FROM outbox ORDER BY sequence LIMIT ?)", count)
    this.#waiting -= count
    this.#counters.add("webhooksDropped", count)
    log("webhooks_dropped", { room: this.#room ?? null, dropped: count })
  }
}

/** Null: webhooks are off, for want of an address or of a queue. Then nobody knows who is there when they are switched on again. */
export function announcementsOf(
  ctx: DurableObjectState,
  queue: unknown,
  settings: WebhookSettings | null,
  counters: RoomCounters,
  tables: ReadonlySet<string>,
): Announcements | null {
  const exists = tables.has("outbox")
  if (settings !== null && isQueue(queue)) return new Announcements(ctx, queue, settings, counters, exists)
  if (exists) ctx.storage.sql.exec("UPDATE outbox_mark SET sequence = 0 WHERE sequence > 0")
  return null
}

function isQueue(binding: unknown): binding is Queue {
  return typeof binding === "object" && binding !== null && "sendBatch" in binding && typeof binding.sendBatch === "function"
}

function payloadOf(announcement: Announcement, room: string, sequence: number, now: Millis): Webhook {
  const timestamp = new Date(now).toISOString()
  switch (announcement.type) {
    case "room.occupied":
    case "room.vacated":
      return { type: announcement.type, timestamp, data: { room, sequence } }
    case "member.entered": {
      const { type, member, info } = announcement
      return { type, timestamp, data: { room, sequence, member, info } }
    }
    case "member.left": {
      const { type, member, info, reason } = announcement
      return { type, timestamp, data: { room, sequence, member, info, reason } }
    }
  }
}

async function inTime(sent: Promise<unknown>): Promise<void> {
  let timer: ReturnType<typeof setTimeout> | undefined
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`the queue did not answer within ${SEND_LIMIT_MS} ms`)), SEND_LIMIT_MS)
  })
  try {
    await Promise.race([sent, late])
  } finally {
    if (timer !== undefined) clearTimeout(timer)
  }
}
