/** What is known of one connection, by its own client's account, and what follows for everybody who sees it. */
import type { Entry } from "../whole/wire-frames.ts"
import type { Clocks } from "./clocks.ts"
import { crashBound, silentBound } from "./clocks.ts"

export type Data = Readonly<Record<string, unknown>>
export type Reason = "left" | "closed" | "lost" | "idle" | "kicked" | "expired" | "room_closed"

const MAX_POSSIBLE = 64
/** What was said so shortly before a crash may not have been heard. */
const JUST_BEFORE_MS = 400
/** What a word takes at most to be heard, on a line that delays it. */
const ON_THE_WAY_MS = 200

/** Instants are milliseconds since 1970; Infinity: not in sight; -Infinity: long ago. */
export class Life {
  readonly id: string
  readonly member: string
  readonly session: string
  readonly welcomedAt: number
  /** Whether its client is a raw one, whose every word is known. */
  readonly isPlaced: boolean
  /** By whom it is certainly shown, from the answer to its `enter` on. */
  enteredAt = Number.POSITIVE_INFINITY
  /** The last `enter` that was sent, answered or not. */
  enterSentAt = Number.NEGATIVE_INFINITY
  /** By then nobody may see it. */
  goneBy = Number.NEGATIVE_INFINITY
  /** By then its session is worth nothing. */
  overBy = Number.POSITIVE_INFINITY
  /** Until then it is certainly there, and may certainly come back. */
  keptUntil = Number.POSITIVE_INFINITY
  /** Whether its line is up as far as its client knows. */
  isConnected = true
  /** How its last line ended, for whoever reads a report. */
  ending = ""
  /** When its line ended, as far as its client knows. */
  endedAt = Number.NEGATIVE_INFINITY
  hasSaidGoodbye = false
  /** Something happened to it whose outcome is not known. */
  isDoubtful = false
  /** When a leave that ends it was first told to somebody, and with which reason. */
  toldGone: { readonly at: number; readonly reason: Reason } | null = null
  /** When it said something, and something that is activity. */
  readonly #heard: number[]
  readonly #active: number[]
  #diedSilently = false
  expiresAt: number
  /** From when on others may be told that it leaves for this reason. */
  readonly mayLeave = new Map<Reason, number>()
  /** What its data may be now; exactly one when nothing is in doubt. */
  possible: Data[] = []
  /** Since when its data is what `possible` says; Infinity while an answer is awaited that may change it. */
  #settledAt = Number.POSITIVE_INFINITY
  #patchedAt = Number.NEGATIVE_INFINITY
  #crashedAt = Number.NEGATIVE_INFINITY
  /** Everything that it may ever have been. */
  readonly history = new Set<string>()

  constructor(of: { id: string; member: string; session: string; expiresAt: number; isPlaced?: boolean; askedAt?: number }, now: number) {
    this.id = of.id
    this.member = of.member
    this.session = of.session
    this.expiresAt = of.expiresAt
    this.isPlaced = of.isPlaced ?? false
    this.welcomedAt = now
    // The room's clocks began to run when it let it in, not when that was heard.
    this.#heard = [of.askedAt ?? now]
    this.#active = [of.askedAt ?? now]
  }

  get lastHeardAt(): number {
    return this.#heard.at(-1) ?? this.welcomedAt
  }

  get lastActiveAt(): number {
    return this.#active.at(-1) ?? this.welcomedAt
  }

  hears(at: number): void {
    this.#heard.push(at)
  }

  /** What was refused is no activity: so it is noted only when it was answered. */
  acts(at: number): void {
    this.#active.push(at)
  }

  get isCertain(): boolean {
    return this.possible.length === 1 && !this.isDoubtful
  }

  enterSent(data: Data, now: number): void {
    this.#settledAt = Number.POSITIVE_INFINITY
    this.enterSentAt = now
    this.goneBy = Number.POSITIVE_INFINITY
    this.mayBe([...this.possible, data])
  }

  entered(data: Data, now: number): void {
    this.enteredAt = Math.min(this.enteredAt, now)
    // Its answer was on the way when the room died: what comes back may be older.
    if (this.enterSentAt <= this.#crashedAt) this.mayBe([...this.possible, data])
    else {
      this.possible = [data]
      this.#settledAt = now
    }
  }

  /** Unanswered patches may or may not have been laid over it. */
  patched(patch: Data, isCertain: boolean): void {
    const after = this.possible.map((data) => patchedData(data, patch))
    if (isCertain && this.#patchedAt > this.#crashedAt) this.possible = after
    else this.mayBe([...this.possible, ...after])
    for (const data of after) this.history.add(canonical(data))
  }

  /** Before patches are sent: every state on the way may be seen. */
  foresee(patches: readonly Data[]): void {
    this.#settledAt = Number.POSITIVE_INFINITY
    this.#patchedAt = Date.now()
    let states: Data[] = [...this.possible]
    for (const patch of patches) {
      states = distinct([...states, ...states.map((data) => patchedData(data, patch))])
      for (const data of states) this.history.add(canonical(data))
    }
  }

  /** All patches that were sent have their answers. */
  settled(now: number): void {
    this.#settledAt = now
  }

  leaveSent(now: number): void {
    this.allow("left", now)
    this.enteredAt = Number.POSITIVE_INFINITY
  }

  left(now: number): void {
    this.goneBy = now
    this.possible = []
  }

  /** The room ends it: by then it is gone for all, and its session is over. */
  endsBy(at: number, reason: Reason, from: number): void {
    this.allow(reason, from)
    this.enteredAt = Number.POSITIVE_INFINITY
    this.keptUntil = Number.NEGATIVE_INFINITY
    this.goneBy = Math.min(this.goneBy, at)
    this.overBy = Math.min(this.overBy, at)
    this.isConnected = false
  }

  /** A goodbye on a line that is up. */
  saidGoodbye(now: number): void {
    this.endedAt = now
    this.hasSaidGoodbye = true
    this.endsBy(now, "left", now)
    // Should the word be lost on its way, its line broke all the same.
    this.isDoubtful = true
  }

  /** The goodbye got no answer until its client broke the line off: the room may have seen that alone. */
  goodbyeUnanswered(now: number, clocks: Clocks): void {
    this.allow("closed", this.endedAt + clocks.grace)
    this.goneBy = Math.max(this.goneBy, now + clocks.grace + clocks.tick)
    this.overBy = Math.max(this.overBy, now + clocks.grace + clocks.tick)
  }

  /**
   * The line broke, and the service was told so. `late`: what anything was late in the time of a timeout before. Whoever had been
   * silent for a timeout by then, as far as the room may know, may be over for that already, and the goodbye lost with the line.
   */
  lineCut(at: number, clocks: Clocks, late: number): void {
    this.#diedSilently = false
    const unread = ON_THE_WAY_MS + late
    const isHeard = at + unread < asOf(this.#heard, at - unread) + clocks.timeout
    this.#lineEnded(at, isHeard ? at + clocks.grace : at, at + clocks.grace + clocks.tick)
    this.allow("closed", at + clocks.grace)
  }

  /** The line is dead, and the service has to find out. */
  lineDied(clocks: Clocks): void {
    const heard = this.lastHeardAt
    // Its last words may have died on the way.
    const surelyHeard = asOf(this.#heard, Date.now() - ON_THE_WAY_MS)
    this.#diedSilently = true
    this.#lineEnded(heard, surelyHeard + clocks.timeout, heard + silentBound(clocks))
    this.allow("lost", surelyHeard + clocks.timeout)
    this.allow("closed", surelyHeard + clocks.grace)
  }

  /** Memory and sockets are gone; its row, if it had entered and was answered, is not. */
  crashed(at: number, clocks: Clocks): void {
    const hadRow = this.enteredAt < at
    this.#crashedAt = at
    const bound = at + crashBound(clocks)
    if (this.goneBy > at - JUST_BEFORE_MS) this.goneBy = Math.max(bound, Number.isFinite(this.goneBy) ? this.goneBy : bound)
    if (this.overBy > at - JUST_BEFORE_MS) this.overBy = Math.max(bound, Number.isFinite(this.overBy) ? this.overBy : bound)
    this.allow("closed", at + clocks.grace)
    this.#mayComeBackOld()
    if (!this.isConnected) {
      // Whom the room still thought there gets its grace from now on.
      // An observer has a row only when the room knew that its line had ended.
      const isRecorded = hadRow || (!this.#diedSilently && at - this.endedAt > JUST_BEFORE_MS)
      this.keptUntil = isRecorded ? Math.min(this.keptUntil, at + clocks.grace) : Number.NEGATIVE_INFINITY
      return
    }
    this.isConnected = false
    const isRecorded = hadRow
    this.keptUntil = isRecorded ? at + clocks.grace : Number.NEGATIVE_INFINITY
    if (!isRecorded && this.enterSentAt > Number.NEGATIVE_INFINITY) this.isDoubtful = true
  }

  /** A resume was tried, and its outcome is not known: it may have gone on until then, and been cut off since it was asked for. */
  resumeTried(askedAt: number, until: number, clocks: Clocks): void {
    if (Number.isFinite(this.goneBy) && this.goneBy >= this.lastHeardAt) this.goneBy = Math.max(this.goneBy, until)
    if (Number.isFinite(this.overBy)) this.overBy = Math.max(this.overBy, until)
    this.keptUntil = Math.min(this.keptUntil, askedAt + clocks.grace)
    this.allow("closed", askedAt + clocks.grace)
  }

  foundBySilence(clocks: Clocks): number {
    return this.lastHeardAt + silentBound(clocks)
  }

  /** The room may have been falling asleep when its line ended: then it is found by its silence. */
  endMayBeUnheard(clocks: Clocks): void {
    const bound = this.foundBySilence(clocks)
    if (Number.isFinite(this.goneBy)) this.goneBy = Math.max(this.goneBy, bound)
    if (Number.isFinite(this.overBy)) this.overBy = Math.max(this.overBy, bound)
    this.#mayComeBackOld()
  }

  /** Of a line that ended unknown to the room, or with it, its row is all that is left: that tells what it entered with. */
  #mayComeBackOld(): void {
    if (this.possible.length > 0) this.possible = Array.from(this.history, (text): Data => JSON.parse(text))
  }

  /** It goes on, on a new line. */
  resumed(askedAt: number, expiresAt: number): void {
    this.isConnected = true
    this.hasSaidGoodbye = false
    this.isDoubtful = false
    this.keptUntil = Number.POSITIVE_INFINITY
    this.overBy = Number.POSITIVE_INFINITY
    if (this.goneBy > Number.NEGATIVE_INFINITY && this.possible.length > 0) this.goneBy = Number.POSITIVE_INFINITY
    this.mayLeave.delete("closed")
    this.mayLeave.delete("lost")
    this.hears(askedAt)
    this.expiresAt = expiresAt
  }

  allow(reason: Reason, from: number): void {
    this.mayLeave.set(reason, Math.min(from, this.mayLeave.get(reason) ?? Number.POSITIVE_INFINITY))
  }

  /** Certainly shown in whatever the room says of itself between the two instants. */
  isSurelyShown(from: number, to: number, clocks: Clocks, late: number): boolean {
    if (this.isDoubtful || this.enteredAt > from || to >= this.keptUntil) return false
    if (this.isPlaced) return true
    const idles = clocks.idle > 0 && to >= asOf(this.#active, to - late) + clocks.idle
    return to < asOf(this.#heard, to - late) + clocks.timeout && to < this.expiresAt && !idles
  }

  /** Null: it may leave for this reason. Else why not. */
  whyNotLeave(reason: Reason, at: number, clocks: Clocks, late: number): string | null {
    const froms: number[] = []
    const allowed = this.mayLeave.get(reason)
    if (allowed !== undefined) froms.push(allowed)
    // What is on its way, or not read yet, had no part in the decision.
    const then = at - ON_THE_WAY_MS - late
    if (reason === "lost") froms.push(asOf(this.#heard, then) + clocks.timeout)
    if (reason === "expired") froms.push(this.expiresAt)
    if (reason === "idle" && clocks.idle > 0) froms.push(asOf(this.#active, then) + clocks.idle)
    const from = Math.min(...froms)
    if (at >= from - 5) return null
    return froms.length === 0 ? "nothing had happened that would end it" : `${Math.round(from - at)} ms too early`
  }

  /** Its line ended when the room may have sent it away as idle already, and the goodbye was on its way. */
  endedIdle(clocks: Clocks, late: number): boolean {
    return clocks.idle > 0 && this.possible.length > 0 && this.whyNotLeave("idle", this.endedAt + ON_THE_WAY_MS, clocks, late) === null
  }

  /** Null: it may be shown as away. */
  whyNotAway(at: number, { away }: Clocks, late: number): string | null {
    const from = asOf(this.#active, at - ON_THE_WAY_MS - late) + away
    return away > 0 && at >= from - 5 ? null : `${Math.round(from - at)} ms too early`
  }

  /** What whoever asks from then on, and is answered by now, must be told of its data; null: that is not certain. */
  surelySays(from: number): Data | null {
    return this.isCertain && this.#settledAt < from ? (this.possible[0] ?? null) : null
  }

  mayShow(data: Data): boolean {
    return this.history.has(canonical(data))
  }

  mayBe(states: readonly Data[]): void {
    this.possible = distinct(states)
    for (const data of this.possible) this.history.add(canonical(data))
    if (this.possible.length > MAX_POSSIBLE) this.possible = this.possible.slice(-MAX_POSSIBLE)
  }

  #lineEnded(at: number, keptUntil: number, goneBy: number): void {
    if (!this.isConnected) return
    this.isConnected = false
    this.endedAt = Date.now()
    this.keptUntil = Math.min(this.keptUntil, keptUntil)
    if (this.goneBy > at) this.goneBy = goneBy
    this.overBy = Math.min(this.overBy, goneBy)
  }
}

/** The last of these instants up to `at`. */
function asOf(instants: readonly number[], at: number): number {
  return instants.findLast((instant) => instant <= at) ?? Number.NEGATIVE_INFINITY
}

export function patchedData(data: Data, patch: Data): Data {
  return Object.fromEntries(Object.entries({ ...data, ...patch }).filter(([, value]) => value !== null))
}

/** The same text for the same value, whatever the order of keys. */
export function canonical(value: unknown): string {
  return JSON.stringify(value, (_, inner: unknown) =>
    typeof inner === "object" && inner !== null && !Array.isArray(inner)
      ? Object.fromEntries(Object.entries(inner).sort(([a], [b]) => (a < b ? -1 : 1)))
      : inner,
  )
}

export function sameEntries(a: readonly Entry[], b: readonly Entry[]): boolean {
  return canonical(a.toSorted(byRef)) === canonical(b.toSorted(byRef))
}

function byRef(a: Entry, b: Entry): number {
  return a.ref - b.ref
}

function distinct(states: readonly Data[]): Data[] {
  return [...new Map(states.map((data) => [canonical(data), data])).values()]
}
