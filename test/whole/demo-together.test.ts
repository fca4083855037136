/** The demo in a real browser: people who see each other come, move, type and go. */
import { describe, expect } from "vitest"
import { itInBrowser } from "./browser.ts"
import { ANNA, BERT, CHLOE, demoOn, freshDemoRoom, openDemo, pointsAt, soon } from "./demo-page.ts"
import { serviceForFile } from "./service.ts"
import { enter } from "./wire-client.ts"

const AWAY_AFTER_MS = 2500
const service = serviceForFile({ AWAY_AFTER_MS })
const it = itInBrowser()

const PHONE = { viewport: { width: 390, height: 844 }, hasTouch: true, isMobile: true } as const
/** Half the service's grace, and less than any other of its clocks: whoever is gone by then has said goodbye. */
const AT_ONCE_MS = 5000

describe.concurrent("two pages", () => {
  it("[DM1] see each other enter, move, type, write and leave, on a laptop and on a phone", async ({ browse }) => {
    const room = freshDemoRoom()
    const anna = await openDemo(await browse(), service.url, room, ANNA)
    expect(await anna.page.locator("#invite").isVisible()).toBe(true)
    const bert = await openDemo(await browse(PHONE), service.url, room, BERT)
    await soon(() => anna.people()).toEqual(["Anna Berg (you)", "Brave Heron"])
    expect(await bert.people()).toEqual(["Brave Heron (you)", "Anna Berg"])
    expect(await anna.page.locator("#invite").isVisible()).toBe(false)
    await soon(() => anna.text("announcer")).toBe("Brave Heron entered.")

    for (const point of [
      { x: 0.25, y: 0.5 },
      { x: 0.9, y: 0.1 },
    ]) {
      await anna.pointAt(point)
      await pointsAt(bert, "Anna Berg", point)
    }
    await bert.stage.tap({ position: { x: 100, y: 150 } })
    const phone = await bert.stage.boundingBox()
    await pointsAt(anna, "Brave Heron", { x: 100 / (phone?.width ?? 1), y: 150 / (phone?.height ?? 1) })
    await anna.page.locator("#effects .ripple").waitFor({ state: "attached" })

    await anna.page.locator("#note").pressSequentially("Hel")
    await soon(() => bert.text("typing")).toBe("Anna Berg is typing")
    expect(await bert.stateOf("Anna Berg")).toBe("typing")
    await anna.say("Hello <b>you</b>")
    await soon(() => bert.notes()).toEqual(["Hello <b>you</b>"])
    expect(await anna.notes()).toEqual(["Hello <b>you</b>"])
    await soon(() => bert.text("typing")).toBe("")

    const leaving = Date.now()
    await bert.page.close({ runBeforeUnload: true })
    await soon(() => anna.people()).toEqual(["Anna Berg (you)"])
    expect(Date.now() - leaving).toBeLessThan(AT_ONCE_MS)
    expect(await anna.placeOf("Brave Heron")).toBeNull()
  })

  it("[DM2] a tab that is closed is a goodbye, which the room tells at once", async ({ browse }) => {
    const room = freshDemoRoom()
    const witness = await enter(service, { room, member: "witness" })
    const anna = await openDemo(await browse(), service.url, room, ANNA)
    const ref = witness.picture.list().find(({ member }) => member === ANNA.member)?.ref ?? -1
    const leaving = Date.now()
    await anna.page.close({ runBeforeUnload: true })
    expect(await witness.leaveOf(ref)).toBe("left")
    expect(Date.now() - leaving).toBeLessThan(AT_ONCE_MS)
  })

  it("[DM3] a name that is changed where it stands is changed for all, and kept by the browser", async ({ browse }) => {
    const room = freshDemoRoom()
    const context = await browse()
    const anna = await openDemo(context, service.url, room, ANNA)
    const bert = await openDemo(await browse(), service.url, room, BERT)
    await anna.page.fill("#my-name", "  Anna the First ")
    await anna.page.press("#my-name", "Enter")
    await soon(() => bert.people()).toEqual(["Brave Heron (you)", "Anna the First"])
    await anna.page.fill("#my-name", " ")
    await anna.page.press("#my-name", "Enter")
    expect(await anna.page.inputValue("#my-name")).toBe("Anna the First")
    const kept = await anna.page.evaluate(() => localStorage.getItem("rollcall-demo-visitor"))
    expect(JSON.parse(kept ?? "null")).toEqual({ ...ANNA, name: "Anna the First" })
  })

  it("[DM4] a second window of one browser is the same person, and one opened as a guest is another", async ({ browse }) => {
    const room = freshDemoRoom()
    const context = await browse()
    const first = await openDemo(context, service.url, room, ANNA)
    const opened = context.waitForEvent("page")
    await first.page.click("#second-window")
    const guest = demoOn(await opened)
    await soon(async () => (await first.people()).length).toBe(2)
    expect(await first.people()).toEqual(["Anna Berg (you)", (await guest.people())[0]?.replace(" (you)", "")])

    const second = await openDemo(context, service.url, room, ANNA)
    await soon(() => second.people()).toHaveLength(2)
    await soon(() => first.stateOf("Anna Berg (you)")).toMatch(/ · 2 windows$/)
    await second.pointAt({ x: 0.5, y: 0.25 })
    await pointsAt(first, "You, elsewhere", { x: 0.5, y: 0.25 })
  })
})

describe.concurrent("a crowd", () => {
  it("[DM5] is a short stack and a whole list; who is away is dimmed, and says so", async ({ browse }) => {
    const room = freshDemoRoom()
    const anna = await openDemo(await browse(), service.url, room, ANNA)
    const guests = await Promise.all(
      ["bert", "chloe", "dan", "eve", "fred", "gus", "hana"].map((member) =>
        enter(service, { room, member, claims: { info: { name: `Guest ${member}`, color: BERT.color } } }, { cursor: { x: 0.3, y: 0.3 } }),
      ),
    )
    await soon(() => anna.page.locator("#stack .avatar").allTextContents()).toHaveLength(6)
    expect(await anna.page.locator("#stack .more").textContent()).toBe("+3")
    expect(await anna.people()).toHaveLength(8)
    expect(await anna.page.getByRole("button", { name: "8 people here: show who" }).isVisible()).toBe(true)

    const [bert] = guests
    await soon(async () => {
      await bert?.ask({ type: "update", data: { still: Date.now() } })
      return anna.stateOf("Guest chloe")
    }).toBe("away")
    expect(await anna.stateOf("Guest bert")).toBe("active")
    const isDimmed = (label: string) => anna.page.locator(".cursor.is-away", { hasText: label }).count()
    expect([await isDimmed("Guest chloe"), await isDimmed("Guest bert")]).toEqual([1, 0])
  })

  it("[DM6] may say anything about itself: what is not well-formed is not shown, and nothing becomes markup", async ({ browse }) => {
    const room = freshDemoRoom()
    const anna = await openDemo(await browse(), service.url, room, ANNA)
    const evil = `<img src=x onerror="document.title='broken'">`
    const info = { name: evil, color: "red;--x:url(//example.com)" }
    const liar = await enter(service, { room, member: "liar", claims: { info } }, { cursor: { x: 7, y: "1" }, typing: "yes", name: 7 })
    await soon(() => anna.people()).toEqual(["Anna Berg (you)", evil.slice(0, 40)])
    for (const data of [null, 7, { text: 7 }, { text: " " }, { x: -1, y: 2 }, { x: 0.5, y: 0.5, kind: "skull" }]) {
      for (const event of ["note", "ripple", "reaction", "unheard-of"]) await liar.ask({ type: "send", event, data })
    }
    await liar.ask({ type: "send", event: "note", data: { text: evil } })
    await soon(() => anna.notes()).toEqual([evil])
    expect(await anna.placeOf(evil.slice(0, 40))).toBeNull()
    expect(await anna.text("typing")).toBe("")
    expect(await anna.page.title()).not.toBe("broken")
  })
})

describe.concurrent("arriving", () => {
  it("[DM7] without a room is in the lobby, as somebody with a name, who is the same at the next visit", async ({ browse }) => {
    const context = await browse()
    const page = await context.newPage()
    await page.goto(service.url)
    const demo = demoOn(page)
    await soon(() => demo.people()).toHaveLength(1)
    expect(await demo.text("room-name")).toBe("demo-lobby")
    const [name = ""] = await demo.people()
    expect(name).toMatch(/^[A-Z][a-z]+ [A-Z][a-z]+ \(you\)$/)
    await page.reload()
    await soon(() => demo.people()).toEqual([name])
  })

  it("[DM7] in a room that the demo does not have is told so, and shown two ways on", async ({ browse }) => {
    const context = await browse()
    for (const room of ["secret", "demo-", "demo-%20", ""]) {
      const page = await context.newPage()
      let sockets = 0
      page.on("websocket", () => sockets++)
      await page.goto(`${service.url}/?room=${room}`)
      await page.getByRole("heading", { name: "There is no such room" }).waitFor()
      const links = await page.locator("#closed a").evaluateAll((all) => all.map((link) => link.getAttribute("href") ?? ""))
      expect(links.map((link) => new URL(link).searchParams.get("room"))).toEqual(["demo-lobby", expect.stringMatching(/^demo-\w+$/)])
      expect(sockets).toBe(0)
    }
  })
})

describe.concurrent("motion", () => {
  it.for([
    { reducedMotion: "no-preference", least: 4, most: Infinity },
    { reducedMotion: "reduce", least: 1, most: 1 },
  ] as const)(
    "[DM8] of a cursor is smooth, or a jump where less is asked for: $reducedMotion",
    async ({ reducedMotion, least, most }, { browse }) => {
      const room = freshDemoRoom()
      const bert = await enter(service, { room, member: "bert", claims: { info: CHLOE } }, { cursor: { x: 0.1, y: 0.1 } })
      const anna = await openDemo(await browse({ reducedMotion }), service.url, room, ANNA)
      await pointsAt(anna, CHLOE.name, { x: 0.1, y: 0.1 })
      const steps = await anna.page.evaluateHandle(() => {
        const seen: string[] = []
        const cursor = document.querySelector(".cursor")
        if (cursor instanceof HTMLElement) {
          new MutationObserver(() => {
            if (seen.at(-1) !== cursor.style.translate) seen.push(cursor.style.translate)
          }).observe(cursor, { attributeFilter: ["style"] })
        }
        return seen
      })
      await bert.ask({ type: "update", data: { cursor: { x: 0.9, y: 0.6 } } })
      await soon(async () => (await steps.jsonValue()).at(-1)).toBe("90cqw 60cqh")
      const { length } = await steps.jsonValue()
      expect(length).toBeGreaterThanOrEqual(least)
      expect(length).toBeLessThanOrEqual(most)
    },
  )
})
