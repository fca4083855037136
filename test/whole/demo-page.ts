/** The demo as its users have it: what is seen on the page, asked of the page. */
import type { BrowserContext, Locator, Page } from "playwright-core"
import { expect, vi } from "vitest"
import type { Point } from "../../src/web/demo/presence.ts"
import { DEV_ADMIN_KEY } from "./service.ts"

export type Visitor = { readonly member: string; readonly name: string; readonly color: string }

export const ANNA: Visitor = { member: "anna", name: "Anna Berg", color: "#cf3b34" }
export const BERT: Visitor = { member: "bert", name: "Brave Heron", color: "#37852b" }
export const CHLOE: Visitor = { member: "chloe", name: "Chloé", color: "#e5b50b" }

const LIMIT_MS = 10_000
const AGAIN_MS = 40
const KEY = "rollcall-demo-visitor"

export type Demo = {
  readonly page: Page
  readonly stage: Locator
  /** The names in the list of who is here, as a screen reader has it. */
  people(): Promise<string[]>
  /** "active", "away", "typing", with the number of windows when there are several. */
  stateOf(name: string): Promise<string | null>
  /** Where on the stage the arrow with this label points, from 0 to 1 each way; null: nowhere. */
  placeOf(label: string): Promise<Point | null>
  /** Moves the mouse there. */
  pointAt(point: Point): Promise<void>
  status(): Promise<string | null>
  text(id: string): Promise<string | null>
  say(note: string): Promise<void>
  /** The texts of the notes, oldest first. */
  notes(): Promise<string[]>
}

/** Asks again until the answer is right. Not `expect.poll`, which cannot tell tests that run side by side apart. */
export function soon<T>(ask: () => T | Promise<T>, timeout = LIMIT_MS) {
  const until = (check: (answer: T) => void) => vi.waitFor(async () => check(await ask()), { timeout, interval: AGAIN_MS })
  return {
    toBe: (expected: T) => until((answer) => expect(answer).toBe(expected)),
    toEqual: (expected: T) => until((answer) => expect(answer).toEqual(expected)),
    toMatch: (expected: RegExp) => until((answer) => expect(answer).toMatch(expected)),
    toContain: (expected: unknown) => until((answer) => expect(answer).toContain(expected)),
    toHaveLength: (expected: number) => until((answer) => expect(answer).toHaveLength(expected)),
  }
}

let rooms = 0
/** A room that the demo's tokens open, and no other test uses. */
export function freshDemoRoom(): string {
  return `demo-${process.pid}-${++rooms}-${Date.now().toString(36)}`
}

/** The page, once it is connected. `query` comes behind the room. */
export async function openDemo(context: BrowserContext, url: string, room: string, visitor: Visitor, query = ""): Promise<Demo> {
  await context.addInitScript(
    ([key, value]) => {
      // It runs on the blank page as well, which has no storage; and a name that was changed stays.
      if (location.protocol === "http:" && localStorage.getItem(key) === null) localStorage.setItem(key, value)
    },
    [KEY, JSON.stringify(visitor)] as const,
  )
  const page = await context.newPage()
  await page.goto(`${url}/?room=${room}${query}`)
  const demo = demoOn(page)
  await soon(() => demo.status()).toBe("connected")
  await soon(() => demo.people()).toContain(`${visitor.name} (you)`)
  return demo
}

export function demoOn(page: Page): Demo {
  const stage = page.locator("#stage")
  return {
    page,
    stage,
    people: () => page.locator("#people-list .person-name").allTextContents(),
    async stateOf(name) {
      const row = page.locator("#people-list .person", { has: page.getByText(name, { exact: true }) })
      return (await row.count()) === 0 ? null : row.locator(".person-state").textContent()
    },
    placeOf: (label) =>
      page.evaluate((wanted) => {
        const stage = document.getElementById("stage")
        const cursor = [...document.querySelectorAll(".cursor")].find((one) => one.querySelector(".cursor-name")?.textContent === wanted)
        if (stage === null || cursor === undefined) return null
        const box = stage.getBoundingClientRect()
        const { x, y } = cursor.getBoundingClientRect()
        return { x: (x - box.x) / box.width, y: (y - box.y) / box.height }
      }, label),
    async pointAt({ x, y }) {
      const box = await stage.boundingBox()
      if (box === null) throw new Error("the stage is not shown")
      await page.mouse.move(box.x + box.width * x, box.y + box.height * y, { steps: 4 })
    },
    status: () => page.locator("#status").getAttribute("data-status"),
    text: (id) => page.locator(`#${id}`).textContent(),
    async say(note) {
      await page.fill("#note", note)
      await page.press("#note", "Enter")
    },
    notes: () => page.locator("#notes .note-text").allTextContents(),
  }
}

/** Waits until the arrow with this label points there, give or take a pixel or two. */
export async function pointsAt(demo: Demo, label: string, { x, y }: Point): Promise<void> {
  await soon(async () => {
    const place = await demo.placeOf(label)
    return place === null ? null : Math.hypot(place.x - x, place.y - y) < 0.01
  }).toBe(true)
}

/** Begins to note who vanishes from the page, or appears anew; the returned function gives what was noted. */
export async function watchFlaps(demo: Demo): Promise<() => Promise<string[]>> {
  const noted = await demo.page.evaluateHandle(() => {
    const changes: string[] = []
    const observer = new MutationObserver((records) => {
      for (const { addedNodes, removedNodes } of records) {
        for (const node of addedNodes) changes.push(`+${node.textContent}`)
        for (const node of removedNodes) changes.push(`-${node.textContent}`)
      }
    })
    for (const id of ["people-list", "cursors"]) {
      const list = document.getElementById(id)
      if (list !== null) observer.observe(list, { childList: true })
    }
    return changes
  })
  return () => noted.jsonValue()
}

/** Asks the service as its operator. */
export async function admin(url: string, path: string, init: RequestInit = {}): Promise<Response> {
  const response = await fetch(`${url}/v1/admin${path}`, { ...init, headers: { authorization: `Bearer ${DEV_ADMIN_KEY}` } })
  if (!response.ok) throw new Error(`${path}: ${response.status} ${await response.text()}`)
  return response
}
