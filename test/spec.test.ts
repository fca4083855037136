import { describe, expect, it } from "vitest"
import { filesUnder, textOf } from "./imports-of.ts"

const RULE = /^- \*\*([A-Z]{2}\d+)\*\* (.+)$/gm
/** A title begins with the rules that its test holds: "[GR2] …", or "[GR2] [HB4] …". */
const TITLE = /(?<=["'`])(?:\[[A-Z]{2}\d+\] ?)+(?=[^"'`\]\s])/g
const ID = /[A-Z]{2}\d+/g

const rules = Array.from(textOf("docs/spec.md").matchAll(RULE), ([, id = "", sentence = ""]) => ({ id, sentence }))
const held = new Map<string, string[]>()
for (const file of filesUnder("test", /\.test\.tsx?$/)) {
  if (file === "test/spec.test.ts") continue
  for (const id of textOf(file).match(TITLE)?.join(" ").match(ID) ?? []) held.set(id, [...(held.get(id) ?? []), file])
}

describe("docs/spec.md", () => {
  it("numbers each rule once, within its area's section", () => {
    const ids = rules.map(({ id }) => id)
    expect(ids.length).toBeGreaterThan(60)
    expect(ids.filter((id, i) => ids.indexOf(id) !== i)).toEqual([])
    const areas = new Set(Array.from(textOf("docs/spec.md").matchAll(/^## ([A-Z]{2}) · /gm), ([, area]) => area))
    expect(ids.filter((id) => !areas.has(id.slice(0, 2)))).toEqual([])
  })

  it("says each rule in a sentence", () => {
    for (const { sentence } of rules) expect(sentence).toMatch(/^\S.*[.]$/)
  })

  it("has no rule that no test holds", () => {
    expect(rules.map(({ id }) => id).filter((id) => !held.has(id))).toEqual([])
  })

  it("has every rule that a test's title names", () => {
    const known = new Set(rules.map(({ id }) => id))
    const unknown = [...held].filter(([id]) => !known.has(id)).map(([id, files]) => `${id} in ${files.join(", ")}`)
    expect(unknown).toEqual([])
  })
})
