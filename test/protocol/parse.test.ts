import fc from "fast-check"
import { describe, expect, it, vi } from "vitest"
import { ERROR_CODES } from "../../src/protocol/errors.ts"
import type { ClientFrame } from "../../src/protocol/frames.ts"
import { type FrameError, parseClientFrame } from "../../src/protocol/parse.ts"
import corpus from "../corpus/frames.json" with { type: "json" }

// Properties take their time on a busy machine.
vi.setConfig({ testTimeout: 60_000 })

const MAX = 16_384

function parsed(raw: string | ArrayBuffer, max = MAX): ClientFrame {
  const result = parseClientFrame(raw, max)
  if (!result.ok) throw new Error(`refused: ${result.error.message}`)
  return result.value
}

function refusal(raw: string | ArrayBuffer, max = MAX): FrameError {
  const result = parseClientFrame(raw, max)
  if (result.ok) throw new Error(`accepted: ${JSON.stringify(result.value)}`)
  return result.error
}

const data = fc.dictionary(
  fc.string().filter((key) => key !== "__proto__"),
  fc.constantFrom(null, 0, "text", true, [1, { x: 2 }], { y: null }),
)
const id = fc.option(fc.double({ noNaN: true, noDefaultInfinity: true }), { nil: undefined })
const goodFrame = fc.oneof(
  fc.record({ type: fc.constant("enter"), id, data }),
  fc.record({ type: fc.constant("update"), id, data }),
  fc.record({ type: fc.constant("leave"), id }),
  fc.record({
    type: fc.constant("send"),
    id,
    event: fc.string({ minLength: 1, maxLength: 30 }),
    data,
    to: fc.option(fc.array(fc.string()), { nil: undefined }),
  }),
  fc.record({ type: fc.constant("auth"), id, token: fc.string() }),
  fc.record({ type: fc.constant("sync"), id }),
  fc.record({ type: fc.constant("pong"), id }),
)

describe("a frame that fits", () => {
  it("[FR2] is read as what it says, whichever it is", () => {
    fc.assert(
      fc.property(goodFrame, (frame) => {
        const text = JSON.stringify(frame)
        expect(parsed(text, 1_000_000)).toEqual(JSON.parse(text))
      }),
    )
  })

  it("[FR3] loses the fields that nobody knows, and keeps every key of its data", () => {
    fc.assert(
      fc.property(goodFrame, fc.jsonValue({ maxDepth: 3 }), (frame, extra) => {
        fc.pre(!JSON.stringify(extra).includes("__proto__"))
        const unknown = { from: 7, member: "anna", ref: 1, info: { name: "forged" }, constructor: 1, toString: 2, "": extra }
        expect(parsed(JSON.stringify({ ...unknown, ...frame }), 1_000_000)).toEqual(JSON.parse(JSON.stringify(frame)))
      }),
    )
  })

  it("[UP3] keeps odd keys of its data as they are", () => {
    const odd = '{"constructor":1,"toString":null,"":2,"0":3,"-1":4,"hasOwnProperty":{"length":0},"__proto":5,"prototype":6}'
    const frame = parsed(`{"type":"update","data":${odd}}`)
    expect(frame.type === "update" && Object.entries(frame.data).sort()).toEqual(Object.entries(JSON.parse(odd)).sort())
  })

  it("[MS1] may be a message without data", () => {
    expect(parsed('{"type":"send","event":"hello"}')).toEqual({ type: "send", event: "hello" })
  })
})

describe("a frame that does not fit", () => {
  it.each([
    ["no text at all", ""],
    ["half a frame", '{"type":"sync"'],
    ["the bare answer to a ping", "pong"],
    ["a single quote", "{'type':'sync'}"],
    ["a NaN", '{"type":"enter","data":{"x":NaN}}'],
    ["a byte order mark", '\ufeff{"type":"sync"}'],
  ])("[FR2] is bad_json: %s", (_what, text) => {
    expect(refusal(text).code).toBe("bad_json")
  })

  it.each(["null", "0", '"enter"', "[]", '[{"type":"sync"}]', "{}", '{"type":null}', '{"type":["sync"]}'])(
    "[FR2] is bad_frame: %s",
    (text) => {
      expect(refusal(text).code).toBe("bad_frame")
    },
  )

  it.each(["", "Enter", "welcome", "constructor", "toString", "hasOwnProperty", "__proto__", "enter "])(
    "[FR2] has no known type: %j",
    (type) => {
      expect(refusal(JSON.stringify({ type, id: 3 }))).toMatchObject({ code: "unknown_type", id: 3 })
    },
  )

  it.each([
    '{"type":"enter"}',
    '{"type":"enter","data":null}',
    '{"type":"enter","data":[]}',
    '{"type":"update","data":"x"}',
    '{"type":"send"}',
    '{"type":"send","event":1}',
    '{"type":"send","event":"e","to":"anna"}',
    '{"type":"send","event":"e","to":[1]}',
    '{"type":"auth"}',
    '{"type":"auth","token":null}',
    '{"type":"sync","id":"1"}',
    '{"type":"sync","id":null}',
  ])("[FR2] does not fit its schema: %s", (text) => {
    expect(refusal(text)).toMatchObject({ code: "bad_frame", message: expect.stringMatching(/^(data|event|to|token|id)/) })
  })

  it("[FR5] is refused for what JSON may say and a frame may not, and its id is echoed", () => {
    for (const value of ["1e999", "-1e999", '{"__proto__":{}}', `${"[".repeat(33)}${"]".repeat(33)}`]) {
      expect(refusal(`{"type":"update","id":8,"data":{"x":${value}}}`)).toMatchObject({ code: "bad_frame", id: 8 })
      expect(refusal(`{"type":"sync","id":8,"unknown":${value}}`)).toMatchObject({ code: "bad_frame", id: 8 })
    }
    expect(refusal('{"type":"enter","data":{"__proto__":{"admin":true}}}').message).toContain("__proto__")
    expect(refusal('{"__proto__":{"type":"sync"}}').code).toBe("bad_frame")
  })

  it("[FR5] is binary", () => {
    const bytes = new TextEncoder().encode('{"type":"sync"}')
    expect(refusal(bytes.buffer).code).toBe("bad_frame")
    expect(refusal(new ArrayBuffer(0)).code).toBe("bad_frame")
    expect(refusal(new ArrayBuffer(65), 64).code).toBe("too_large")
  })

  it("[FR4] has an id that cannot be used, and is answered without one", () => {
    for (const unusable of ['"7"', "1e999", "null", "[7]", "{}"]) {
      expect(refusal(`{"type":"nonsense","id":${unusable}}`)).not.toHaveProperty("id")
    }
    expect(refusal('{"type":"nonsense","id":-0.5}').id).toBe(-0.5)
    expect(refusal("{}")).not.toHaveProperty("id")
  })
})

describe("a frame's size", () => {
  it("[FR6] is measured in UTF-8 bytes, and the limit itself is allowed", () => {
    for (const character of ["a", "ë", "€", "😀"]) {
      const text = JSON.stringify({ type: "update", data: { text: character.repeat(50) } })
      const bytes = Buffer.byteLength(text)
      expect(parsed(text, bytes).type).toBe("update")
      expect(refusal(text, bytes - 1)).toMatchObject({ code: "too_large", message: expect.stringContaining(String(bytes - 1)) })
    }
  })

  it("[FR6] is looked at before anything else", () => {
    expect(refusal("x".repeat(65), 64).code).toBe("too_large")
    expect(refusal("[".repeat(1_000_000), 64).code).toBe("too_large")
  })
})

describe("the parser", () => {
  /** Fragments that meet the grammar often enough to get past it, and miss it in every way. */
  const fragment = fc.constantFrom(
    ...'{ } [ ] : , " \\ / e - . 0 1e999 null true "type": "enter" "update" "send" "id":1 "id":"x" "data": "to": {"type": "__proto__": \\ud800 \ud800 \u0000'.split(
      " ",
    ),
  )
  const soup = fc.array(fragment, { maxLength: 40 }).map((parts) => parts.join(""))
  const structured = fc.dictionary(
    fc.constantFrom("type", "id", "data", "event", "to", "token", "__proto__", "constructor"),
    fc.oneof(fc.constantFrom("enter", "update", "leave", "send", "auth", "sync", "pong", 1, null), fc.jsonValue({ maxDepth: 4 })),
  )
  const raw = fc.oneof(
    fc.string({ unit: "binary" }),
    soup,
    fc.json(),
    structured.map((frame) => JSON.stringify(frame)),
    goodFrame.map((frame) => JSON.stringify(frame).slice(1)),
    fc.uint8Array().map((bytes) => new Uint8Array(bytes).buffer),
  )

  /** Refused with a code of the list and a sentence, or read as a frame that reads the same when it is written again. */
  function isSound(text: string | ArrayBuffer, max: number): void {
    const result = parseClientFrame(text, max)
    if (result.ok) {
      const again = parseClientFrame(JSON.stringify(result.value), Number.POSITIVE_INFINITY)
      expect(again.ok && JSON.stringify(again.value)).toBe(JSON.stringify(result.value))
      return
    }
    expect(ERROR_CODES).toContain(result.error.code)
    expect(result.error.message).not.toBe("")
    expect(result.error.id === undefined || Number.isFinite(result.error.id)).toBe(true)
  }

  // A failing example that is shown below belongs into test/corpus/frames.json.
  it.each(corpus)("[FR10] is sound about what was found or thought of before: %j", (text) => {
    isSound(text, MAX)
    for (const max of [0, 1, text.length - 1, text.length]) isSound(text, max)
  })

  it("[FR10] never throws, and refuses with a code of the list and a sentence", { timeout: 60_000 }, () => {
    fc.assert(fc.property(raw, fc.integer({ min: 0, max: 200 }), isSound), { numRuns: 2000 })
  })

  it("[FR10] is as sound about good frames with something changed, left out, doubled or put in", { timeout: 60_000 }, () => {
    const start = fc.oneof(
      goodFrame.map((frame) => JSON.stringify(frame)),
      fc.constantFrom(...corpus),
    )
    const change = fc.tuple(fc.nat(), fc.nat({ max: 3 }), fc.oneof(fragment, fc.string({ unit: "binary", maxLength: 3 }), fc.constant("")))
    fc.assert(
      fc.property(start, fc.array(change, { minLength: 1, maxLength: 4 }), (good, changes) => {
        let text = good
        for (const [where, length, put] of changes) {
          const at = where % (text.length + 1)
          text = text.slice(0, at) + put + text.slice(at + length)
        }
        isSound(text, MAX)
      }),
      { numRuns: 2000 },
    )
  })

  it("[FR4] echoes a usable id with every refusal of a frame that it could read", () => {
    fc.assert(
      fc.property(structured, fc.integer(), (frame, usable) => {
        const result = parseClientFrame(JSON.stringify({ ...frame, id: usable }), 1_000_000)
        expect(result.ok ? result.value.id : result.error.id).toBe(usable)
      }),
      { numRuns: 1000 },
    )
  })

  it("[FR10] survives the deepest nesting that a frame can hold", () => {
    const deep = "[".repeat(500_000)
    expect(refusal(deep, 2_000_000).code).toBe("bad_json")
    expect(refusal(`{"type":"update","data":{"x":${deep}${"]".repeat(500_000)}}}`, 2_000_000).code).toMatch(/^bad_/)
  })

  it("[FR5] leaves the prototypes of everything alone", () => {
    refusal('{"type":"enter","data":{"__proto__":{"polluted":1},"constructor":{"prototype":{"polluted":1}}}}')
    parsed('{"type":"enter","data":{"constructor":{"prototype":{"polluted":1}}}}')
    expect(Object.keys(Object.prototype)).toEqual([])
    expect("polluted" in {}).toBe(false)
  })
})
