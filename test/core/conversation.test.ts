import fc from "fast-check"
import { describe, expect, it, vi } from "vitest"
import type { Connection } from "../../src/core/connection.ts"
import { authorized, type Limits, MAX_ERRORS_IN_A_ROW, receive, type Step, snapshotSent } from "../../src/core/conversation.ts"
import { fullBucket } from "../../src/core/rate.ts"
import { emptyRoster, goAway, type Roster } from "../../src/core/roster.ts"
import { refused } from "../../src/protocol/errors.ts"
import { enterAs, identityOf, join, RATE } from "./cast.ts"

// Properties take their time on a busy machine.
vi.setConfig({ testTimeout: 60_000 })

const LIMITS: Limits = { maxFrameBytes: 1024, maxDataBytes: 200, maxFramesPerSecond: RATE, maxWaitingMessages: 64, waitingMessages: 0 }
const NONE = { subscribe: true, presence: false, message: false }

function say(roster: Roster, connection: Connection, frame: object, now = 1, limits: Limits = LIMITS): Step {
  return receive(roster, connection, JSON.stringify(frame), limits, now)
}

function codeOf(step: Step): string | undefined {
  const [reply] = step.replies
  return reply !== undefined && reply !== "snapshot" && reply.type === "error" ? reply.code : undefined
}

describe("an answer", () => {
  const frames = [
    { type: "enter", data: { x: 1 } },
    { type: "update", data: { x: 2 } },
    { type: "send", event: "e" },
    { type: "pong" },
    { type: "leave" },
  ]

  it("[FR4] is one ack with the request's id, and nothing for a frame that had none", () => {
    const roster = emptyRoster()
    const connection = join(roster, "anna")
    for (const frame of frames) expect(say(roster, connection, { ...frame, id: 0 }).replies).toEqual([{ type: "ack", id: 0 }])
    for (const frame of frames) expect(say(roster, connection, frame).replies).toEqual([])
  })

  it("[FR4] is one error with the request's id, or without one", () => {
    const roster = emptyRoster()
    const connection = join(roster, "anna")
    const error = { type: "error", code: "not_entered", message: expect.any(String) }
    expect(say(roster, connection, { type: "leave", id: 3 }).replies).toEqual([{ ...error, id: 3 }])
    expect(say(roster, connection, { type: "leave" }).replies).toEqual([error])
    expect(say(roster, connection, { type: "dance", id: 4 }).replies).toMatchObject([{ code: "unknown_type", id: 4 }])
  })

  it("[FR9] to sync is the whole room and then the ack; nobody else is told anything", () => {
    const roster = emptyRoster()
    const connection = enterAs(roster, "anna")
    expect(say(roster, connection, { type: "sync", id: 1 })).toMatchObject({
      replies: ["snapshot", { type: "ack", id: 1 }],
      changes: [],
      message: null,
    })
    expect(say(roster, connection, { type: "sync" }).replies).toEqual(["snapshot"])
  })
})

describe("the whole room", () => {
  it("[FR9] is sent at a bounded rate: right after a large one, sync is too_fast, and later it is not", () => {
    const roster = emptyRoster()
    const connection = join(roster, "anna")
    snapshotSent(connection, 524_288, 1000)
    expect([codeOf(say(roster, connection, { type: "sync" }, 1000)), codeOf(say(roster, connection, { type: "sync" }, 2749))]).toEqual([
      "too_fast",
      "too_fast",
    ])
    expect(say(roster, connection, { type: "sync" }, 2750).replies).toEqual(["snapshot"])
  })

  it("[FR9] of an ordinary room may be asked for a few times in a row", () => {
    const connection = join(emptyRoster(), "anna")
    const taken = Array.from({ length: 10 }, () => {
      const isTaken = codeOf(say(emptyRoster(), connection, { type: "sync" }, 1000)) === undefined
      if (isTaken) snapshotSent(connection, 15_000, 1000)
      return isTaken
    })
    expect(taken.indexOf(false)).toBe(5)
  })

  it("[FR9] of a small room may be asked for at once", () => {
    const roster = emptyRoster()
    const connection = join(roster, "anna")
    snapshotSent(connection, 200, 1000)
    expect(say(roster, connection, { type: "sync" }, 1000).replies).toEqual(["snapshot"])
  })
})

describe("what a frame changes", () => {
  it("[EN1] is told as the room sees it: enter, update and leave of the sender alone", () => {
    const roster = emptyRoster()
    const connection = join(roster, "anna")
    enterAs(roster, "bert")
    const steps = [{ type: "enter", data: { x: 1 } }, { type: "update", data: { x: null, y: 2 } }, { type: "leave" }].map((frame) =>
      say(roster, connection, frame),
    )
    expect(steps.map(({ changes }) => changes.map(({ kind, entry }) => [kind, entry.ref, entry.data]))).toEqual([
      [["enter", 1, { x: 1 }]],
      [["update", 1, { y: 2 }]],
      [["leave", 1, { y: 2 }]],
    ])
  })

  it("[EN8] takes member, info, ref and status from nobody's frame", () => {
    const roster = emptyRoster()
    const connection = join(roster, "anna")
    const forged = { member: "bert", info: { name: "Bert" }, ref: 99, connection: "other", status: "away", since: 0 }
    const [change] = say(roster, connection, { type: "enter", data: {}, ...forged }, 5).changes
    expect(change?.entry).toMatchObject({ member: "anna", info: { name: "anna" }, ref: 1, status: "active", since: 5 })
  })

  it("[UP1] is nothing for an empty patch, which is activity all the same", () => {
    const roster = emptyRoster()
    const connection = enterAs(roster, "anna")
    goAway(roster, connection)
    expect(say(roster, connection, { type: "update", data: {} }, 9).changes).toMatchObject([
      { kind: "status", entry: { status: "active" } },
    ])
    expect(say(roster, connection, { type: "update", data: {} }, 10).changes).toEqual([])
    expect(connection.activeAt).toBe(10)
  })

  it("[UP4] is nothing for an observer's update", () => {
    const roster = emptyRoster()
    expect(codeOf(say(roster, join(roster, "anna"), { type: "update", data: {} }))).toBe("not_entered")
  })

  it("[EN4] is nothing when the data would be too large", () => {
    const roster = emptyRoster()
    const connection = enterAs(roster, "anna", { x: 1 })
    for (const type of ["enter", "update"]) {
      const step = say(roster, connection, { type, data: { text: "a".repeat(200) } })
      expect([codeOf(step), step.changes, step.close, connection.entry?.data]).toEqual(["too_large", [], null, { x: 1 }])
    }
  })
})

describe("the bound by which an update is spared its measuring", () => {
  /** Whatever JSON text grows most when it is printed again: long numbers, escapes, wide characters. */
  const grown = fc.constantFrom("1e20", "-1e20", "1e-6", '"é€😀"', '"\\u0001"', '"\\ud800"', '"\ud800"', "[1e20]", '{"€":1e20}')
  const times = fc.integer({ min: 1, max: 150 })
  const key = fc.constantFrom("a", "b", "c", "d", "e", "€", "\ud800", "")

  it("[EN4] never lets data grow past its limit, however the text is written, and refuses nothing that fits", () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 20, max: 8000 }),
        fc.array(fc.tuple(key, grown, times), { minLength: 1, maxLength: 30, size: "max" }),
        (max, patches) => {
          const roster = emptyRoster()
          const connection = enterAs(roster, "anna")
          let fits = {}
          for (const [name, value, count] of patches) {
            const patch = `{${JSON.stringify(name)}:[${Array(count).fill(value)}]}`
            receive(roster, connection, `{"type":"update","data":${patch}}`, { ...LIMITS, maxFrameBytes: 10_000, maxDataBytes: max }, 1)
            const next = { ...fits, ...JSON.parse(patch) }
            if (Buffer.byteLength(JSON.stringify(next)) <= max) fits = next
            expect(connection.entry?.data).toEqual(fits)
          }
        },
      ),
    )
  })
})

describe("a message", () => {
  it("[MS1] bears its sender's ref and member, and null for data that was left out", () => {
    const roster = emptyRoster()
    const step = say(roster, join(roster, "anna"), { type: "send", event: "hi", from: 9, member: "bert" })
    expect(step.message).toMatchObject({ frame: { type: "message", from: 1, member: "anna", event: "hi", data: null }, to: null })
    expect(say(roster, join(roster, "bert"), { type: "send", event: "hi", data: [1] }).message?.frame).toMatchObject({
      from: 2,
      member: "bert",
      data: [1],
    })
  })

  it("[MS2] names whom it is for: nobody at all when the list is empty", () => {
    const roster = emptyRoster()
    const connection = join(roster, "anna")
    expect(say(roster, connection, { type: "send", event: "e", to: ["bert", "carl"] }).message?.to).toEqual(new Set(["bert", "carl"]))
    expect(say(roster, connection, { type: "send", event: "e", to: [] }).message?.to).toEqual(new Set())
  })

  it("[MS7] is for those alone who are here already", () => {
    const roster = emptyRoster()
    const here = join(roster, "anna")
    const before = say(roster, here, { type: "send", event: "e" }).message?.before ?? 0
    expect(here.ref).toBeLessThan(before)
    expect(join(roster, "bert").ref).toBeGreaterThanOrEqual(before)
  })

  it("[MS8] is too_fast when too many wait, and then is nobody's", () => {
    const roster = emptyRoster()
    const connection = join(roster, "anna")
    const full = { ...LIMITS, waitingMessages: 64 }
    const step = say(roster, connection, { type: "send", event: "e", id: 1 }, 1, full)
    expect([codeOf(step), step.message]).toEqual(["too_fast", null])
    expect(say(roster, connection, { type: "send", event: "e" }, 1, { ...full, waitingMessages: 63 }).message).not.toBeNull()
  })
})

describe("capabilities", () => {
  it("[EN5] let nobody be present without presence", () => {
    const roster = emptyRoster()
    const connection = join(roster, "anna", { grants: NONE })
    for (const type of ["enter", "update"]) expect(codeOf(say(roster, connection, { type, data: {} }))).toBe("forbidden")
    expect(connection.entry).toBeNull()
  })

  it("[MS4] let nobody send without message, and an observer with it", () => {
    const roster = emptyRoster()
    expect(codeOf(say(roster, join(roster, "anna", { grants: { ...NONE, presence: true } }), { type: "send", event: "e" }))).toBe(
      "forbidden",
    )
    expect(say(roster, join(roster, "bert", { grants: { ...NONE, message: true } }), { type: "send", event: "e" }).message).not.toBeNull()
  })
})

describe("activity", () => {
  it("[LV4] is every frame but pong, auth and sync, which are signs of life alone", () => {
    const roster = emptyRoster()
    const connection = enterAs(roster, "anna")
    for (const frame of [{ type: "pong" }, { type: "sync" }, { type: "auth", token: "t" }]) {
      const step = say(roster, connection, frame, 7)
      expect([connection.activeAt, connection.heardAt, step.changes]).toEqual([0, 7, []])
    }
    authorized(roster, connection, undefined, { ok: true, value: identityOf("anna") }, 0)
    expect(connection.activeAt).toBe(0)
    for (const [i, frame] of [
      { type: "update", data: { x: 1 } },
      { type: "send", event: "e" },
      { type: "enter", data: {} },
    ].entries()) {
      goAway(roster, connection)
      say(roster, connection, frame, 10 + i)
      expect([connection.activeAt, connection.entry?.status]).toEqual([10 + i, "active"])
    }
  })

  it("[LV1] a refused frame is a sign of life", () => {
    const roster = emptyRoster()
    const connection = join(roster, "anna")
    receive(roster, connection, "{", LIMITS, 7)
    expect(connection.heardAt).toBe(7)
  })
})

describe("errors in a row", () => {
  const good = { type: "pong" }
  const bad = { type: "dance" }

  /** What passes at one frame a second before the first is too fast. */
  const RATE_ONE_BURST = 2

  function closesAt(frames: readonly object[], limits = LIMITS): [number, number | null][] {
    const roster = emptyRoster()
    const connection = join(roster, "anna")
    connection.bucket = fullBucket(limits.maxFramesPerSecond, 1)
    return frames.flatMap((frame, i) => {
      const { close } = say(roster, connection, frame, 1, limits)
      return close === null ? [] : [[i + 1, close] satisfies [number, number]]
    })
  }

  it("[FR8] close the connection with the 20th", () => {
    expect(MAX_ERRORS_IN_A_ROW).toBe(20)
    expect(closesAt(Array(20).fill(bad))).toEqual([[20, 4400]])
    expect(closesAt(Array(19).fill(bad))).toEqual([])
  })

  it("[FR8] are counted anew after a frame that is accepted", () => {
    expect(closesAt([...Array(19).fill(bad), good, ...Array(19).fill(bad)])).toEqual([])
    expect(closesAt([...Array(19).fill(bad), good, ...Array(20).fill(bad)])).toEqual([[40, 4400]])
  })

  it("[FR7] of frames that were too fast close it with 4429", () => {
    expect(closesAt(Array(60).fill(good), { ...LIMITS, maxFramesPerSecond: 1 })[0]).toEqual([RATE_ONE_BURST + MAX_ERRORS_IN_A_ROW, 4429])
  })

  it("[FR7] close a flood with 4429 though some of its frames pass: they are no errors in a row", () => {
    const roster = emptyRoster()
    const connection = join(roster, "anna")
    const slow = { ...LIMITS, maxFramesPerSecond: 60 }
    connection.bucket = fullBucket(60, 0)
    const closes = Array.from({ length: 400 }, (_, i) => say(roster, connection, good, 5 * i, slow).close)
    const first = closes.find((close) => close !== null)
    expect(first).toBe(4429)
    expect(connection.errors).toBeLessThan(MAX_ERRORS_IN_A_ROW)
  })

  it("[FR6] are not counted for a frame too large: it closes at once with 4413", () => {
    const step = closesAt([{ type: "enter", data: { text: "a".repeat(1024) } }])
    expect(step).toEqual([[1, 4413]])
  })
})

describe("a frame that is too fast", () => {
  it("[FR7] is answered with its id, changes nothing, and costs nobody's later frames", () => {
    const roster = emptyRoster()
    const connection = enterAs(roster, "anna", { x: 1 })
    connection.bucket = { tokens: 1, refused: 0, at: 1 }
    say(roster, connection, { type: "update", data: { x: 2 } }, 1)
    const step = say(roster, connection, { type: "update", id: 5, data: { x: 3 } }, 1)
    expect(step).toMatchObject({ replies: [{ type: "error", code: "too_fast", id: 5 }], changes: [], close: null })
    expect(connection.entry?.data).toEqual({ x: 2 })
    expect(say(roster, connection, { type: "update", data: { x: 4 } }, 2).changes).toHaveLength(1)
  })
})

describe("auth", () => {
  it("[AU8] waits for the token, then is answered like any request", () => {
    const roster = emptyRoster()
    const connection = join(roster, "anna")
    expect(say(roster, connection, { type: "auth", token: "a.b.c", id: 2 })).toMatchObject({
      verify: { token: "a.b.c", id: 2 },
      replies: [],
      changes: [],
    })
    expect(authorized(roster, connection, 2, { ok: true, value: identityOf("anna") }, 0).replies).toEqual([{ type: "ack", id: 2 }])
    expect(authorized(roster, connection, undefined, { ok: true, value: identityOf("anna") }, 0).replies).toEqual([])
  })

  it("[AU8] of another member, or with a bad token, changes nothing", () => {
    const roster = emptyRoster()
    const connection = enterAs(roster, "anna")
    const before = structuredClone({ ...connection, errors: 0 })
    for (const identity of [{ ok: true, value: identityOf("bert", { grants: NONE }) } as const, refused("bad_token", "no")]) {
      expect(codeOf(authorized(roster, connection, 2, identity, 0))).toBe("bad_token")
      expect({ ...connection, errors: 0 }).toEqual(before)
    }
    expect(connection.errors).toBe(2)
  })

  it("[OB2] that newly grants subscribe is answered with the whole room first", () => {
    const roster = emptyRoster()
    const connection = join(roster, "anna", { grants: { subscribe: false, presence: true, message: true } })
    expect(authorized(roster, connection, 2, { ok: true, value: identityOf("anna") }, 0).replies).toEqual([
      "snapshot",
      { type: "ack", id: 2 },
    ])
    expect(authorized(roster, connection, 3, { ok: true, value: identityOf("anna") }, 0).replies).toEqual([{ type: "ack", id: 3 }])
  })

  it("[OB2] that newly grants subscribe is too fast as long as the last whole room is not paid for, and then changes nothing", () => {
    const roster = emptyRoster()
    const deaf = { subscribe: false, presence: true, message: true }
    const connection = join(roster, "anna", { grants: deaf })
    const grant = (grants: typeof deaf, now: number) =>
      authorized(roster, connection, 2, { ok: true, value: identityOf("anna", { grants }) }, now)
    expect(grant({ ...deaf, subscribe: true }, 0).replies).toEqual(["snapshot", { type: "ack", id: 2 }])
    snapshotSent(connection, 262_144, 0)
    expect(grant(deaf, 1).replies).toEqual([{ type: "ack", id: 2 }])
    expect(codeOf(grant({ ...deaf, subscribe: true }, 999))).toBe("too_fast")
    expect(connection.grants).toEqual(deaf)
    expect(grant({ ...deaf, subscribe: true }, 1000).replies).toEqual(["snapshot", { type: "ack", id: 2 }])
  })

  it("[FR8] twenty that were only too fast end with 4429, whichever rule they broke", () => {
    const roster = emptyRoster()
    const deaf = { subscribe: false, presence: true, message: true }
    for (const grants of [deaf, { ...deaf, subscribe: true }]) {
      const connection = join(roster, "anna", { grants })
      snapshotSent(connection, 2 ** 30, 0)
      const steps = Array.from({ length: 20 }, (_, i) =>
        grants.subscribe
          ? say(roster, connection, { type: "sync" }, i)
          : authorized(roster, connection, undefined, { ok: true, value: identityOf("anna") }, i),
      )
      expect(steps.map(codeOf)).toEqual(Array(20).fill("too_fast"))
      expect(steps.findIndex(({ close }) => close === 4429)).toBe(19)
    }
  })

  it("[FR8] counts among the errors in a row", () => {
    const roster = emptyRoster()
    const connection = join(roster, "anna")
    const steps = Array.from({ length: 20 }, () => authorized(roster, connection, undefined, refused("bad_token", "no"), 0))
    expect(steps.findIndex(({ close }) => close === 4400)).toBe(19)
  })
})

describe("any input", () => {
  it("[FR10] is answered without a throw, and a refused one changes nothing that others see", () => {
    const raw = fc.oneof(
      fc.json(),
      fc.string({ unit: "binary" }),
      fc.constant(new ArrayBuffer(3)),
      fc.jsonValue().map((data) => JSON.stringify({ type: "enter", data })),
    )
    fc.assert(
      fc.property(fc.array(raw, { maxLength: 20 }), (frames) => {
        const roster = emptyRoster()
        const connection = enterAs(roster, "anna", { x: 1 })
        for (const frame of frames) {
          const { version } = roster
          const step = receive(roster, connection, frame, LIMITS, 1)
          if (codeOf(step) !== undefined) expect([step.changes, step.message, roster.version]).toEqual([[], null, version])
        }
      }),
    )
  })
})
