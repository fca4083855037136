/** The demo in a real browser, for those who see it, and those who use it without a mouse or without eyes. */
import { describe, expect } from "vitest"
import { itInBrowser } from "./browser.ts"
import { ANNA, type Demo, freshDemoRoom, openDemo, soon } from "./demo-page.ts"
import { seriousFaults, shoot } from "./look.ts"
import { serviceForFile } from "./service.ts"
import { enter, type WireClient } from "./wire-client.ts"

const AWAY_AFTER_MS = 2000
const service = serviceForFile({ AWAY_AFTER_MS })
const it = itInBrowser()

const SIZES = {
  laptop: { viewport: { width: 1280, height: 800 } },
  phone: { viewport: { width: 390, height: 844 }, hasTouch: true, isMobile: true, deviceScaleFactor: 2 },
} as const
const LOOKS = (["laptop", "phone"] as const).flatMap((size) => (["light", "dark"] as const).map((theme) => ({ size, theme })))

const CAST = [
  ["lena", "Lena Vogt", "#8f6340", 0.86, 0.9],
  ["bert", "Brave Heron", "#37852b", 0.6, 0.2],
  ["chloe", "Chloé", "#e5b50b", 0.83, 0.56],
  ["dan", "Daniel O’Connor", "#8a4fd3", 0.2, 0.74],
  ["eve", "Merry Wren", "#0f8078", 0.14, 0.3],
  ["fred", "Fred", "#cb3a8c", 0.46, 0.42],
  ["gus", "Gus", "#ec7a1c", 0.36, 0.12],
] as const

type Crowd = {
  /** Notes, somebody who types, and one who has been away for a while: until all of it is seen on the page. */
  readonly liven: (demo: Demo) => Promise<void>
  readonly goHome: () => void
}

/** A room full of cursors. All but the first stay active until they go home. */
async function crowd(room: string): Promise<Crowd> {
  const guests: WireClient[] = []
  for (const [member, name, color, x, y] of CAST) {
    guests.push(await enter(service, { room, member, claims: { info: { name, color } } }, { cursor: { x, y } }))
  }
  const [, ...active] = guests
  const [bert, chloe, dan] = active
  const awake = setInterval(() => {
    for (const guest of active) if (guest.isOpen) guest.send({ type: "update", data: { at: Date.now() } })
  }, AWAY_AFTER_MS / 4)
  return {
    goHome: () => clearInterval(awake),
    async liven(demo) {
      await soon(() => demo.stateOf("Lena Vogt")).toBe("away")
      await bert?.ask({ type: "send", event: "note", data: { text: "Morning! Is the release note ready?" } })
      await dan?.ask({ type: "send", event: "note", data: { text: "Almost: one more table, five minutes." } })
      await chloe?.ask({ type: "update", data: { typing: true } })
      await soon(() => demo.text("typing")).toBe("Chloé is typing")
      await soon(() => demo.notes()).toHaveLength(2)
    },
  }
}

describe.concurrent.each(LOOKS)("on a $size, $theme", ({ size, theme }) => {
  it("[DM13] axe finds nothing serious, alone and in a crowd, and neither needs to be scrolled sideways", async ({
    browse,
    onTestFinished,
  }) => {
    const room = `demo-team-${size}-${theme}`
    const { liven, goHome } = await crowd(room)
    onTestFinished(goHome)
    const context = await browse({ ...SIZES[size], colorScheme: theme, reducedMotion: "reduce" })
    const alone = await openDemo(context, service.url, freshDemoRoom(), ANNA)
    await alone.page.locator("#invite").waitFor()
    await shoot(alone.page, `alone-${size}-${theme}`)
    expect(await seriousFaults(alone.page, 15)).toEqual([])
    await alone.page.close()

    const anna = await openDemo(context, service.url, room, ANNA)
    const { page } = anna
    await liven(anna)
    await page.focus("#stage")
    await page.keyboard.press("ArrowDown")
    await page.evaluate(() => document.activeElement instanceof HTMLElement && document.activeElement.blur())
    await shoot(page, `crowd-${size}-${theme}`)
    await page.click("#stack")
    await shoot(page, `people-${size}-${theme}`)
    expect(await seriousFaults(page, 15)).toEqual([])
    expect(await anna.stateOf("Brave Heron"), "axe saw who is active as well").toBe("active")
    const overflow = await page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth)
    expect(overflow).toBeLessThanOrEqual(0)
  })
})

describe.concurrent("without a mouse", () => {
  it("[DM14] everything can be reached, shows that it has the focus, and works", async ({ browse }) => {
    const room = freshDemoRoom()
    const witness = await enter(service, { room, member: "witness" })
    const anna = await openDemo(await browse(), service.url, room, ANNA)
    const { page } = anna
    const { keyboard } = page

    const all = [
      "skip",
      "copy-link",
      "my-color",
      "my-name",
      "stack",
      "stage",
      "heart",
      "star",
      "bolt",
      "log",
      "note",
      "primary send",
      "pull",
    ]
    const reached: string[] = []
    for (let i = 0; i < all.length; i++) {
      await keyboard.press("Tab")
      const { name, outline } = await page.evaluate(() => {
        const at = document.activeElement
        const shown = at?.closest(".me:has(input:focus-visible)") ?? at
        const style = shown === null || shown === undefined ? null : getComputedStyle(shown)
        return {
          name: at?.id || at?.getAttribute("data-kind") || at?.className || "",
          outline: `${style?.outlineStyle} ${style?.outlineWidth}`,
        }
      })
      reached.push(name)
      expect(outline, `the focus on ${name}`).toBe("solid 3px")
    }
    expect(reached).toEqual(all)

    await page.focus(".skip")
    await keyboard.press("Enter")
    expect(await page.evaluate(() => document.activeElement?.id)).toBe("stage")
    await keyboard.press("ArrowRight")
    await keyboard.press("Shift+ArrowUp")
    const ref = witness.picture.list().find(({ member }) => member === ANNA.member)?.ref ?? -1
    const cursor = () => witness.picture.entries.get(ref)?.data["cursor"]
    await witness.until(() => JSON.stringify(cursor()) === JSON.stringify({ x: 0.52, y: 0.4 }), "her cursor")
    expect(await page.locator(".cursor.is-own .cursor-label").isVisible()).toBe(true)
    await keyboard.press("Enter")
    await keyboard.press("2")
    expect(await witness.next("message", ({ event }) => event === "ripple")).toMatchObject({ data: { x: 0.52, y: 0.4 } })
    expect(await witness.next("message", ({ event }) => event === "reaction")).toMatchObject({ data: { x: 0.52, y: 0.4, kind: "star" } })

    await page.focus("#note")
    await keyboard.type("By keys alone")
    await keyboard.press("Enter")
    await witness.next(
      "message",
      ({ event, data }) => event === "note" && JSON.stringify(data) === JSON.stringify({ text: "By keys alone" }),
    )
    await page.focus("#stack")
    await keyboard.press("Enter")
    expect(await page.getAttribute("#stack", "aria-expanded")).toBe("true")
    await keyboard.press("Escape")
    expect(await page.getAttribute("#stack", "aria-expanded")).toBe("false")
  })

  it("[DM15] a screen reader hears who came and who went, together and not too often", async ({ browse }) => {
    const room = freshDemoRoom()
    const anna = await openDemo(await browse(), service.url, room, ANNA)
    const said = await anna.page.evaluateHandle(() => {
      const sentences: string[] = []
      const region = document.getElementById("announcer")
      if (region !== null) new MutationObserver(() => sentences.push(region.textContent)).observe(region, { childList: true })
      return sentences
    })
    const names = ["Bert", "Chloé", "Dan", "Eve"]
    const guests = await Promise.all(
      names.map((name) => enter(service, { room, member: name.toLowerCase(), claims: { info: { name } } }, { of: name })),
    )
    await soon(() => said.jsonValue()).toHaveLength(1)
    expect((await said.jsonValue())[0]).toMatch(/^\S+, \S+ and 2 others entered\.$/)
    await guests[0]?.close(1000)
    await soon(() => said.jsonValue()).toHaveLength(2)
    expect((await said.jsonValue())[1]).toBe("Bert left.")
    expect(await anna.page.getAttribute("#announcer", "role")).toBe("status")
  })
})
