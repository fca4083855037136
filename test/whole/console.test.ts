/** The operators' page in a real browser, against the real service. */
import { gzipSync } from "node:zlib"
import type { Page } from "playwright-core"
import { expect, vi } from "vitest"
import { type Browse, itInBrowser } from "./browser.ts"
import { seriousFaults, shoot } from "./look.ts"
import { DEV_ADMIN_KEY, serviceForFile } from "./service.ts"
import { enter, freshRoom } from "./wire-client.ts"

const MAX_SCRIPT_BYTES = 16_000

const service = serviceForFile()
const it = itInBrowser()

async function admin(method: string, path: string, body: object): Promise<void> {
  const headers = { authorization: `Bearer ${DEV_ADMIN_KEY}` }
  const response = await fetch(`${service.url}/v1/admin${path}`, { method, headers, body: JSON.stringify(body) })
  expect(response.ok, await response.text()).toBe(true)
}

async function signedIn(browse: Browse, theme: "light" | "dark" = "dark"): Promise<Page> {
  const page = await (await browse({ colorScheme: theme, reducedMotion: "reduce" })).newPage()
  await page.goto(`${service.url}/console`)
  await page.fill("#key", DEV_ADMIN_KEY)
  await page.press("#key", "Enter")
  await page.locator("#desk").waitFor()
  return page
}

/** By the search field, as an operator does. */
async function open(page: Page, room: string): Promise<void> {
  await page.fill("#search", room)
  await page.locator(".room-link", { hasText: room }).click()
  await page.locator("#room-title", { hasText: room }).waitFor()
}

it("[CO1] an admin key opens it, and is nowhere but in the memory of the tab", async ({ browse }) => {
  const page = await (await browse()).newPage()
  await page.goto(`${service.url}/console`)
  await page.fill("#key", "wrong")
  await page.press("#key", "Enter")
  await page.getByText("This is not an admin key of this service.").waitFor()
  await page.fill("#key", DEV_ADMIN_KEY)
  await page.press("#key", "Enter")
  await page.locator("#desk").waitFor()
  const kept = await page.evaluate(() => JSON.stringify([{ ...localStorage }, { ...sessionStorage }, document.cookie, location.href]))
  const field = await page.inputValue("#key")
  expect(`${kept}${field}${await page.content()}`).not.toContain(DEV_ADMIN_KEY)
  await page.reload()
  await page.locator("#sign-in").waitFor()
  expect(await page.locator("#desk").isVisible()).toBe(false)
})

it("[CO1] signing out ends all that the key was used for, also when it was sent twice", async ({ browse }) => {
  const page = await (await browse()).newPage()
  await page.goto(`${service.url}/console`)
  await page.fill("#key", DEV_ADMIN_KEY)
  let asked = 0
  page.on("request", (request) => {
    if (request.headers()["authorization"] !== undefined) asked++
  })
  await page.evaluate(() => {
    const form = document.querySelector<HTMLFormElement>("#sign-in")
    form?.requestSubmit()
    form?.requestSubmit()
  })
  await page.locator("#desk").waitFor()
  // The list asks every 2.5 s: what stays signed in would ask within the next seconds.
  await page.click("#sign-out")
  await page.locator("#sign-in").waitFor()
  const before = asked
  await page.waitForTimeout(3500)
  expect(asked).toBe(before)
})

it("[CO1] leaving the page gives up what was being asked", async ({ browse }) => {
  const room = freshRoom()
  const anna = await enter(service, { room, member: "anna" })
  const page = await signedIn(browse)
  await open(page, room)
  await page.click("#message-all")
  await page.fill("#event", "notice")
  // As when the browser keeps the page to come back to.
  await page.evaluate(() => dispatchEvent(new PageTransitionEvent("pagehide", { persisted: true })))
  expect(await page.locator("#dialog").isVisible()).toBe(false)
  expect(await page.inputValue("#event")).toBe("")
  expect(await page.inputValue("#search")).toBe("")
  expect(await page.locator("#sign-in").isVisible()).toBe(true)
  await anna.close()
})

it("[CO4] what was chosen for one member is not offered for the next", async ({ browse }) => {
  const room = freshRoom()
  await enter(service, { room, member: "anna" })
  await enter(service, { room, member: "bert" })
  const page = await signedIn(browse)
  await open(page, room)
  await page.getByRole("button", { name: "Kick or ban: anna" }).click()
  await page.selectOption("#ban", "2592000000")
  await page.keyboard.press("Escape")
  await page.getByRole("button", { name: "Kick or ban: bert" }).click()
  expect(await page.inputValue("#ban")).toBe("0")
  await page.keyboard.press("Escape")
  await page.getByRole("button", { name: "Message: anna" }).click()
  await page.fill("#event", "private")
  await page.fill("#data", '"for anna"')
  await page.keyboard.press("Escape")
  await page.click("#message-all")
  expect([await page.inputValue("#event"), await page.inputValue("#data")]).toEqual(["", ""])
})

it("[CO6] the focus goes where the work goes on", async ({ browse }) => {
  const many = `paged-${freshRoom()}`
  await Promise.all(
    Array.from({ length: 60 }, (_, i) => admin("PUT", `/rooms/${many}-${String(i).padStart(2, "0")}/members/bot`, { ttl: 60_000 })),
  )
  const room = `${many}-59`
  await enter(service, { room, member: "anna" })
  const page = await signedIn(browse)
  const focused = () => page.evaluate(() => document.activeElement?.getAttribute("aria-label") ?? document.activeElement?.id)
  await page.fill("#search", many)
  await page.locator(".room-name", { hasText: `${many}-49` }).waitFor()
  await page.locator("#next-page").press("Enter")
  await vi.waitFor(async () => expect(await page.locator(".room-link:focus").textContent()).toContain(`${many}-50`))
  await page.locator("#first-page").press("Enter")
  await vi.waitFor(async () => expect(await page.locator(".room-link:focus").textContent()).toContain(`${many}-00`))
  await open(page, room)
  const kick = page.getByRole("button", { name: "Kick or ban: anna" })
  await kick.press("Enter")
  await page.keyboard.press("Escape")
  expect(await focused()).toBe("Kick or ban: anna")
  await kick.press("Enter")
  await page.locator("#dialog-do").press("Enter")
  await kick.waitFor({ state: "detached" })
  await page.locator("#dialog").waitFor({ state: "hidden" })
  await vi.waitFor(async () => expect(await focused()).toBe("room-title"))
})

it("[CO2] [CO4] among 200 rooms one is found, its member is kicked, and seen to go", async ({ browse }) => {
  const many = `many-${freshRoom()}`
  await Promise.all(
    Array.from({ length: 200 }, (_, i) => admin("PUT", `/rooms/${many}-${String(i).padStart(3, "0")}/members/bot`, { ttl: 60_000 })),
  )
  const room = `${many}-137`
  const anna = await enter(service, { room, member: "anna" })
  const page = await signedIn(browse)
  await page.fill("#search", many)
  const seen = new Set<string>()
  await vi.waitFor(async () => expect(await page.locator(".room-name").allTextContents()).toContain(`${many}-049`), { timeout: 10_000 })
  for (const last of ["049", "099", "149", "199"]) {
    await page.locator(".room-name", { hasText: `${many}-${last}` }).waitFor()
    for (const name of await page.locator(".room-name").allTextContents()) {
      expect(seen).not.toContain(name)
      seen.add(name)
    }
    if (last !== "199") await page.click("#next-page")
  }
  expect(seen.size).toBe(200)
  await open(page, room)
  await page.getByRole("button", { name: "Kick or ban: anna" }).click()
  await page.click("#dialog-do")
  expect((await anna.ended()).code).toBe(4403)
  await page.locator(".member", { hasText: "anna" }).waitFor({ state: "detached" })
  expect(await page.locator(".member").count()).toBe(1)
})

it("[CO3] [CO4] a room is live, what members say is text, and each deed does what it says", async ({ browse }) => {
  const room = freshRoom()
  const anna = await enter(service, { room, member: "anna", claims: { info: { name: "<b>Anna" } } }, { note: "<img src=x>" })
  const page = await signedIn(browse)
  await open(page, room)
  await page.locator(".member .name", { hasText: "<b>Anna (anna)" }).waitFor()
  await page.locator(".member pre", { hasText: "<img src=x>" }).waitFor()
  expect(await page.locator(".member img, .member b").count()).toBe(0)
  await page.locator(".member .soft", { hasText: /active · connected .*heard \d/ }).waitFor()
  await page.locator("#stats", { hasText: /Next alarm\s*(now|in \d)/ }).waitFor()
  await anna.ask({ type: "update", data: { note: "changed" } })
  await page.locator(".member pre", { hasText: "changed" }).waitFor()
  const bert = await enter(service, { room, member: "bert" })
  await page.locator(".member", { hasText: "bert" }).waitFor()

  await page.click("#message-all")
  await page.fill("#event", "notice")
  await page.fill("#data", "{not json")
  await page.click("#dialog-do")
  await vi.waitFor(async () => expect(await page.textContent("#dialog-fault")).not.toBe(""))
  await page.fill("#data", '{"text":"maintenance"}')
  await page.click("#dialog-do")
  expect(await bert.next("message")).toMatchObject({ event: "notice", data: { text: "maintenance" } })

  await page.getByRole("button", { name: "Kick or ban: bert" }).click()
  await page.keyboard.press("Escape")
  expect(await page.locator("#dialog").isVisible()).toBe(false)
  await page.getByRole("button", { name: "Kick or ban: bert" }).click()
  await page.selectOption("#ban", "600000")
  await page.click("#dialog-do")
  await bert.ended()
  await expect(enter(service, { room, member: "bert" })).rejects.toThrow()

  await page.click("#close-room")
  await page.click("#dialog-do")
  await anna.ended()
  await page.locator(".member").waitFor({ state: "detached" })
})

it("[CO5] nobody, no match and no answer are said in words", async ({ browse }) => {
  const page = await signedIn(browse)
  await page.fill("#search", "no-such-room")
  await page.getByText("No room begins with “no-such-room”.").waitFor()
  await page.route("**/v1/admin/**", (route) => route.abort())
  await page.fill("#search", "other")
  await page.locator("#rooms-note", { hasText: "The service does not answer." }).waitFor()
  await page.unroute("**/v1/admin/**")
  await page.locator("#rooms-note", { hasText: "No room begins with “other”." }).waitFor()
})

for (const theme of ["light", "dark"] as const) {
  it(`[CO6] axe finds nothing serious in the ${theme}, signed out, with a room open, and in a dialog`, async ({ browse }) => {
    const room = freshRoom()
    await enter(service, { room, member: "anna", claims: { info: { name: "Anna Ampel" } } }, { cursor: { x: 4, y: 2 } })
    await enter(service, { room, member: "bert" })
    const page = await signedIn(browse, theme)
    await page.click("#sign-out")
    await page.locator("#sign-in").waitFor()
    expect(await page.evaluate(() => document.activeElement?.id)).toBe("key")
    expect(await seriousFaults(page, 10)).toEqual([])
    await page.fill("#key", DEV_ADMIN_KEY)
    await page.press("#key", "Enter")
    await open(page, room)
    await page
      .locator(".member .soft", { hasText: /heard \d/ })
      .first()
      .waitFor()
    expect(await seriousFaults(page, 10)).toEqual([])
    await shoot(page, `console-${theme}`)
    await page.click("#message-all")
    expect(await seriousFaults(page, 10)).toEqual([])
  })
}

it("[CO7] its script stays within its budget", async () => {
  const script = await (await fetch(`${service.url}/console/console.js`)).arrayBuffer()
  expect(script.byteLength).toBeGreaterThan(1000)
  expect(gzipSync(new Uint8Array(script), { level: 9 }).length).toBeLessThanOrEqual(MAX_SCRIPT_BYTES)
})
