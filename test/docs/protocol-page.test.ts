import { readFileSync } from "node:fs"
import { describe, expect, it } from "vitest"
import { NUMBERS } from "../../src/config/config.ts"
import { CLOSES } from "../../src/protocol/close-codes.ts"
import { ERROR_CODES } from "../../src/protocol/errors.ts"
import { clientFrames, roomFrames } from "../../src/protocol/frames.ts"

const page = readFileSync(new URL("../../docs/protocol.md", import.meta.url), "utf8")

function section(from: string, to: string): string {
  const start = page.indexOf(from)
  const end = page.indexOf(to, start)
  if (start < 0 || end < 0) throw new Error(`no section from ${from} to ${to}`)
  return page.slice(start, end)
}

function examples(text: string): Record<string, unknown>[] {
  return [...text.matchAll(/```json\n([\s\S]*?)```/g)].map(([, json]) => JSON.parse(json ?? ""))
}

describe("docs/protocol.md", () => {
  const directions = [
    ["client to room", clientFrames, examples(section("\nClient to room:", "\nRoom to client:"))],
    ["room to client", roomFrames, examples(section("\nRoom to client:", "\n### Order"))],
  ] as const

  it.each(directions)("[FR12] has an example of every frame %s, and each fits its schema whole", (_direction, schemas, shown) => {
    expect(shown.map(({ type }) => type).sort()).toEqual(Object.keys(schemas).sort())
    for (const example of shown) {
      const schema = Object.entries(schemas).find(([type]) => type === example["type"])?.[1]
      expect(schema?.parse(example)).toEqual(example)
    }
  })

  it("[ER2] has every close code with its name and what the client should do", () => {
    for (const [code, { name }] of Object.entries(CLOSES)) expect(page).toMatch(new RegExp(`\\| ${code} \\| ${name}[^|]*\\| [^|]+ \\|`))
  })

  it("[ER1] has every error code", () => {
    for (const code of ERROR_CODES) expect(page).toContain(`\`${code}\``)
  })

  it("[CF1] has every number among the variables, with its default", () => {
    const table = section("## Configuration", "`npm run dev` serves")
    for (const [name, { default: value }] of Object.entries(NUMBERS)) {
      const row = table.split("\n").find((line) => line.split("|")[1]?.includes(`\`${name}\``))
      const [names, defaults] = (row ?? "").split("|").slice(1, 3)
      const at = [...(names ?? "").matchAll(/`([A-Z_]+)`/g)].findIndex(([, found]) => found === name)
      expect([name, (defaults ?? "").split("·")[at]?.trim()]).toEqual([name, String(value)])
    }
  })
})
