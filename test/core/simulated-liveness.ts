/** A room's clocks in virtual time: the alarm is set, and a sweep made, as the shell does it; clients ping, answer, talk, fall silent. */
import type { Connection } from "../../src/core/connection.ts"
import { receive } from "../../src/core/conversation.ts"
import { type Clocks, EXPIRY_NOTICE_MS, judge, nextSweep, sweepBy, type Watched } from "../../src/core/liveness.ts"
import { type Change, emptyRoster, goAway, open, remove, resume, startGrace } from "../../src/core/roster.ts"
import { FAR, identityOf } from "./cast.ts"

/** What a client does; instants are counted from its first connect, null is never. */
export type Client = {
  readonly joinsAt: number
  /** It pings when it has sent nothing for so long. */
  readonly pingsEvery: number | null
  /** It answers a heartbeat so long after it. */
  readonly answersAfter: number | null
  readonly frames: readonly { readonly at: number; readonly type: "enter" | "update" | "leave" | "sync" | "pong" }[]
  /** From then on it sends nothing, and nobody is told. */
  readonly diesAt: number | null
  /** Its line breaks then, and it resumes so long after. */
  readonly breaksAt: number | null
  readonly resumesAfter: number | null
  readonly tokenLasts: number | null
}

export const QUIET: Client = {
  joinsAt: 0,
  pingsEvery: null,
  answersAfter: null,
  frames: [],
  diesAt: null,
  breaksAt: null,
  resumesAfter: null,
  tokenLasts: null,
}

export type Happening =
  | "asked"
  | "away"
  | "active"
  | "warned"
  | "entered"
  | "left"
  | "heard"
  | "pinged"
  | "joined"
  | "broke"
  | "resumed"
  | 4401
  | 4408
  | 4440
  | "forgotten"

export type Entry = { readonly at: number; readonly client: number; readonly what: Happening }

type Player = {
  readonly client: Client
  readonly index: number
  connection: Connection
  pingedAt: number | null
  isConnected: boolean
  isAlive: boolean
  /** Of the ping that is planned: an older plan is void. */
  plan: number
}

const LIMITS = { maxFrameBytes: 1000, maxDataBytes: 1000, maxFramesPerSecond: 1e9, maxWaitingMessages: 1, waitingMessages: 0 }

export class SimulatedLiveness {
  readonly #roster = emptyRoster()
  readonly #clocks: Clocks
  readonly #graceMs: number
  readonly #players: Player[] = []
  readonly #planned: { at: number; run: () => void }[] = []
  readonly log: Entry[] = []
  readonly sweeps: number[] = []
  alarmAt: number | null = null
  now = 0

  constructor(clocks: Clocks, graceMs: number, clients: readonly Client[]) {
    this.#clocks = clocks
    this.#graceMs = graceMs
    for (const [index, client] of clients.entries()) this.#at(client.joinsAt, () => this.#join(client, index))
  }

  runUntil(end: number): this {
    for (;;) {
      const planned = this.#planned[0]?.at ?? Number.POSITIVE_INFINITY
      const next = Math.min(planned, this.alarmAt ?? Number.POSITIVE_INFINITY)
      if (next > end) break
      this.now = Math.max(this.now, next)
      // Of an alarm and a frame at the same instant, either may come first; which one varies with the instant.
      if (this.alarmAt === next && (planned > next || next % 2 === 0)) this.#sweep()
      else this.#planned.shift()?.run()
    }
    this.now = end
    return this
  }

  #join(client: Client, index: number): void {
    const expiresAt = client.tokenLasts === null ? FAR : this.now + client.tokenLasts
    const connection = open(this.#roster, `c${index}`, identityOf(`m${index}`, { expiresAt }), LIMITS.maxFramesPerSecond, this.now)
    const player: Player = { client, index, connection, pingedAt: null, isConnected: true, isAlive: true, plan: 0 }
    this.#players.push(player)
    this.#note(player, "joined")
    this.#warnWhenDue(player)
    this.#lookBy(player)
    this.#planPing(player)
    for (const { at, type } of client.frames) this.#at(this.now + at, () => this.#say(player, type))
    if (client.diesAt !== null) this.#at(this.now + client.diesAt, () => this.#die(player))
    if (client.breaksAt !== null) this.#at(this.now + client.breaksAt, () => this.#break(player))
  }

  #say(player: Player, type: string): void {
    if (!player.isAlive || !player.isConnected) return
    const { changes, replies } = receive(this.#roster, player.connection, JSON.stringify({ type, data: {} }), LIMITS, this.now)
    this.#note(player, "heard")
    const wasRefused = replies.some((reply) => reply !== "snapshot" && reply.type === "error")
    if (type !== "pong" && type !== "sync" && !wasRefused) this.#note(player, "active")
    this.#noteAll(player, changes)
    if (changes.some(({ kind }) => kind !== "update")) this.#lookBy(player)
    this.#planPing(player)
  }

  #noteAll(player: Player, changes: readonly Change[]): void {
    for (const { kind, entry } of changes) {
      if (kind === "enter") this.#note(player, "entered")
      if (kind === "leave") this.#note(player, "left")
      if (kind === "status" && entry.status === "away") this.#note(player, "away")
    }
  }

  #planPing(player: Player): void {
    const { pingsEvery } = player.client
    const plan = ++player.plan
    if (pingsEvery !== null) this.#at(this.now + pingsEvery, () => this.#ping(player, plan))
  }

  #ping(player: Player, plan: number): void {
    if (player.plan !== plan || !player.isAlive || !player.isConnected) return
    player.pingedAt = this.now
    this.#note(player, "pinged")
    this.#planPing(player)
  }

  #die(player: Player): void {
    player.isAlive = false
  }

  #break(player: Player): void {
    if (!player.isConnected || !player.isAlive) return
    player.isConnected = false
    this.#note(player, "broke")
    if (this.#graceMs === 0) {
      this.#end(player, "forgotten")
      return
    }
    startGrace(this.#roster, player.connection, this.now + this.#graceMs)
    this.#by(this.now + this.#graceMs)
    const { resumesAfter } = player.client
    if (resumesAfter !== null) this.#at(this.now + resumesAfter, () => this.#resume(player))
  }

  #resume(player: Player): void {
    const { connection } = player
    if (!player.isAlive || !this.#roster.connections.has(connection.id)) return
    const identity = identityOf(connection.member, { expiresAt: connection.expiresAt })
    resume(this.#roster, connection, identity, LIMITS.maxFramesPerSecond, this.now)
    Object.assign(player, { pingedAt: null, isConnected: true })
    this.#note(player, "resumed")
    this.#warnWhenDue(player)
    this.#lookBy(player)
    this.#planPing(player)
  }

  #sweep(): void {
    this.alarmAt = null
    this.sweeps.push(this.now)
    for (const player of [...this.#players]) {
      for (const verdict of judge(watch(player), this.#clocks, this.now)) {
        if (verdict.kind === "ask") this.#ask(player)
        if (verdict.kind === "away") this.#noteAll(player, goAway(this.#roster, player.connection))
        if (verdict.kind === "warn") this.#warnWhenDue(player)
        if (verdict.kind === "close") this.#end(player, verdict.code)
        if (verdict.kind === "end") this.#end(player, "forgotten")
      }
    }
    this.#by(nextSweep(this.#players.map(watch), this.#clocks, this.now))
  }

  #ask(player: Player): void {
    player.connection.askedAt = this.now
    this.#note(player, "asked")
    const { answersAfter } = player.client
    if (answersAfter !== null) this.#at(this.now + answersAfter, () => this.#say(player, "pong"))
  }

  #warnWhenDue(player: Player): void {
    const { connection } = player
    if (connection.warned || connection.expiresAt - EXPIRY_NOTICE_MS > this.now) return
    connection.warned = true
    this.#note(player, "warned")
  }

  #end(player: Player, what: 4401 | 4408 | 4440 | "forgotten"): void {
    player.isConnected = false
    remove(this.#roster, player.connection, "closed")
    this.#players.splice(this.#players.indexOf(player), 1)
    this.#note(player, what)
    if (this.#players.length === 0) this.alarmAt = null
  }

  #lookBy(player: Player): void {
    this.#by(sweepBy(watch(player), this.#clocks))
  }

  /** Moved only when it must come earlier, as `alarm.ts` has it. */
  #by(at: number): void {
    if (at === Number.POSITIVE_INFINITY || (this.alarmAt !== null && this.alarmAt <= at)) return
    this.alarmAt = Math.max(this.now, Math.ceil(at))
  }

  #note(player: Player, what: Happening): void {
    this.log.push({ at: this.now, client: player.index, what })
  }

  /** Kept in order; of two at the same instant, the one that was planned first comes first. */
  #at(at: number, run: () => void): void {
    const after = this.#planned.findIndex((planned) => planned.at > at)
    this.#planned.splice(after < 0 ? this.#planned.length : after, 0, { at, run })
  }
}

function watch({ connection, pingedAt, isConnected }: Player): Watched {
  return { connection, pingedAt: isConnected ? pingedAt : null }
}
