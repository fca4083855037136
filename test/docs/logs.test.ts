import { describe, expect, it } from "vitest"
import { LINES, WINDOW_MS } from "../../src/log/budget.ts"
import { EVENTS } from "../../src/log/events.ts"
import { filesUnder, textOf } from "../imports-of.ts"

const page = textOf("docs/logs.md")
const ROW = /^\| `(\w+)` \| (\w+) \| ([^|]*) \| (.+) \|$/gm

describe("docs/logs.md", () => {
  it("[LG1] lists the events of the code with their levels and fields, and no others", () => {
    const listed = Array.from(page.matchAll(ROW), ([, event, level, fields = ""]) => [
      event,
      { level, fields: Array.from(fields.matchAll(/`(\w+)`/g), ([, field]) => field) },
    ])
    expect(listed.length).toBeGreaterThan(10)
    expect(Object.fromEntries(listed)).toEqual(EVENTS)
    expect(new Set(listed.map(([event]) => event)).size).toBe(listed.length)
    for (const [, , , , what] of page.matchAll(ROW)) expect(what).toMatch(/\S.*[.]$/)
    expect(page).toContain(`${LINES} lines in ${WINDOW_MS / 1000} s`)
  })

  it("[LG1] every event is written somewhere, and nothing but the log writes to the console", () => {
    const service = filesUnder("src", /\.ts$/).filter((file) => !/^src\/(web|cli|client|deflate|react|server|dev)\//.test(file))
    expect(service.length).toBeGreaterThan(60)
    const texts = service.map((file) => ({ file, text: textOf(file) }))
    const written = texts.flatMap(({ text }) => Array.from(text.matchAll(/\blog\("(\w+)"/g), ([, event]) => event))
    expect([...new Set(written)].sort()).toEqual(Object.keys(EVENTS).sort())
    expect(texts.filter(({ text }) => /\bconsole\.\w+\(/.test(text)).map(({ file }) => file)).toEqual(["src/log/log.ts"])
  })
})
