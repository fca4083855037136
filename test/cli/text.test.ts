import fc from "fast-check"
import { describe, expect, it } from "vitest"
import { ageText, clip, durationMs, jsonLine, table, visible } from "../../src/cli/text.ts"

/** What a terminal may obey: C0, DEL, C1, line separators, and marks of direction. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: these are what must not come through
const OBEYED = /[\u0000-\u001f\u007f-\u009f\u2028-\u202e\u2066-\u2069\u200e\u200f\u061c\ufeff]/

describe("text from strangers", () => {
  it("[CM5] shows what a terminal would obey, and leaves all else as it is", () => {
    expect(visible("\u001b]0;owned\u0007 \u009b31m a\nb \u202egnp")).toBe("\\u001b]0;owned\\u0007 \\u009b31m a\\u000ab \\u202egnp")
    expect(visible("Chloé 🦉 日本 👩‍🚀 ❤️ می‌خواهم")).toBe("Chloé 🦉 日本 👩‍🚀 ❤️ می‌خواهم")
    expect(visible("an\u200bna \u00ad \u3164 \u{e0041}")).toBe("an\\u200bna \\u00ad \\u3164 \\udb40\\udc41")
    fc.assert(fc.property(fc.string({ unit: "binary" }), (text) => !OBEYED.test(visible(text))))
  })

  it("[CM5] JSON stays the same JSON", () => {
    fc.assert(
      fc.property(fc.jsonValue({ stringUnit: "binary" }), (value) => {
        const line = jsonLine(value)
        expect(JSON.parse(line)).toEqual(JSON.parse(JSON.stringify(value)))
        expect(line).not.toMatch(OBEYED)
      }),
    )
  })
})

describe("a table", () => {
  it("[CM5] has columns of equal width, cuts what is too long, and lets no cell break it", () => {
    expect(
      table(
        ["ROOM", "N"],
        [
          ["a", "1"],
          ["longer", "22"],
        ],
      ),
    ).toEqual(["ROOM    N", "a       1", "longer  22"])
    expect(table(["A"], [["x\ny"]])).toEqual(["A", "x\\u000ay"])
    expect(table(["A"], Array(200_000).fill(["row"]))).toHaveLength(200_001)
    expect(table(["AAAAAAAA"], [["🦉🦉🦉🦉🦉🦉"]], 5)).toEqual(["AAAA…", "🦉🦉🦉🦉…"])
    expect(clip("abc", 0)).toBe("abc")
  })
})

describe("times", () => {
  it.each([
    ["0", 0],
    ["500ms", 500],
    ["90s", 90_000],
    ["15m", 900_000],
    ["1h", 3_600_000],
    ["7d", 604_800_000],
  ])("[CM4] %s is %d ms", (text, ms) => {
    expect(durationMs(text)).toBe(ms)
  })

  it.each(["", "1", "h", "-1h", "1.5h", "1H", "1 h", "1h30m", "9".repeat(20)])("[CM4] %j is no time", (text) => {
    expect(durationMs(text)).toBeNull()
  })

  it.each([
    [0, "0s"],
    [59_999, "59s"],
    [60_000, "1m"],
    [86_400_000, "1d"],
    [-5, "0s"],
  ])("[CM2] an age of %d ms is %s", (ms, text) => {
    expect(ageText(ms)).toBe(text)
  })
})
