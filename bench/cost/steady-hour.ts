/**
 * What a room does in an hour in which nobody comes or goes: its own clocks, run in virtual time by the service's core. So the bill
 * counts what the service does; test/room/cost.test.ts holds it against a room inside workerd.
 */
import type { Connection, Identity } from "../../src/core/connection.ts"
import { type Clocks, judge, nextSweep, sweepBy, type Watched } from "../../src/core/liveness.ts"
import { leaseFor, type Reported, type ReportLimits, reportAt } from "../../src/core/report.ts"
import { emptyRoster, enter, goAway, open } from "../../src/core/roster.ts"

export type SteadyRoom = {
  readonly members: number
  readonly clocks: Clocks
  /** How long a token lasts, in milliseconds. */
  readonly tokenMs: number
  /** They move all the time, or only ping, as the client does, or ping never and only answer when they are asked. */
  readonly doing: "move" | "ping" | "answer"
  /** Between two who join, in milliseconds. */
  readonly joinsEveryMs: number
  /** From the last join until the hour that is counted, in milliseconds. */
  readonly settlesMs: number
}

export type SteadyHour = {
  readonly alarmRuns: number
  readonly alarmsSet: number
  /** To the directory. */
  readonly reports: number
  /** Fresh tokens handed in. */
  readonly tokens: number
  /** Pings, which the runtime answers by itself. */
  readonly pings: number
}

export const HOUR = 3_600_000

/** So long after `expiring` the client hands in its fresh token. */
export const REFRESH_MS = 10_000

/** The room sleeps whenever nothing is to be done: whatever happens finds it asleep. */
export function steadyHour(room: SteadyRoom): SteadyHour {
  return new Rehearsal(room).hour()
}

type Member = { readonly connection: Connection; readonly joinedAt: number }

class Rehearsal {
  readonly #room: SteadyRoom
  readonly #limits: ReportLimits
  readonly #roster = emptyRoster()
  readonly #members: Member[] = []
  readonly #planned: { readonly at: number; readonly run: () => void }[]
  readonly #from: number
  readonly #counts = { alarmRuns: 0, alarmsSet: 0, reports: 0, tokens: 0 }
  #reported: Reported | null = null
  #alarmAt = Number.POSITIVE_INFINITY
  #now = 0

  constructor(room: SteadyRoom) {
    this.#room = room
    this.#limits = { everyMs: 1000, leaseMs: leaseFor(room.clocks, 1000) }
    this.#planned = Array.from({ length: room.members }, (_, i) => ({ at: i * room.joinsEveryMs, run: () => this.#join(i) }))
    this.#from = (room.members - 1) * room.joinsEveryMs + room.settlesMs
  }

  hour(): SteadyHour {
    const { members, doing, clocks } = this.#room
    for (;;) {
      const next = Math.min(this.#alarmAt, this.#planned[0]?.at ?? Number.POSITIVE_INFINITY)
      if (next > this.#from + HOUR) break
      this.#now = next
      if (this.#alarmAt === next) this.#sweep()
      else this.#planned.shift()?.run()
    }
    return { ...this.#counts, pings: doing === "ping" ? (members * HOUR) / clocks.interval : 0 }
  }

  #join(i: number): void {
    const expiresAt = this.#now + this.#room.tokenMs
    const identity: Identity = { member: `m${i}`, info: {}, grants: { subscribe: true, presence: true, message: true }, expiresAt }
    const connection = open(this.#roster, `c${i}`, identity, 60, this.#now)
    enter(this.#roster, connection, {}, 1000, this.#now)
    const member = { connection, joinedAt: this.#now }
    this.#members.push(member)
    this.#reported = { ...this.#occupants(), at: this.#now }
    this.#by(sweepBy(this.#watch(member), this.#room.clocks))
  }

  #sweep(): void {
    const { clocks, doing } = this.#room
    this.#wake()
    this.#alarmAt = Number.POSITIVE_INFINITY
    this.#count("alarmRuns")
    const answers: Connection[] = []
    for (const member of this.#members) {
      const { connection } = member
      if (doing === "move") Object.assign(connection, { heardAt: this.#now, activeAt: this.#now })
      for (const { kind } of judge(this.#watch(member), clocks, this.#now)) {
        if (kind === "close" || kind === "end") throw new Error("somebody leaves in this hour; set idleAfter to 0")
        if (kind === "away") goAway(this.#roster, connection)
        if (kind === "warn") this.#warn(member)
        if (kind !== "ask") continue
        connection.askedAt = this.#now
        answers.push(connection)
      }
    }
    const at = reportAt(this.#reported, this.#occupants(), true, doing === "move", this.#limits, this.#now)
    if (at !== null) {
      this.#reported = { ...this.#occupants(), at }
      this.#count("reports")
    }
    this.#by(nextSweep(this.#members.map(this.#watch), clocks, this.#now))
    for (const connection of answers) connection.heardAt = this.#now
  }

  #warn(member: Member): void {
    const { connection } = member
    connection.warned = true
    this.#planned.push({
      at: this.#now + REFRESH_MS,
      run: () => {
        this.#wake()
        this.#count("tokens")
        Object.assign(connection, { heardAt: this.#now, expiresAt: this.#now + this.#room.tokenMs, warned: false })
        this.#by(sweepBy(this.#watch(member), this.#room.clocks))
      },
    })
    this.#planned.sort((a, b) => a.at - b.at)
  }

  /** A room that wakes up looks when each of those it finds is due. */
  #wake(): void {
    if (this.#room.doing === "move") return
    const due = this.#members.map((member) => sweepBy(this.#watch(member), this.#room.clocks))
    this.#by(due.reduce((least, at) => Math.min(least, at), Number.POSITIVE_INFINITY))
  }

  #by(at: number): void {
    if (this.#alarmAt <= at) return
    this.#alarmAt = Math.ceil(at)
    this.#count("alarmsSet")
  }

  #count(what: Exclude<keyof SteadyHour, "pings">): void {
    if (this.#now > this.#from) this.#counts[what]++
  }

  #occupants() {
    return { members: this.#members.length, connections: this.#members.length, observers: 0 }
  }

  /** One that pings does so an interval after it joined, and then every interval. */
  readonly #watch = ({ connection, joinedAt }: Member): Watched => {
    const { interval } = this.#room.clocks
    const pings = Math.floor((this.#now - joinedAt) / interval)
    return { connection, pingedAt: this.#room.doing === "ping" && pings > 0 ? joinedAt + pings * interval : null }
  }
}
