/** One room's book: everybody who ever was in it, what was said, and whether what anybody is shown of it can be. */
import { appendFileSync } from "node:fs"
import type { Entry } from "../whole/wire-frames.ts"
import type { Arena } from "./arena.ts"
import type { Clocks } from "./clocks.ts"
import type { Ear } from "./ear.ts"
import { canonical, type Life, type Reason } from "./life.ts"

/** The design's invariants, in its order. */
export type Invariant = "convergence" | "no ghosts" | "no flap" | "no leak" | "bounded" | "free when idle" | "nothing left"
export type Violation = { readonly seed: number; readonly invariant: Invariant; readonly at: number; readonly what: string }

/** How often something was really looked at: a check that never ran proves nothing. */
export type Tally = Map<string, number>

export type Said = {
  readonly id: string
  readonly by: string
  readonly to: readonly string[] | null
  readonly sentAt: number
  /** When the room took it; null while it did not say so. */
  takenAt: number | null
  wasRefused: boolean
}

export type Chronicle = {
  readonly seed: number
  readonly startedAt: number
  readonly clocks: Clocks
  readonly arena: Arena
  /** Every session of every room of this service: none may be told to anybody but its client. */
  readonly sessions: Set<string>
  readonly violations: Violation[]
  readonly tally: Tally
}

const FALLING_ASLEEP_MS = 500
/** A file for whoever need not wait for the end of the run. */
const TOLD_AT_ONCE = process.env["FAULT_FINDINGS"]

export class Book {
  readonly room: string
  readonly chronicle: Chronicle
  readonly lives = new Map<string, Life>()
  /** Placed over HTTP, by member. */
  readonly placed = new Map<string, Life>()
  readonly ears: Ear[] = []
  readonly said = new Map<string, Said>()
  /** By member: from when a ban certainly held, and until when it may hold. */
  readonly bans = new Map<string, { sureFrom: number; readonly maybeFrom: number; sureUntil: number; maybeUntil: number }>()
  /** Members whose clients keep no book of their own. */
  readonly apps = new Map<string, { readonly goneBy: number }>()
  /** Ends that are under way over HTTP: whoever comes in meanwhile may be met as well. `member` null: everybody. */
  readonly threats: { readonly member: string | null; readonly reason: Reason; readonly from: number; to: number }[] = []
  /** When the room was put to sleep, from and to: an end that comes meanwhile may not be reported to it, and only heartbeats find it. */
  readonly #sleeps: { readonly from: number; to: number }[] = []
  wasClosed = false

  constructor(room: string, chronicle: Chronicle) {
    this.room = room
    this.chronicle = chronicle
  }

  report(invariant: Invariant, what: string): void {
    const { seed, startedAt, violations } = this.chronicle
    const violation = { seed, invariant, at: Date.now() - startedAt, what: `${this.room}: ${what}` }
    violations.push(violation)
    if (TOLD_AT_ONCE !== undefined) appendFileSync(TOLD_AT_ONCE, `${JSON.stringify(violation)}\n`)
  }

  count(what: string, times = 1): void {
    const { tally } = this.chronicle
    tally.set(what, (tally.get(what) ?? 0) + times)
  }

  /** What a busy service has not read yet, it has not heard: by so much, at most, in the time after which silence ends a connection. */
  get late(): number {
    const { arena, clocks } = this.chronicle
    return arena.pulse.lateSince(Date.now() - Math.max(clocks.timeout, clocks.idle))
  }

  slackSince(at: number): number {
    return this.chronicle.arena.pulse.slackSince(at)
  }

  /** A connection began, or went on, that was asked for at `askedAt`. */
  threaten(life: Life, askedAt: number): void {
    for (const { member, reason, from, to } of this.threats) {
      if (askedAt > to || (member !== null && member !== life.member)) continue
      life.allow(reason, from)
      life.isDoubtful = true
    }
  }

  async sleep(): Promise<boolean> {
    const sleep = { from: Date.now(), to: Number.POSITIVE_INFINITY }
    this.#sleeps.push(sleep)
    for (const life of this.lives.values()) if (sleep.from - life.endedAt < FALLING_ASLEEP_MS) life.endMayBeUnheard(this.chronicle.clocks)
    const isAsleep = await this.chronicle.arena.evict(this.room)
    sleep.to = Date.now()
    if (isAsleep) this.count("sleeps")
    return isAsleep
  }

  /** A line ended, by its client's doing. */
  ended(life: Life): void {
    const now = Date.now()
    this.count("lines ended")
    if (this.#sleeps.some(({ from, to }) => from <= now && now - to < FALLING_ASLEEP_MS)) life.endMayBeUnheard(this.chronicle.clocks)
  }

  /**
   * Whether the room may still not know at `at` that its line ended: the runtime now and then keeps a reset to itself, and
   * then only heartbeats find it. Rare, so these are counted, and the count is judged.
   */
  isUnheard(life: Life, at: number): boolean {
    const { clocks } = this.chronicle
    if (!Number.isFinite(life.endedAt) || at > life.foundBySilence(clocks) + this.slackSince(life.endedAt)) return false
    life.endMayBeUnheard(clocks)
    this.count("ends unheard")
    return true
  }

  /** What was cut at `at` has a row that says so, as long as it may come back; one that has none was not heard to end. */
  async lookUpEnd(life: Life, at: number): Promise<void> {
    const { arena, clocks } = this.chronicle
    const mayBeUnheard = life.isDoubtful || life.overBy > life.endedAt + clocks.grace + clocks.tick
    if (mayBeUnheard || Date.now() < at + this.slackSince(at) || Date.now() >= life.keptUntil) return
    const rows = await arena.stored(this.room)
    if (life.isConnected || life.isDoubtful || Date.now() >= life.keptUntil || arena.wasDown(at, Date.now())) return
    this.count("ends looked up")
    if (!rows.some((row) => row.includes(`"id":"${life.id}"`) && row.includes('"line":"grace"'))) this.count("ends looked up in vain")
  }

  crashed(life: Life, at: number): void {
    life.crashed(at, this.chronicle.clocks)
  }

  everybody(): Life[] {
    return [...this.lives.values(), ...this.placed.values()]
  }

  lifeOf(entry: Entry): Life | undefined {
    return this.lives.get(entry.connection) ?? this.placed.get(entry.member)
  }

  /** The whole room, as it was told to somebody who asked at `from` and was answered at `to`. */
  checkRoom(present: readonly Entry[], from: number, to: number, source: string): void {
    this.count("rooms compared")
    const shown = new Set<Life>()
    for (const entry of present) {
      const life = this.lifeOf(entry)
      if (life !== undefined) {
        shown.add(life)
        const said = life.surelySays(from)
        if (said !== null) this.count("data compared")
        if (said !== null && canonical(said) !== canonical(entry.data)) {
          this.report("convergence", `${source} shows ${this.describe(life)} with ${canonical(entry.data)}, who said ${canonical(said)}`)
        }
        if (life.goneBy + this.slackSince(life.goneBy) < from && !this.isUnheard(life, from)) {
          this.report("no ghosts", `${source} shows ${this.describe(life)}, who is gone since ${from - life.goneBy} ms`)
        }
      }
      this.checkEntry(entry, source, from)
    }
    for (const life of this.everybody()) {
      if (!shown.has(life) && life.isSurelyShown(from, to, this.chronicle.clocks, this.late)) {
        const invariant = life.isConnected ? "convergence" : "no flap"
        this.report(invariant, `${source} does not show ${this.describe(life)}, who is there`)
      }
    }
  }

  /** One entry as somebody was told it. */
  checkEntry(entry: Entry, source: string, since: number): void {
    if (entry.info["room"] !== this.room || entry.info["of"] !== entry.member) {
      this.report("no leak", `${source} shows ${entry.member} with the info ${JSON.stringify(entry.info)}`)
    }
    const bytes = Buffer.byteLength(JSON.stringify(entry.data))
    if (bytes > this.chronicle.clocks.maxData) this.report("bounded", `${source} shows data of ${bytes} bytes`)
    const app = this.apps.get(entry.member)
    if (app !== undefined) {
      if (app.goneBy + this.slackSince(app.goneBy) < since) this.report("no ghosts", `${source} shows the app ${entry.member}, who is gone`)
      return
    }
    const life = this.lifeOf(entry)
    if (life === undefined) this.report("no ghosts", `${source} shows ${JSON.stringify(entry)}, who never was`)
    else this.checkData(life, entry.data, source)
  }

  checkData(life: Life, data: Entry["data"], source: string): void {
    if (!life.mayShow(data))
      this.report("convergence", `${source} shows ${this.describe(life)} with ${JSON.stringify(data)}, which it never said`)
  }

  /** Somebody with a good line was told that a connection leaves. */
  checkLeave(entry: Entry, reason: Reason, source: string): void {
    if (this.apps.has(entry.member)) return
    const life = this.lifeOf(entry)
    if (life === undefined) return
    this.count("leaves judged")
    const why = life.whyNotLeave(reason, Date.now(), this.chronicle.clocks, this.late)
    if (why !== null) this.report("no flap", `${source} is told that ${this.describe(life)} leaves as ${reason}: ${why}`)
    if (reason !== "left") life.toldGone ??= { at: Date.now(), reason }
  }

  /** Pictures of those who hear everything: whoever is past its bound must be gone from them. */
  watch(): void {
    const now = Date.now()
    for (const ear of this.ears) {
      if (!ear.hearsAll(now)) continue
      for (const entry of ear.picture.entries.values()) {
        const life = this.lifeOf(entry)
        const goneBy = life?.goneBy ?? this.apps.get(entry.member)?.goneBy ?? Number.POSITIVE_INFINITY
        this.count("entries watched")
        if (goneBy > now || ear.reported.has(entry.connection)) continue
        // Who came later has its own word on it; a picture that is older than the end has a tick to follow.
        if (Math.max(goneBy, ear.openedAt) + this.chronicle.clocks.tick + this.slackSince(goneBy) >= now) continue
        if (life !== undefined && this.isUnheard(life, now)) continue
        ear.reported.add(entry.connection)
        const who = life === undefined ? entry.member : this.describe(life)
        this.report("no ghosts", `${ear.name} still sees ${who}, ${now - goneBy} ms after it had to be gone`)
      }
    }
  }

  /** Each message that was taken reached all whom it was for, once. */
  checkMessages(): void {
    const { tick } = this.chronicle.clocks
    for (const message of this.said.values()) {
      for (const ear of this.ears) {
        const times = ear.messages.get(message.id) ?? 0
        if (times > 1) this.report("bounded", `${ear.name} got the message ${message.id} ${times} times`)
        if (times > 0 && message.wasRefused) this.report("no leak", `${ear.name} got the message ${message.id}, which was refused`)
        if (message.takenAt === null || !ear.isFor(message)) continue
        const hadTime = message.takenAt + 3 * tick + this.slackSince(message.takenAt)
        if (ear.openedAt >= message.sentAt || hadTime >= ear.closedAt) continue
        this.count("deliveries checked")
        if (times === 0) {
          const { startedAt } = this.chronicle
          this.report(
            "bounded",
            `${ear.name} (from ${ear.openedAt - startedAt} to ${ear.closedAt - startedAt}) lost the message ${message.id} of ${message.by}, sent ${message.sentAt - startedAt}, taken ${message.takenAt - startedAt}, to ${message.to}`,
          )
        }
      }
    }
  }

  isSurelyBanned(member: string, from: number, to: number): boolean {
    const ban = this.bans.get(member)
    return ban !== undefined && !this.wasClosed && ban.sureFrom <= from && to < ban.sureUntil
  }

  mayBeBanned(member: string, from: number, to: number): boolean {
    const ban = this.bans.get(member)
    return ban !== undefined && ban.maybeFrom <= to && from <= ban.maybeUntil + this.slackSince(from)
  }

  describe(life: Life): string {
    const since = (at: number) => (Number.isFinite(at) ? `${at - this.chronicle.startedAt}` : at > 0 ? "∞" : "-∞")
    const told = life.toldGone === null ? "" : `, told ${life.toldGone.reason} at ${since(life.toldGone.at)}`
    return `${life.member}/${life.id.slice(0, 5)}(entered ${since(life.enteredAt)}, active ${since(life.lastActiveAt)}, heard ${since(life.lastHeardAt)}, kept until ${since(life.keptUntil)}, gone by ${since(life.goneBy)}${life.ending === "" ? "" : `, ended ${life.ending}`}${told})`
  }
}
