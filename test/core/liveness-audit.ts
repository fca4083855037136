/** Reads what happened to one client, and says what the contract would not have: too early, too late, or not at all. */
import { type Clocks, EXPIRY_NOTICE_MS } from "../../src/core/liveness.ts"
import { FAR } from "./cast.ts"
import type { Client, Entry } from "./simulated-liveness.ts"

/** Instants are whole milliseconds, so an alarm may come one late. */
const ROUNDING = 1

/** What the code promises beyond "not early": by when each thing has happened. */
export function boundsOf({ interval, timeout, awayAfter, idleAfter }: Clocks) {
  const shorter = [awayAfter, idleAfter].filter((after) => after > 0 && after < interval)
  const late = Math.min(interval, ...shorter.map((after) => after / 5))
  return {
    lost: timeout + interval / 2,
    away: awayAfter + late,
    idle: idleAfter + late,
    asked: 1.75 * interval,
    askedFrom: interval / 2,
  }
}

export class Audit {
  readonly faults: string[] = []
  readonly #clocks: Clocks
  readonly #graceMs: number
  readonly #expiresAt: number
  #line: "none" | "connected" | "grace" = "none"
  #since = 0
  #heardAt = 0
  #activeAt = 0
  #graceUntil = 0
  #isPresent = false
  #isAway = false
  #hasPinged = false
  #isAsked = false
  #askedAt = 0
  /** It answered so late that the room had given up on an answer: it is asked again by its end at the latest. */
  #isSlow = false
  #isWarned = false

  constructor(clocks: Clocks, graceMs: number, { joinsAt, tokenLasts }: Client) {
    this.#clocks = clocks
    this.#graceMs = graceMs
    this.#expiresAt = tokenLasts === null ? FAR : joinsAt + tokenLasts
  }

  read({ at, what }: Entry): void {
    this.overdue(at)
    const { timeout, awayAfter, idleAfter } = this.#clocks
    const silent = at - this.#heardAt
    const inactive = at - this.#activeAt
    switch (what) {
      case "joined":
        this.#line = "connected"
        this.#since = this.#heardAt = this.#activeAt = at
        return
      case "resumed":
        this.#line = "connected"
        this.#since = this.#heardAt = at
        this.#hasPinged = this.#isAsked = this.#isWarned = false
        return
      case "heard":
        this.#heardAt = at
        this.#isSlow ||= this.#isAsked && at - this.#askedAt > this.#clocks.interval
        this.#isAsked = false
        return
      case "pinged":
        this.#heardAt = at
        this.#hasPinged = true
        return
      case "active":
        this.#activeAt = at
        this.#isAway = false
        return
      case "entered":
        this.#isPresent = true
        return
      case "left":
        this.#isPresent = false
        return
      case "broke":
        this.#line = "grace"
        this.#graceUntil = at + this.#graceMs
        return
      case "asked":
        if (this.#hasPinged) this.#fault(at, "was asked although it pings")
        if (this.#isAsked) this.#fault(at, "was asked twice without an answer")
        if (silent < boundsOf(this.#clocks).askedFrom) this.#fault(at, `was asked after ${silent} ms`)
        this.#isAsked = true
        this.#isSlow = false
        this.#askedAt = at
        return
      case "away":
        if (!this.#isPresent || inactive < awayAfter) this.#fault(at, `turned away after ${inactive} ms`)
        this.#isAway = true
        return
      case "warned":
        if (this.#isWarned || at < this.#expiresAt - EXPIRY_NOTICE_MS)
          this.#fault(at, "was told too often, or too early, that its token ends")
        this.#isWarned = true
        return
      case 4401:
        if (at < this.#expiresAt) this.#fault(at, "expired early")
        break
      case 4408:
        if (silent < timeout) this.#fault(at, `was lost after ${silent} ms`)
        break
      case 4440:
        if (!this.#isPresent || inactive < idleAfter) this.#fault(at, `was idle after ${inactive} ms`)
        break
      case "forgotten":
        if (at !== this.#graceUntil) this.#fault(at, `was forgotten, though its grace ends at ${this.#graceUntil}`)
    }
    this.#line = "none"
  }

  /** What should have happened by now. */
  overdue(now: number): void {
    if (this.#line === "none") return
    if (this.#line === "grace") {
      if (now > this.#graceUntil) this.#fault(now, "its grace did not end")
      return
    }
    const { awayAfter, idleAfter } = this.#clocks
    const by = boundsOf(this.#clocks)
    const isLate = (from: number, bound: number) => now > from + bound + ROUNDING
    if (isLate(this.#heardAt, by.lost)) this.#fault(now, "was not lost")
    if (now > this.#expiresAt) this.#fault(now, "did not expire")
    if (!this.#isWarned && now > Math.max(this.#since, this.#expiresAt - EXPIRY_NOTICE_MS))
      this.#fault(now, "was not told that its token ends")
    if (!this.#hasPinged && !this.#isAsked && !this.#isSlow && isLate(this.#heardAt, by.asked))
      this.#fault(now, `was not asked for ${now - this.#heardAt} ms`)
    if (!this.#isPresent) return
    // A resume is no activity, but nobody is looked at before it.
    const activeOrBack = (bound: number) => Math.max(this.#activeAt + bound, this.#since) - bound
    if (idleAfter > 0 && isLate(activeOrBack(by.idle), by.idle)) this.#fault(now, "was not idle")
    if (awayAfter > 0 && !this.#isAway && isLate(activeOrBack(by.away), by.away)) this.#fault(now, "did not turn away")
  }

  #fault(at: number, what: string): void {
    this.faults.push(`at ${at}: ${what}`)
  }
}

/** The faults in what happened to all of them. */
export function audit(clocks: Clocks, graceMs: number, clients: readonly Client[], log: readonly Entry[], end: number): string[] {
  return clients.flatMap((client, index) => {
    const one = new Audit(clocks, graceMs, client)
    for (const entry of log) if (entry.client === index) one.read(entry)
    one.overdue(end)
    return one.faults.map((fault) => `client ${index} ${fault}`)
  })
}
