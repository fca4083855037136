/** The API page in a real browser. */
import { describe, expect } from "vitest"
import { clientFrames, roomFrames } from "../../src/protocol/frames.ts"
import { itInBrowser } from "./browser.ts"
import { faults, shoot } from "./look.ts"
import { serviceForFile } from "./service.ts"

const service = serviceForFile()
const it = itInBrowser()

const LOOKS = [
  { size: "laptop", theme: "light", viewport: { width: 1280, height: 800 } },
  { size: "laptop", theme: "dark", viewport: { width: 1280, height: 800 } },
  { size: "phone", theme: "light", viewport: { width: 390, height: 844 } },
  { size: "phone", theme: "dark", viewport: { width: 390, height: 844 } },
] as const

describe("/docs", () => {
  it("[AP4] shows every call with its anchor, and every frame; it asks nothing of anybody else, and runs no script", async ({ browse }) => {
    const page = await (await browse({ javaScriptEnabled: false })).newPage()
    const asked: string[] = []
    page.on("request", (request) => asked.push(new URL(request.url()).pathname))
    const response = await page.goto(`${service.url}/docs`)
    expect(response?.status()).toBe(200)
    expect(response?.headers()["content-security-policy"]).toMatch(/^default-src 'none';/)
    expect(asked.sort()).toEqual(["/docs", "/docs/docs.css"])
    const html = (await response?.text()) ?? ""
    expect(html).not.toMatch(/<script| style=| on\w+=/)
    const document = await (await fetch(`${service.url}/openapi.json`)).json()
    const ids = Array.from(JSON.stringify(document).matchAll(/"operationId":"(\w+)"/g), ([, id]) => id ?? "")
    expect(ids.length).toBeGreaterThan(8)
    for (const id of ids) expect(html).toContain(`<h3 id="${id}">`)
    const frames = await page.locator("tbody th").allTextContents()
    expect(frames).toEqual([...Object.keys(clientFrames), ...Object.keys(roomFrames)])
  })

  it.for(LOOKS)(
    "[AP5] axe finds nothing, on a $size, $theme; nothing needs to be scrolled sideways",
    async ({ size, theme, viewport }, { browse }) => {
      const page = await (await browse({ viewport, colorScheme: theme })).newPage()
      await page.goto(`${service.url}/docs`)
      await shoot(page, `docs-${size}-${theme}`)
      expect(await faults(page, 10)).toEqual([])
      expect(await page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth)).toBeLessThanOrEqual(0)
      await page.keyboard.press("Tab")
      await page.keyboard.press("Enter")
      expect(await page.evaluate(() => document.activeElement?.id)).toBe("calls")
    },
  )
})
