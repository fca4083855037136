/** docs/security.md: what it claims to be tested, is. */
import { describe, expect, it } from "vitest"
import { filesUnder, textOf } from "../imports-of.ts"

const page = textOf("docs/security.md")
const table = page.slice(page.indexOf("## Threat, defence, test")).split("\n")
const rows = table.filter((line) => line.startsWith("| ") && !/^\| (threat|---)/.test(line))
const named = rows.map((row) => {
  const [threat = "", defence = "", test = ""] = row.slice(2, -2).split(" | ")
  const [, file = "", title = ""] = /^`([^`]+)` "(.+)"$/.exec(test) ?? []
  return { threat, defence, file, title }
})

describe("docs/security.md", () => {
  it("[SE8] has threats from everybody whom it names", () => {
    expect(rows.length).toBeGreaterThan(30)
    expect(new Set(named.map(({ threat }) => threat)).size).toBe(rows.length)
    expect(new Set(named.map(({ title }) => title)).size).toBe(rows.length)
  })

  it.each(named)("[SE8] has a defence and a test that exists: $threat", ({ defence, file, title }) => {
    expect(defence).not.toBe("")
    expect(filesUnder("test", /\.test\.tsx?$/)).toContain(file)
    expect(title).toMatch(/^\[[A-Z]{2}\d+\] ./)
    expect(textOf(file).split(`"${title}"`)).toHaveLength(2)
  })

  it("[SE8] names every secret among the variables", () => {
    for (const [, name = ""] of textOf("docs/protocol.md").matchAll(/^\| `([A-Z_]+)` \(secret\)/gm))
      expect(page).toContain(`| \`${name}\` |`)
  })

  it("[SE8] is right about what wrangler.toml keeps out of the logs, and leaves to be switched on", () => {
    const settings = textOf("wrangler.toml")
    expect(settings).toMatch(/^redact_query_string = true$/m)
    expect(settings).toMatch(/^invocation_logs = false$/m)
    expect(settings).toMatch(/^# \[\[ratelimits\]\]\n# name = "CONNECT_RATE"$/m)
  })
})
