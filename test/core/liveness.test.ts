import { describe, expect, it } from "vitest"
import { type Clocks, EXPIRY_NOTICE_MS, heardAt, judge, leeway, nextSweep, sweepBy, type Watched } from "../../src/core/liveness.ts"
import { emptyRoster, goAway, startGrace } from "../../src/core/roster.ts"
import { enterAs, FAR, join } from "./cast.ts"
import { type Client, type Happening, QUIET, SimulatedLiveness } from "./simulated-liveness.ts"

const CLOCKS: Clocks = { interval: 1000, timeout: 3000, awayAfter: 10_000, idleAfter: 60_000 }
const OFF: Clocks = { ...CLOCKS, awayAfter: 0, idleAfter: 0 }

function kinds(watched: Watched, now: number, clocks = CLOCKS): (string | number)[] {
  return judge(watched, clocks, now).map((verdict) => (verdict.kind === "close" ? verdict.code : verdict.kind))
}

/** An observer that was last heard at 0. */
function observer(over: Partial<Watched["connection"]> = {}, pingedAt: number | null = null): Watched {
  return { connection: { ...join(emptyRoster(), "anna"), ...over }, pingedAt }
}

function present(over: Partial<Watched["connection"]> = {}, pingedAt: number | null = null): Watched {
  return { connection: { ...enterAs(emptyRoster(), "anna"), ...over }, pingedAt }
}

/** When each thing happened to a client alone in its room. */
function happened(clocks: Clocks, client: Partial<Client>, graceMs = 5000): [number, Happening][] {
  const { log } = new SimulatedLiveness(clocks, graceMs, [{ ...QUIET, ...client }]).runUntil(500_000)
  return log.filter(({ what }) => what !== "heard" && what !== "pinged" && what !== "active").map(({ at, what }) => [at, what])
}

describe("the heartbeat", () => {
  it("[LV1] hears the later of the last frame and the last ping", () => {
    expect(heardAt(observer({ heardAt: 5 }))).toBe(5)
    expect(heardAt(observer({ heardAt: 5 }, 9))).toBe(9)
    expect(heardAt(observer({ heardAt: 9 }, 5))).toBe(9)
  })

  it("[LV1] closes nobody before the timeout, and everybody who was silent for it", () => {
    for (const watched of [observer({ askedAt: 1250 }), present({ askedAt: 1250 }), observer({}, 0)]) {
      expect(kinds(watched, 2999, OFF)).toEqual([])
      expect(kinds(watched, 3000, OFF)).toEqual([4408])
    }
  })

  it("[LV2] closes a silent client that is alone in its room within its bound, wherever it is", () => {
    expect(happened(OFF, {})).toEqual([
      [0, "joined"],
      [1250, "asked"],
      [3000, 4408],
    ])
    const died = happened(OFF, { pingsEvery: 1000, diesAt: 10_500 }).at(-1)
    expect(died?.[1]).toBe(4408)
    expect(died?.[0]).toBeGreaterThanOrEqual(13_000)
    expect(died?.[0]).toBeLessThanOrEqual(13_500)
  })

  it("[LV2] closes one that dies alone on time: a question that is due shortly before waits for it", () => {
    const dying = observer({ heardAt: 0, askedAt: 1250 })
    const unasked = observer({ heardAt: 1600 })
    expect(sweepBy(unasked, OFF)).toBe(2850)
    expect(nextSweep([dying, unasked], OFF, 2200)).toBe(3000)
    // Half an interval is as long as it waits.
    expect(nextSweep([dying, observer({ heardAt: 1200 })], OFF, 1600)).toBe(2450)
  })

  it("[LV3] asks who never pinged, from half an interval of silence on, and once", () => {
    expect(kinds(observer(), 499)).toEqual([])
    expect(kinds(observer(), 500)).toEqual(["ask"])
    expect(kinds(observer({ askedAt: 500 }), 2999)).toEqual([])
    expect(kinds(observer({ askedAt: 500, heardAt: 600 }), 1100)).toEqual(["ask"])
    expect(kinds(observer({ askedAt: 500, heardAt: 500 }), 1100)).toEqual(["ask"])
  })

  it("[LV3] does not ask who has pinged, however long ago", () => {
    expect(kinds(observer({}, 1), 2999)).toEqual([])
    expect(happened(OFF, { pingsEvery: 900, diesAt: 3500 }).map(([, what]) => what)).toEqual(["joined", 4408])
  })
})

describe("away and idle", () => {
  it("[LV4] turns away not before its time, and only who is active", () => {
    const quiet = present({ heardAt: 10_000 }, 10_000)
    expect(kinds(quiet, 9999)).toEqual([])
    expect(kinds(quiet, 10_000)).toEqual(["away"])
    const roster = emptyRoster()
    const connection = enterAs(roster, "anna")
    goAway(roster, connection)
    expect(kinds({ connection, pingedAt: 10_000 }, 11_000)).toEqual([])
  })

  it("[LV5] closes the idle, whether it was away or not", () => {
    expect(kinds(present({ heardAt: 60_000 }, 60_000), 59_999)).toEqual(["away"])
    expect(kinds(present({ heardAt: 60_000 }, 60_000), 60_000)).toEqual([4440])
    expect(kinds(present({ heardAt: 60_000 }, 60_000), 60_000, { ...CLOCKS, awayAfter: 0 })).toEqual([4440])
  })

  it("[LV4] counts from the last activity, not from the last sign of life", () => {
    const log = happened(
      { ...CLOCKS, idleAfter: 30_000 },
      {
        pingsEvery: 900,
        frames: [
          { at: 0, type: "enter" },
          { at: 4000, type: "update" },
          { at: 9000, type: "sync" },
          { at: 9500, type: "pong" },
        ],
      },
    )
    expect(log.map(([, what]) => what)).toEqual(["joined", "entered", "away", 4440])
    const [, , away, idle] = log
    expect(away?.[0]).toBeGreaterThanOrEqual(14_000)
    expect(away?.[0]).toBeLessThanOrEqual(15_001)
    expect(idle?.[0]).toBeGreaterThanOrEqual(34_000)
    expect(idle?.[0]).toBeLessThanOrEqual(35_001)
  })

  it("[LV6] apply to nobody who has not entered", () => {
    expect(kinds(observer({ heardAt: 99_000 }, 99_000), 99_500)).toEqual([])
    const log = happened(CLOCKS, {
      pingsEvery: 900,
      frames: [
        { at: 0, type: "enter" },
        { at: 1, type: "leave" },
      ],
      diesAt: 100_000,
    })
    expect(log.map(([, what]) => what)).toEqual(["joined", "entered", "left", 4408])
  })

  it("[LV6] are off at 0", () => {
    expect(kinds(present({ heardAt: 99_000 }, 99_000), 99_500, OFF)).toEqual([])
    expect(kinds(present({ heardAt: 99_000 }, 99_000), 99_500, { ...OFF, awayAfter: 1 })).toEqual(["away"])
  })
})

describe("grace", () => {
  it("[GR3] ends exactly, and nothing else happens to who is in it", () => {
    const roster = emptyRoster()
    const connection = enterAs(roster, "anna")
    connection.expiresAt = 100
    startGrace(roster, connection, 50_000)
    expect(kinds({ connection, pingedAt: null }, 49_999)).toEqual([])
    expect(judge({ connection, pingedAt: null }, CLOCKS, 50_000)).toEqual([{ kind: "end", reason: "closed" }])
    expect(sweepBy({ connection, pingedAt: null }, CLOCKS)).toBe(50_000)
  })

  it("[GR3] ends exactly in a room that has other things to do, and starts no sweep of its own before", () => {
    const log = happened(OFF, { pingsEvery: 1000, breaksAt: 7777, frames: [{ at: 0, type: "enter" }] }, 1234)
    expect(log).toEqual([
      [0, "joined"],
      [0, "entered"],
      [7777, "broke"],
      [7777 + 1234, "forgotten"],
    ])
  })

  it("[GR2] is over with a resume, whose silence counts from there", () => {
    const log = happened(OFF, { breaksAt: 2000, resumesAfter: 4000 }, 9000)
    expect(log).toEqual([
      [0, "joined"],
      [1250, "asked"],
      [2000, "broke"],
      [6000, "resumed"],
      [7250, "asked"],
      [9000, 4408],
    ])
  })
})

describe("tokens", () => {
  it("[AU7] end exactly, whatever else is due", () => {
    expect(kinds(present({ expiresAt: 5000, warned: true }), 4999, OFF)).toEqual([4408])
    expect(kinds(present({ expiresAt: 5000, warned: true }), 5000, OFF)).toEqual([4401])
    const log = happened(OFF, { pingsEvery: 900, tokenLasts: 61_234 })
    expect(log).toEqual([
      [0, "joined"],
      [1234, "warned"],
      [61_234, 4401],
    ])
  })

  it("[AU6] are warned of 60 s before, once", () => {
    expect(EXPIRY_NOTICE_MS).toBe(60_000)
    const watched = (now: number, over = {}) => kinds(observer({ expiresAt: 100_000, heardAt: now, ...over }, now), now)
    expect([watched(39_999), watched(40_000), watched(40_000, { warned: true })]).toEqual([[], ["warn"], []])
  })

  it("[AU6] are warned of at once when less is left", () => {
    expect(happened(OFF, { pingsEvery: 900, tokenLasts: 5000 })).toEqual([
      [0, "joined"],
      [0, "warned"],
      [5000, 4401],
    ])
  })
})

describe("the next sweep", () => {
  it("[LV9] is never, for nobody", () => {
    expect(nextSweep([], CLOCKS, 5)).toBe(Number.POSITIVE_INFINITY)
  })

  it("[LV9] is in the future, whatever is overdue", () => {
    const overdue = [
      observer({ expiresAt: 10 }),
      observer({ heardAt: -99_000 }),
      present({ activeAt: -99_000 }),
      observer({ warned: true, expiresAt: 0 }),
    ]
    for (const watched of overdue) expect(nextSweep([watched], CLOCKS, 5000)).toBeGreaterThan(5000)
  })

  it("[LV8] leaves half an interval between two, and less only for what is exact", () => {
    expect(leeway(CLOCKS)).toBe(500)
    expect(nextSweep([observer({ heardAt: 0, askedAt: 1250 })], CLOCKS, 2900)).toBe(3400)
    expect(nextSweep([observer({ heardAt: 2900, expiresAt: 3000, warned: true })], CLOCKS, 2900)).toBe(3000)
  })

  it("[LV8] leaves less only where away or idle are shorter than an interval", () => {
    expect([leeway(OFF), leeway({ ...CLOCKS, awayAfter: 1000 }), leeway({ ...CLOCKS, idleAfter: 1000 })]).toEqual([500, 500, 500])
    expect([leeway({ ...CLOCKS, awayAfter: 999 }), leeway({ ...CLOCKS, idleAfter: 200 })]).toEqual([99.9, 20])
  })

  it("[LV7] waits for a client that pings, and does not wait for its token's distant end", () => {
    const pinging = observer({ expiresAt: FAR }, 9000)
    expect(nextSweep([pinging], CLOCKS, 9000)).toBeGreaterThanOrEqual(9000 + 3000)
    expect(sweepBy(pinging, CLOCKS)).toBeLessThanOrEqual(9000 + 3000 + 500)
  })
})
