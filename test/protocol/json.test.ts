import fc from "fast-check"
import { describe, expect, it, vi } from "vitest"
import { isLongerThan, jsonFault, MAX_NESTING, utf8Length } from "../../src/protocol/json.ts"

// Properties take their time on a busy machine.
vi.setConfig({ testTimeout: 60_000 })

/** Any UTF-16, lone surrogates included: halves of pairs come often enough to meet, and to miss, each other. */
const anyText = fc
  .array(fc.oneof(fc.integer({ min: 0, max: 0xffff }), fc.integer({ min: 0xd800, max: 0xdfff })))
  .map((units) => String.fromCharCode(...units))

function nested(levels: number, innermost: unknown = 0): unknown {
  let value = innermost
  for (let i = 0; i < levels; i++) value = i % 2 === 0 ? [value] : { key: value }
  return value
}

describe("utf8Length", () => {
  it("[EN4] counts what an encoder writes, lone surrogates included", () => {
    fc.assert(
      fc.property(anyText, (text) => {
        expect(utf8Length(text)).toBe(Buffer.byteLength(text))
        expect(utf8Length(text)).toBe(new TextEncoder().encode(text).length)
      }),
      { numRuns: 1000 },
    )
  })

  it.each([
    ["", 0],
    ["a", 1],
    ["\u007f", 1],
    ["\u0080", 2],
    ["\u07ff", 2],
    ["\u0800", 3],
    ["😀", 4],
    ["\ud83d", 3],
    ["\ude00\ud83d", 6],
    ["\ud83d\ud83d\ude00", 7],
  ])("[EN4] counts %j as %i bytes", (text, bytes) => {
    expect(utf8Length(text)).toBe(bytes)
  })
})

describe("isLongerThan", () => {
  it("[FR6] says what counting would say, at every limit", () => {
    fc.assert(
      fc.property(anyText, fc.nat(40), (text, slack) => {
        const bytes = Buffer.byteLength(text)
        for (const limit of [bytes - 1, bytes, bytes + 1, text.length, text.length * 3, slack]) {
          expect(isLongerThan(text, limit)).toBe(bytes > limit)
        }
      }),
    )
  })
})

describe("jsonFault", () => {
  it("[FR5] finds nothing in what JSON can say without the three faults", () => {
    fc.assert(
      fc.property(fc.jsonValue({ maxDepth: 8 }), (value) => {
        fc.pre(!JSON.stringify(value).includes("__proto__"))
        expect(jsonFault(value)).toBeNull()
      }),
    )
  })

  it("[FR5] finds a fault wherever it is", () => {
    const fault = fc.constantFrom("1e999", "-1e999", '{"__proto__":1}', '{"__proto__":{"x":1}}', nestedText(40))
    const place = fc.array(fc.constantFrom("array", "object", "second item", "odd key"), { maxLength: 10 })
    fc.assert(
      fc.property(fault, place, (innermost, wrappers) => {
        const text = wrappers.reduce((inner, wrapper) => {
          if (wrapper === "array") return `[${inner}]`
          if (wrapper === "second item") return `[0,{},${inner},"after"]`
          return wrapper === "object" ? `{"a":null,"b":${inner}}` : `{"constructor":${inner},"toString":1}`
        }, innermost)
        expect(jsonFault(JSON.parse(text))).toEqual(expect.any(String))
      }),
    )
  })

  it("[FR5] allows 32 levels of nesting and not one more", () => {
    expect(MAX_NESTING).toBe(32)
    expect(jsonFault(nested(32))).toBeNull()
    expect(jsonFault(nested(33))).toContain("32")
  })

  it("[FR5] looks at a very deep value without running out of stack", () => {
    expect(jsonFault(nested(200_000))).toContain("32")
  })

  it.each([
    ["-0", "-0"],
    ["the largest number", "1.7976931348623157e308"],
    ["the smallest number", "5e-324"],
    ["a key that only looks like __proto__", '{"__proto":1,"proto__":2,"__PROTO__":3}'],
    ["__proto__ as a value", '{"key":"__proto__"}'],
    ["keys of Object.prototype", '{"constructor":1,"toString":2,"hasOwnProperty":3,"valueOf":null,"":4}'],
  ])("[FR5] allows %s", (_what, text) => {
    expect(jsonFault(JSON.parse(text))).toBeNull()
  })
})

function nestedText(levels: number): string {
  return "[".repeat(levels) + "]".repeat(levels)
}
