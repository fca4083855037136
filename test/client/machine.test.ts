/** The connection's life as values: what each event leads to, and when. */
import fc from "fast-check"
import { describe, expect, it } from "vitest"
import { backoff, FIRST_BACKOFF_MS, MAX_BACKOFF_MS } from "../../src/client/backoff.ts"
import {
  ATTEMPT_LIMIT_MS,
  dueAt,
  ECHO_LIMIT_MS,
  type Event,
  idle,
  PAUSE_MS,
  PONG_LIMIT_MS,
  STABLE_MS,
  type State,
  type Step,
  statusOf,
  step,
} from "../../src/client/machine.ts"
import type { RoomFrame } from "../../src/client/wire.ts"
import { CLOSE_CODES, CLOSES, type Retry } from "../../src/protocol/close-codes.ts"

const INTERVAL = 30_000
const NOW = 1_000_000
const WELCOME: RoomFrame = {
  type: "welcome",
  protocol: 1,
  room: "r",
  connection: "c",
  ref: 1,
  member: "anna",
  session: "secret",
  resumed: false,
  heartbeat: { interval: INTERVAL, timeout: 90_000 },
  present: [],
}

/** Runs events one after the other, each `[event, now]`. */
function run(from: State, ...events: [Event, number][]): Step {
  return events.reduce<Step>(([state], [event, now]) => step(state, event, now, 0.5), [from])
}

function online(renewable = true, now = NOW): State {
  const [state] = run(
    idle(renewable, null),
    [{ kind: "start" }, now],
    [{ kind: "token", token: "t1" }, now],
    [{ kind: "heard", frame: WELCOME }, now],
  )
  return state
}

function opening(renewable = true): State {
  return run(idle(renewable, null), [{ kind: "start" }, NOW], [{ kind: "token", token: "t1" }, NOW])[0]
}

const ended = (code: number): Event => ({ kind: "ended", code, message: "" })
const answered = (status: number, retryAfter = 0): Event => ({
  kind: "answered",
  answer: { status, reason: { code: "some_code", message: "why" }, retryAfter },
})

describe("connecting", () => {
  it("[RE1] gets a token, opens, and is online with the welcome", () => {
    const [first, ...effects] = step(idle(true, null), { kind: "start" }, NOW, 0)
    expect([first.at, effects, statusOf(first)]).toEqual(["token", ["token"], "connecting"])
    const [second, ...more] = step(first, { kind: "token", token: "t1" }, NOW, 0)
    expect([second.at, second.token, more]).toEqual(["opening", "t1", ["open"]])
    const [third, ...none] = step(second, { kind: "heard", frame: WELCOME }, NOW, 0)
    expect([third.at, third.session, none, statusOf(third)]).toEqual(["online", "secret", [], "connected"])
  })

  it("[RE1] what takes too long is given up, and tried again after a pause", () => {
    for (const state of [run(idle(true, null), [{ kind: "start" }, NOW])[0], opening(), run(opening(), [ended(1006), NOW])[0]]) {
      expect(dueAt(state)).toBe(NOW + ATTEMPT_LIMIT_MS)
      expect(step(state, { kind: "tick" }, NOW + ATTEMPT_LIMIT_MS - 1, 0)[0]).toBe(state)
      const [paused] = step(state, { kind: "tick" }, NOW + ATTEMPT_LIMIT_MS, 0.5)
      expect(paused).toMatchObject({ at: "pausing", attempt: 1 })
      expect(run(paused, [{ kind: "tick" }, dueAt(paused)])[0].at).toMatch(/token|opening/)
    }
  })

  it("[RE1] a token that cannot be got is asked for again after a pause", () => {
    const [state] = run(idle(true, null), [{ kind: "start" }, NOW], [{ kind: "token-failed", message: "no" }, NOW])
    expect(state).toMatchObject({ at: "pausing", reason: { code: "token_failed", message: "no" } })
    expect(run(state, [{ kind: "tick" }, dueAt(state)])).toEqual([expect.objectContaining({ at: "token" }), "token"])
  })
})

describe("a close", () => {
  const outcome = (code: number): Retry => {
    const [state, ...effects] = run(online(), [ended(code), NOW + 10_000])
    const keeps = state.session === "secret"
    if (state.at === "closed") return "never"
    if (state.at === "dormant") return "user"
    if (state.at === "token") return effects.includes("token") && !keeps ? "reauth" : "never"
    const wait = dueAt(state) - NOW - 10_000
    if (wait >= PAUSE_MS) return "pause"
    return keeps ? "resume" : "enter"
  }

  it("[RE2] every code of the contract does what its table says", () => {
    for (const code of CLOSE_CODES) expect([code, outcome(code)]).toEqual([code, CLOSES[code].retry])
    expect(outcome(1000)).toBe("never")
    for (const code of [1001, 1005, 1006, 1011, 1012, 1013, 3000, 4000, 4399, 4500]) expect([code, outcome(code)]).toEqual([code, "resume"])
  })

  it("[RE2] a code of the room's own that a later version adds is final", () => {
    expect([4402, 4450, 4499].map(outcome)).toEqual(["never", "never", "never"])
  })

  it("[RE2] `bye` counts as the close it announces", () => {
    for (const code of CLOSE_CODES) {
      const bye: RoomFrame = { type: "bye", code, reason: "because" }
      const [state] = run(online(), [{ kind: "heard", frame: bye }, NOW + 10_000])
      expect(state.at).toBe(run(online(), [ended(code), NOW + 10_000])[0].at)
      expect(state.reason).toEqual({ code, message: "because" })
      expect(run(opening(), [{ kind: "heard", frame: bye }, NOW])[0].at).not.toBe("asking")
    }
  })

  it("[RE2] 4401 gets a new token first, and gives up where there is none to get", () => {
    expect(run(online(), [ended(4401), NOW + 10_000])).toEqual([
      expect.objectContaining({ at: "token", token: null, session: null }),
      "token",
    ])
    expect(run(online(false), [ended(4401), NOW + 10_000])).toEqual([
      expect.objectContaining({ at: "closed", reason: { code: 4401, message: "" } }),
    ])
  })

  it("[RE2] nothing wakes what is closed", () => {
    const [closed] = run(online(), [ended(4403), NOW])
    const events: Event[] = [{ kind: "start" }, { kind: "online" }, { kind: "pageshow" }, { kind: "user" }, { kind: "tick" }, ended(1006)]
    for (const event of [...events, { kind: "token", token: "t" } as const]) expect(step(closed, event, NOW * 2, 0)).toEqual([closed])
    expect(dueAt(closed)).toBe(Number.POSITIVE_INFINITY)
  })
})

describe("back-off", () => {
  it("[RE3] has full jitter below a ceiling that doubles up to its cap", () => {
    fc.assert(
      fc.property(fc.nat(60), fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }), (attempt, random) => {
        const wait = backoff(attempt, random)
        expect(wait).toBeGreaterThanOrEqual(0)
        expect(wait).toBeLessThanOrEqual(Math.min(MAX_BACKOFF_MS, FIRST_BACKOFF_MS * 2 ** attempt))
      }),
    )
    expect([0, 1, 2, 10].map((attempt) => backoff(attempt, 0.5))).toEqual([200, 400, 800, 10_000])
  })

  it("[RE3] grows with each failure, and starts anew after a connection that held", () => {
    let state = run(opening(), [ended(1006), NOW])[0]
    for (let attempt = 0; attempt < 8; attempt++) {
      state = run(state, [answered(426), NOW])[0]
      expect(state).toMatchObject({ at: "pausing", attempt: attempt + 1 })
      expect(dueAt(state) - NOW).toBe(backoff(attempt, 0.5))
      state = run(state, [{ kind: "tick" }, dueAt(state)], [ended(1006), NOW])[0]
    }
    const [connected] = run({ ...opening(), attempt: 8 }, [{ kind: "heard", frame: WELCOME }, NOW])
    expect(run(connected, [ended(1006), NOW + STABLE_MS])[0].attempt).toBe(1)
    // Welcomed, and broken at once: what is remembered still fits into a grace.
    const [flapping] = run(connected, [ended(1006), NOW + STABLE_MS - 1])
    expect(flapping.attempt).toBe(3)
    expect(dueAt(flapping) - NOW - STABLE_MS).toBeLessThan(FIRST_BACKOFF_MS * 4)
  })
})

describe("a refused upgrade", () => {
  it("[RE4] is asked about, and the answer decides", () => {
    const [asking, ...effects] = run(opening(), [ended(1006), NOW])
    expect([asking.at, effects]).toEqual(["asking", ["ask"]])
    const told = (status: number, retryAfter = 0) => run(asking, [answered(status, retryAfter), NOW])
    expect(told(401)).toEqual([expect.objectContaining({ at: "token", token: null }), "token"])
    for (const status of [400, 403, 404, 409]) {
      expect(told(status)).toEqual([expect.objectContaining({ at: "closed", reason: { code: "some_code", message: "why" } })])
    }
    for (const status of [429, 500, 503]) {
      const [paused] = told(status)
      expect([paused.at, dueAt(paused) - NOW]).toEqual(["pausing", PAUSE_MS + backoff(0, 0.5)])
      expect(dueAt(told(status, 60_000)[0]) - NOW).toBe(60_000 + backoff(0, 0.5))
    }
    const [lineAgain] = told(426)
    expect([lineAgain.at, dueAt(lineAgain) - NOW]).toEqual(["pausing", backoff(0, 0.5)])
    expect(run(asking, [{ kind: "answered", answer: null }, NOW])[0]).toMatchObject({ at: "pausing" })
  })

  it("[RE4] a session is kept through it, and a line that had a welcome is not asked about", () => {
    const [paused] = run(online(), [ended(1006), NOW + 10_000])
    const [again] = run(paused, [{ kind: "tick" }, dueAt(paused)], [ended(1006), NOW + 20_000])
    expect(again).toMatchObject({ at: "asking", session: "secret" })
    expect(paused.at).toBe("pausing")
  })

  it("[RE4] a token that is refused again is not got again at once", () => {
    const [first] = run(opening(), [ended(1006), NOW], [answered(401), NOW])
    expect(first.at).toBe("token")
    const [second] = run(first, [{ kind: "token", token: "t2" }, NOW], [ended(1006), NOW], [answered(401), NOW])
    expect(second).toMatchObject({ at: "pausing", token: null })
    expect(run(opening(false), [ended(1006), NOW], [answered(401), NOW])[0]).toMatchObject({ at: "closed" })
  })
})

describe("a dead line", () => {
  it("[RE5] is found by a ping after the interval's silence, within seconds", () => {
    const state = online()
    expect(dueAt(state)).toBe(NOW + INTERVAL)
    const [asked, ...effects] = step(state, { kind: "tick" }, NOW + INTERVAL, 0)
    expect([effects, dueAt(asked)]).toEqual([["ping"], NOW + INTERVAL + PONG_LIMIT_MS])
    const [dead] = step(asked, { kind: "tick" }, NOW + INTERVAL + PONG_LIMIT_MS, 0)
    expect(dead).toMatchObject({ at: "pausing", session: "secret", reason: { code: 1006 } })
    const [alive] = step(asked, { kind: "heard", frame: null }, NOW + INTERVAL + 100, 0)
    expect([alive.at, dueAt(alive)]).toEqual(["online", NOW + INTERVAL * 2])
  })

  it("[RE5] is found while this side talks and hears no echo", () => {
    const [talking] = run(online(), [{ kind: "sent" }, NOW + 1000], [{ kind: "sent" }, NOW + 3000])
    expect(dueAt(talking)).toBe(NOW + 1000 + ECHO_LIMIT_MS)
    const [asked, ...effects] = step(talking, { kind: "tick" }, NOW + 1000 + ECHO_LIMIT_MS, 0)
    expect(effects).toEqual(["ping"])
    expect(run(asked, [{ kind: "tick" }, dueAt(asked)])[0].at).toBe("pausing")
    const [echoed] = run(talking, [{ kind: "heard", frame: null }, NOW + 3100])
    expect(dueAt(echoed)).toBe(NOW + 3000 + INTERVAL)
  })

  it("[RE5] own frames put the ping off, and a ping that is out is not repeated", () => {
    const [sent] = run(online(), [{ kind: "sent" }, NOW + 20_000], [{ kind: "heard", frame: null }, NOW + 20_001])
    expect(dueAt(sent)).toBe(NOW + 20_000 + INTERVAL)
    const [asked] = run(sent, [{ kind: "pageshow" }, NOW + 21_000])
    expect(run(asked, [{ kind: "visibilitychange" }, NOW + 22_000])).toEqual([asked])
    expect(dueAt(asked)).toBe(NOW + 21_000 + PONG_LIMIT_MS)
  })

  it("[RE5] a heartbeat is answered", () => {
    expect(run(online(), [{ kind: "heard", frame: { type: "heartbeat" } }, NOW])[1]).toBe("pong")
  })

  it("[RE5] a network that comes or goes, and a page that is shown, ask it at once", () => {
    for (const kind of ["online", "offline", "pageshow", "visibilitychange", "resume"] as const) {
      expect(run(online(), [{ kind }, NOW + 5000])[1]).toBe("ping")
    }
  })
})

describe("the network and the page", () => {
  it("[RE6] a network that is back, and a page that is shown, end a pause", () => {
    const [paused] = run(online(), [ended(1006), NOW])
    for (const kind of ["online", "pageshow", "visibilitychange"] as const) {
      expect(run(paused, [{ kind }, NOW])).toEqual([expect.objectContaining({ at: "opening", session: "secret" }), "open"])
    }
    expect(run(paused, [{ kind: "user" }, NOW])).toEqual([paused])
  })

  it("[RE6] without a network it is offline, and goes on trying", () => {
    const [paused] = run(online(), [{ kind: "offline" }, NOW], [ended(1006), NOW])
    expect([paused.at, statusOf(paused)]).toEqual(["pausing", "offline"])
    expect(run(paused, [{ kind: "tick" }, dueAt(paused)])[1]).toBe("open")
    expect(statusOf(run(paused, [{ kind: "online" }, NOW])[0])).toBe("reconnecting")
    expect(statusOf(run(online(), [{ kind: "offline" }, NOW])[0])).toBe("connected")
  })

  it("[RE7] a page that goes has left: what it was is not resumed when it is shown again", () => {
    const [hidden] = run(online(), [{ kind: "pagehide" }, NOW])
    expect(hidden).toMatchObject({ at: "hidden", session: null })
    expect(statusOf(hidden)).toBe("offline")
    expect(run(hidden, [{ kind: "user" }, NOW])).toEqual([hidden])
    expect(run(hidden, [{ kind: "online" }, NOW])[0].at).toBe("hidden")
    expect(run(hidden, [{ kind: "pageshow" }, NOW])).toEqual([expect.objectContaining({ at: "opening" }), "open"])
  })

  it("[RE8] who was idle too long connects again when the user does something", () => {
    const [dormant] = run(online(), [ended(4440), NOW])
    expect([dormant.at, statusOf(dormant), dueAt(dormant)]).toEqual(["dormant", "offline", Number.POSITIVE_INFINITY])
    expect(run(dormant, [{ kind: "online" }, NOW])[0].at).toBe("dormant")
    for (const kind of ["user", "visibilitychange", "pageshow"] as const) expect(run(dormant, [{ kind }, NOW])[1]).toBe("open")
  })
})

describe("tokens", () => {
  it("[RE9] are refreshed before they end, and handed in", () => {
    const [warned] = run(online(), [{ kind: "heard", frame: { type: "expiring", at: NOW + 60_000 } }, NOW])
    expect(dueAt(warned)).toBe(NOW + 10_000)
    const [asked, ...effects] = run(warned, [{ kind: "tick" }, NOW + 10_000])
    expect([effects, asked.at]).toEqual([["token"], "online"])
    expect(run(asked, [{ kind: "token", token: "t2" }, NOW + 10_100])).toEqual([
      expect.objectContaining({ at: "online", token: "t2" }),
      "auth",
    ])
  })

  it("[RE9] short-lived ones are refreshed at half their rest, never in a circle, whatever the clocks are apart", () => {
    const refreshIn = (rest: number) => {
      const [warned] = run(online(), [{ kind: "heard", frame: { type: "expiring", at: NOW + rest } }, NOW])
      return dueAt(warned) - NOW
    }
    expect([-1e9, 0, 1000, 8000, 20_000, 60_000, 1e9].map(refreshIn)).toEqual([1000, 1000, 1000, 4000, 10_000, 10_000, 10_000])
  })

  it("[RE10] a tick that comes late deals with all that is due: a token that ends, and a silent line", () => {
    const [warned] = run(online(), [{ kind: "heard", frame: { type: "expiring", at: NOW } }, NOW])
    const late = NOW + 120_000
    const [next, ...effects] = run(warned, [{ kind: "tick" }, late])
    expect(effects).toEqual(["ping", "token"])
    expect(dueAt(next)).toBe(late + PONG_LIMIT_MS)
  })

  it("[RE9] one that cannot be got, or is not taken, is tried for again", () => {
    const [failed] = run(online(), [{ kind: "token-failed", message: "no" }, NOW])
    expect(dueAt(failed)).toBe(NOW + PAUSE_MS)
    expect(run(failed, [{ kind: "tick" }, NOW + PAUSE_MS])[1]).toBe("token")
    const [fixed] = run(online(false), [{ kind: "heard", frame: { type: "expiring", at: NOW } }, NOW])
    expect(run(fixed, [{ kind: "tick" }, NOW + 1000])).toHaveLength(1)
  })
})

describe("any events in any order", () => {
  const frames: RoomFrame[] = [
    WELCOME,
    { type: "heartbeat" },
    { type: "expiring", at: NOW },
    { type: "bye", code: 4408, reason: "" },
    { type: "ack", id: 1 },
  ]
  const event: fc.Arbitrary<Event> = fc.oneof(
    fc.constantFrom<Event>({ kind: "start" }, { kind: "user" }, { kind: "sent" }, { kind: "tick" }),
    fc.constantFrom<Event>(
      { kind: "online" },
      { kind: "offline" },
      { kind: "pageshow" },
      { kind: "visibilitychange" },
      { kind: "pagehide" },
      { kind: "freeze" },
      { kind: "resume" },
    ),
    fc.constant<Event>({ kind: "token", token: "t" }),
    fc.constant<Event>({ kind: "token-failed", message: "" }),
    fc.constantFrom(null, ...frames).map((frame): Event => ({ kind: "heard", frame })),
    fc.constantFrom(1000, 1006, 4401, 4408, 4429, 4440).map(ended),
    fc
      .constantFrom(0, 401, 403, 426, 429, 503)
      .map((status) => (status === 0 ? { kind: "answered" as const, answer: null } : answered(status))),
  )

  it("[RE10] unless it is closed or waits for the user or the page, it wants a tick, and a tick that is due moves it on", () => {
    fc.assert(
      fc.property(
        fc.array(fc.tuple(event, fc.nat(20_000)), { maxLength: 30 }),
        fc.double({ min: 0, max: 0.99, noNaN: true }),
        (events, random) => {
          let now = NOW
          let state = idle(true, null)
          for (const [one, wait] of events) {
            now += wait
            ;[state] = step(state, one, now, random)
            const waits = ["closed", "dormant", "hidden", "idle"].includes(state.at)
            expect(dueAt(state) === Number.POSITIVE_INFINITY).toBe(waits)
            if (waits) continue
            const due = Math.max(now, dueAt(state))
            const [next, ...effects] = step(state, { kind: "tick" }, due, random)
            expect(next !== state || effects.length > 0).toBe(true)
            expect(dueAt(next)).toBeGreaterThanOrEqual(due)
          }
        },
      ),
      { numRuns: 300 },
    )
  })

  it("[RE10] a step changes nothing of the state that it was given", () => {
    fc.assert(
      fc.property(fc.array(event, { maxLength: 30 }), (events) => {
        let state = Object.freeze(idle(true, null))
        for (const one of events) state = Object.freeze(step(state, one, NOW, 0)[0])
      }),
    )
  })
})
