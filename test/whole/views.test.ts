/** Those who ask for less are told less, and what they are told is right. */
import { describe, expect, it } from "vitest"
import { askedPlainly } from "./refusals.ts"
import { serviceForFile } from "./service.ts"
import { type Asking, connect, enter, freshRoom, type WireClient } from "./wire-client.ts"

const FULL_VIEWS = 4
const service = serviceForFile({ MAX_FULL_VIEWS: FULL_VIEWS })

function watch(room: string, view: string, more: Partial<Asking> = {}): Promise<WireClient> {
  return connect(service, { room, member: `watches-${view}`, query: { view }, ...more })
}

const lastCount = (client: WireClient) => client.all("count").at(-1)?.members

describe.concurrent("views", () => {
  it("[VW1] members: entries without data, statuses and leaves, and no update", async () => {
    const room = freshRoom()
    const anna = await enter(service, { room, member: "anna" }, { secret: "anna's" })
    const watcher = await watch(room, "members")
    expect(watcher.welcome).toMatchObject({ view: "members", present: [{ member: "anna", data: {} }] })
    await anna.ask({ type: "update", data: { secret: "newer" } })
    const bert = await enter(service, { room, member: "bert" }, { secret: "bert's" })
    await watcher.until(() => watcher.picture.entries.size === 2, "bert")
    await bert.ask({ type: "leave" })
    await watcher.until(() => watcher.picture.entries.size === 1, "his leave")
    watcher.send({ type: "sync" })
    await watcher.until(() => watcher.all("sync").length === 1, "the whole room")
    expect(watcher.all("sync")[0]?.present).toMatchObject([{ member: "anna", data: {} }])
    expect(watcher.texts.join("")).not.toMatch(/secret|"update"/)
  })

  it("[VW2] [VW3] count: how many members, after each enter and leave, and nobody's name", async () => {
    const room = freshRoom()
    const anna = await enter(service, { room, member: "anna" }, {})
    const watcher = await watch(room, "count")
    expect(watcher.welcome).toMatchObject({ view: "count", present: [], members: 1 })
    const second = await enter(service, { room, member: "anna" }, {})
    const bert = await enter(service, { room, member: "bert" }, {})
    await watcher.until(() => lastCount(watcher) === 2, "two members")
    await anna.ask({ type: "update", data: { x: 1 } })
    await bert.ask({ type: "leave" })
    await watcher.until(() => lastCount(watcher) === 1, "one member")
    await second.ask({ type: "leave" })
    await anna.ask({ type: "leave" })
    await watcher.until(() => lastCount(watcher) === 0, "nobody")
    expect(watcher.all("presence")).toEqual([])
    expect(watcher.texts.join("")).not.toMatch(/anna|bert/)
  })

  it("[VW3] a resume asks anew, and is told the room in the view that it asks for", async () => {
    const room = freshRoom()
    await enter(service, { room, member: "anna" }, { x: 1 })
    const watcher = await watch(room, "count")
    watcher.socket.terminate()
    const { session } = watcher.welcome
    const again = await watch(room, "members", { session, member: "watches-count" })
    expect(again.welcome).toMatchObject({ resumed: true, view: "members", present: [{ member: "anna", data: {} }] })
    again.socket.terminate()
    const full = await connect(service, { room, member: "watches-count", session })
    expect(full.welcome).toMatchObject({ resumed: true, present: [{ member: "anna", data: { x: 1 } }] })
    expect(full.welcome).not.toHaveProperty("view")
  })

  it("[VW4] of another name are refused, and a full room gives the count alone", async () => {
    expect(await askedPlainly(service, { room: freshRoom(), query: { view: "half" } })).toMatchObject({ status: 400, code: "bad_request" })
    const room = freshRoom()
    for (let i = 0; i < FULL_VIEWS; i++) expect((await enter(service, { room, member: `m${i}` })).welcome).not.toHaveProperty("view")
    const late = await connect(service, { room, member: "late" })
    expect(late.welcome).toMatchObject({ view: "count", present: [], members: FULL_VIEWS })
  })

  it("[VW5] messages, answers and the own presence are the same; who may not subscribe is told no count", async () => {
    const room = freshRoom()
    const anna = await enter(service, { room, member: "anna" }, {})
    const watcher = await watch(room, "count")
    const deaf = await watch(room, "count", { claims: { rooms: { "*": ["presence"] } } })
    expect(deaf.welcome).not.toHaveProperty("members")
    await watcher.ask({ type: "enter", data: { seen: true } })
    await anna.until(() => anna.picture.entries.get(watcher.ref)?.data["seen"] === true, "the watcher's own entry")
    await anna.ask({ type: "send", event: "hello", data: 1 })
    await watcher.until(() => watcher.all("message").length === 1, "the message")
    await watcher.until(() => lastCount(watcher) === 2, "the count")
    expect(deaf.all("count")).toEqual([])
  })
})
