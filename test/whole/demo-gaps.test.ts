/** The demo in a real browser, when lines break, plugs are pulled, servers are killed and operators interfere. */
import type { Page } from "playwright-core"
import { describe, expect } from "vitest"
import { itInBrowser } from "./browser.ts"
import { lineTo } from "./cuttable-line.ts"
import { ANNA, admin, BERT, type Demo, freshDemoRoom, openDemo, pointsAt, soon, watchFlaps } from "./demo-page.ts"
import { serviceForFile } from "./service.ts"
import { enter, silence, statsOf, type WireClient } from "./wire-client.ts"

const service = serviceForFile()
const it = itInBrowser()

const OUTAGE_MS = 3000
/** A dev server that restarts its runtime on a busy machine, and a client's back-off on top. */
const RESTART_MS = 20_000

function refOf(witness: WireClient, member: string): number {
  const entry = witness.picture.list().find((one) => one.member === member)
  if (entry === undefined) throw new Error(`${member} is not here`)
  return entry.ref
}

/** Who came or went after the first `from` frames, as the room told it; an entry that is told anew under its old name did neither. */
function moves(witness: WireClient, from: number): string[] {
  const known = new Set(witness.welcome.present.map(({ connection }) => connection))
  const moved: string[] = []
  for (const [at, frame] of witness.frames.entries()) {
    if (frame.type !== "presence") continue
    if (at >= from) moved.push(...(frame.leave ?? []).map(([ref, reason]) => `${ref} ${reason}`))
    for (const { connection, member } of frame.enter ?? []) {
      if (at >= from && !known.has(connection)) moved.push(`${member} entered`)
      known.add(connection)
    }
  }
  return moved
}

async function leftConnected(demo: Demo): Promise<void> {
  await soon(() => demo.status(), RESTART_MS).toMatch(/^(reconnecting|offline)$/)
}

async function connected(demo: Demo): Promise<void> {
  await soon(() => demo.status(), RESTART_MS).toBe("connected")
}

describe.concurrent("a line that breaks", () => {
  it("[DM9] offline for three seconds and back is invisible to everybody else", async ({ browse, onTestFinished }) => {
    const room = freshDemoRoom()
    const line = await lineTo(service.url)
    onTestFinished(() => line.close())
    const witness = await enter(service, { room, member: "witness" })
    const context = await browse()
    const anna = await openDemo(context, line.url, room, ANNA)
    const bert = await openDemo(await browse(), service.url, room, BERT)
    await anna.pointAt({ x: 0.2, y: 0.2 })
    await pointsAt(bert, ANNA.name, { x: 0.2, y: 0.2 })

    const flaps = await watchFlaps(bert)
    const heard = witness.frames.length
    line.cut()
    await context.setOffline(true)
    await leftConnected(anna)
    expect(await anna.page.locator("#strip").isVisible()).toBe(true)
    await anna.pointAt({ x: 0.7, y: 0.6 })
    await silence(OUTAGE_MS)
    expect(await anna.status()).not.toBe("connected")
    line.mend()
    await context.setOffline(false)
    await connected(anna)

    // Where she is now, told once; nothing of her way there.
    await pointsAt(bert, ANNA.name, { x: 0.7, y: 0.6 })
    expect(await flaps()).toEqual([])
    expect(moves(witness, heard)).toEqual([])
    expect(await anna.text("tally")).toBe("Resumed 1 of 1")
    expect(await anna.people()).toEqual(["Anna Berg (you)", "Somebody", "Brave Heron"])
  })

  it("[DM10] a plug that is pulled shows a resume, what the room thought meanwhile, and no one noticing", async ({ browse }) => {
    const room = freshDemoRoom()
    const witness = await enter(service, { room, member: "witness" })
    const anna = await openDemo(await browse(), service.url, room, ANNA)
    const ref = refOf(witness, ANNA.member)
    const heard = witness.frames.length
    await anna.page.getByRole("button", { name: "Pull the plug" }).click()
    await leftConnected(anna)
    await soon(() => anna.text("line-note")).toBe("Unplugged. Asked over HTTP, the room still lists you, next to 1 other.")
    await connected(anna)
    await soon(() => anna.text("line-note")).toMatch(/^Back after [2-5]\.\d s and resumed: nobody saw you leave\./)
    expect(await anna.text("tally")).toBe("Resumed 1 of 1")
    expect(moves(witness, heard)).toEqual([])
    await soon(() => anna.text("announcer")).toMatch(/nobody saw you leave/)
    await anna.pointAt({ x: 0.4, y: 0.4 })
    await witness.until(() => witness.picture.entries.get(ref)?.data["cursor"] !== undefined, "a move after the gap")
    expect(await anna.page.getByRole("button", { name: "Pull the plug" }).isEnabled()).toBe(true)
  })
})

describe.concurrent("tabs that share", () => {
  it("[DM16] three hold one socket and are one presence; when the one that holds it is closed, the room sees nothing", async ({
    browse,
  }) => {
    const room = freshDemoRoom()
    const witness = await enter(service, { room, member: "witness" })
    const context = await browse()
    const sockets = new Map<Page, number>()
    context.on("page", (page) => {
      sockets.set(page, 0)
      page.on("websocket", () => sockets.set(page, (sockets.get(page) ?? 0) + 1))
    })
    const first = await openDemo(context, service.url, room, ANNA, "&tabs=1")
    const second = await openDemo(context, service.url, room, ANNA, "&tabs=1")
    const third = await openDemo(context, service.url, room, ANNA, "&tabs=1")
    const tabs = [first, second, third]
    expect(tabs.map(({ page }) => sockets.get(page))).toEqual([1, 0, 0])
    expect(await statsOf(service, room)).toMatchObject({ members: 2, connections: 2, observers: 0 })
    const ref = refOf(witness, ANNA.member)
    const cursor = () => JSON.stringify(witness.picture.entries.get(ref)?.data["cursor"])
    const heard = witness.frames.length
    for (const [at, tab] of tabs.entries()) {
      await tab.stage.focus()
      await tab.page.keyboard.press(["ArrowLeft", "ArrowUp", "ArrowRight"][at] ?? "")
      await witness.until(
        () => cursor() === ['{"x":0.48,"y":0.5}', '{"x":0.5,"y":0.48}', '{"x":0.52,"y":0.5}'][at],
        `the move of tab ${at}`,
      )
    }

    await first.page.close({ runBeforeUnload: true })
    await soon(() => (sockets.get(second.page) ?? 0) + (sockets.get(third.page) ?? 0)).toBe(1)
    await connected(second)
    await connected(third)
    for (const [at, tab] of [second, third].entries()) {
      // A message is not kept for later: it waits here until a move has shown that the new line holds.
      const before = cursor()
      await tab.stage.focus()
      await tab.page.keyboard.press("ArrowDown")
      await witness.until(() => cursor() !== before, `a move of the tab that stays, ${at}`)
      await tab.say(`From tab ${at}`)
      await soon(() => second.notes()).toContain(`From tab ${at}`)
      await soon(() => third.notes()).toContain(`From tab ${at}`)
    }
    expect(moves(witness, heard)).toEqual([])
    expect(await statsOf(service, room)).toMatchObject({ members: 2, connections: 2, observers: 0 })
    // What a tab said goes with it; the last one takes the presence along.
    await third.page.close({ runBeforeUnload: true })
    await witness.until(() => cursor() === '{"x":0.5,"y":0.5}', "the words of the tab that stays")
    await second.page.close({ runBeforeUnload: true })
    expect(await witness.leaveOf(ref)).toBe("left")
  })
})

// By itself: the others would miss their server.
describe("a server that dies", () => {
  it("[DM11] is back, and so is everybody, by themselves", async ({ browse }) => {
    const room = freshDemoRoom()
    const anna = await openDemo(await browse(), service.url, room, ANNA)
    const bert = await openDemo(await browse(), service.url, room, BERT)
    await soon(() => anna.people()).toHaveLength(2)
    const [, userWorker] = service.workerdPids()
    if (userWorker === undefined) throw new Error("there is no second workerd")
    process.kill(userWorker, "SIGKILL")
    await Promise.all([anna, bert].map(leftConnected))
    await Promise.all([anna, bert].map(connected))
    await soon(async () => [...(await anna.people())].sort(), RESTART_MS).toEqual(["Anna Berg (you)", "Brave Heron"])
    await soon(async () => [...(await bert.people())].sort(), RESTART_MS).toEqual(["Anna Berg", "Brave Heron (you)"])
    await anna.pointAt({ x: 0.3, y: 0.6 })
    await pointsAt(bert, ANNA.name, { x: 0.3, y: 0.6 })
    await bert.say("Still here")
    await soon(() => anna.notes()).toEqual(["Still here"])
  })
})

describe.concurrent("an end", () => {
  it("[DM12] is explained, and says how to come back", async ({ browse }) => {
    const room = freshDemoRoom()
    const anna = await openDemo(await browse(), service.url, room, ANNA)
    await admin(service.url, `/rooms/${room}/members/${ANNA.member}`, { method: "DELETE" })
    await anna.page.getByRole("heading", { name: "You were asked to leave" }).waitFor()
    expect(await anna.status()).toBe("closed")
    expect(await anna.text("closed-text")).toContain("4403")
    await anna.page.getByRole("link", { name: "Come back in" }).click()
    await connected(anna)
    await soon(() => anna.people()).toEqual(["Anna Berg (you)"])

    await admin(service.url, `/rooms/${room}`, { method: "DELETE" })
    await anna.page.getByRole("heading", { name: "This room was closed" }).waitFor()
  })
})
