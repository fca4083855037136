/** Many tabs, one connection: each client here is a tab, with the locks and channels of the platform; time is real. */
import { afterEach, describe, expect, it, vi } from "vitest"
import { type Client, type ClientOptions, createClient, type JsonObject } from "../../src/client/index.ts"
import { LossyService, tokenOf } from "../doubles/lossy-service.ts"
import { byMember, listen } from "./scene.ts"

const endings: (() => void)[] = []

afterEach(() => {
  for (const end of endings.splice(0)) end()
  vi.unstubAllGlobals()
  vi.restoreAllMocks()
})

let browsers = 0

function start(options: ConstructorParameters<typeof LossyService>[0] = {}) {
  const service = new LossyService({ graceMs: 3000, ...options })
  vi.stubGlobal("fetch", service.fetch)
  endings.push(() => service.stop())
  // Each test is a browser of its own: tabs find each other by the service's address.
  const url = `https://rollcall-${process.pid}-${++browsers}.test`
  const tab = (member = "anna", more: Partial<ClientOptions> = {}): Client => {
    const client = createClient({
      url,
      token: tokenOf(member),
      WebSocket: service.WebSocket,
      tabs: true,
      pool: { lingerMs: 0 },
      ...more,
    })
    endings.push(() => client.close())
    return client
  }
  return { service, tab, room: service.room("r") }
}

const until = (check: () => void) => vi.waitFor(check, { timeout: 4000, interval: 5 })
const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms))

describe("tabs of one browser", () => {
  it("[TB1] share one socket, one picture and one presence: what was said last by a tab that is there", async () => {
    const { service, tab, room } = start()
    const tabs = [tab(), tab(), tab()]
    const rooms = tabs.map((one, at) => one.room<JsonObject>("r", { initial: { tab: at } }))
    const bert = tab("bert", { tabs: false }).room("r", { initial: { b: 1 } })
    await until(() => expect(rooms.map(({ others }) => byMember(others))).toEqual(Array(3).fill({ bert: { b: 1 } })))
    expect(rooms.map(({ status }) => status)).toEqual(Array(3).fill("connected"))
    expect(service.of("anna")).toHaveLength(1)
    rooms[1]?.update({ cursor: 1 })
    await until(() => expect(byMember(bert.others)).toEqual({ anna: { tab: 1, cursor: 1 } }))
    rooms[0]?.update({ cursor: 2 })
    await until(() => expect(byMember(bert.others)).toEqual({ anna: { tab: 0, cursor: 2 } }))
    expect(rooms.map(({ self }) => self?.data)).toEqual([{ tab: 0, cursor: 2 }, { tab: 1, cursor: 1 }, { tab: 2 }])
    rooms[0]?.leave()
    await until(() => expect(byMember(bert.others)).toEqual({ anna: { tab: 1, cursor: 1 } }))
    for (const one of rooms) one.leave()
    await until(() => expect(bert.others).toEqual([]))
    expect(room.left).toMatchObject([{ reason: "left" }])
    expect(service.of("anna")).toHaveLength(1)
  })

  it("[TB2] each keep their own view: handlers, selections, and members among whom they are themselves", async () => {
    const { tab } = start()
    const [one, two] = [tab().room<JsonObject>("r", { initial: {} }), tab().room<JsonObject>("r")]
    const heard = [listen(one), listen(two)]
    const bert = tab("bert", { tabs: false }).room<JsonObject>("r")
    await until(() => expect([one.status, two.status, bert.status]).toEqual(Array(3).fill("connected")))
    bert.enter({ x: 1 })
    bert.update({ x: 2 })
    await until(() => expect([byMember(one.others), byMember(two.others)]).toEqual(Array(2).fill({ bert: { x: 2 } })))
    for (const room of [one, two]) {
      expect(room.members.map(({ member, isSelf }) => [member, isSelf]).sort()).toEqual([
        ["anna", true],
        ["bert", false],
      ])
    }
    expect(two.self).toBeNull()
    bert.leave()
    await until(() => expect([one.others, two.others]).toEqual([[], []]))
    expect(heard.map(({ enter, leave }) => [enter.length, leave.length])).toEqual([
      [1, 1],
      [1, 1],
    ])
  })

  it("[TB3] all get messages, and each can send and is answered", async () => {
    const { tab } = start()
    const anna = tab("anna", { token: tokenOf("anna") })
    const rooms = [anna, tab(), tab()].map((one) => one.room("r"))
    const heard = rooms.map((room) => listen(room))
    await until(() => expect(rooms.map(({ status }) => status)).toEqual(Array(3).fill("connected")))
    rooms[1]?.enter({ said: "before" })
    await Promise.all(rooms.map((room, at) => room.send("hello", at)))
    await until(() => expect(heard.map(({ message }) => message.map(({ data }) => data).sort())).toEqual(Array(3).fill([0, 1, 2])))
    expect(heard[2]?.message.find(({ data }) => data === 1)?.from?.data).toEqual({ said: "before" })
    const { tab: muteTab } = start()
    const mute = [muteTab("mute", { token: tokenOf("mute", "mute") }), muteTab("mute", { token: tokenOf("mute", "mute") })].map((one) =>
      one.room("r"),
    )
    await until(() => expect(mute.map(({ status }) => status)).toEqual(["connected", "connected"]))
    for (const room of mute) await expect(room.send("hello", 1)).rejects.toMatchObject({ code: "forbidden" })
  })

  it("[TB4] who comes later sees the room as it is, at once", async () => {
    const { service, tab } = start()
    const bert = tab("bert", { tabs: false }).room<JsonObject>("r", { initial: { x: 0 } })
    const first = tab().room("r")
    await until(() => expect(byMember(first.others)).toEqual({ bert: { x: 0 } }))
    bert.update({ x: 1 })
    await until(() => expect(byMember(first.others)).toEqual({ bert: { x: 1 } }))
    const later = tab().room("r")
    const heard = listen(later)
    await until(() => expect(byMember(later.others)).toEqual({ bert: { x: 1 } }))
    expect(heard.enter).toHaveLength(1)
    expect(service.of("anna")).toHaveLength(1)
  })

  it("[TB4] nothing counts before the whole, whoever leads", async () => {
    const { tab } = start()
    const url = `https://rollcall-${process.pid}-${browsers}.test`
    const name = `rollcall true ${url} r`
    const held = Promise.withResolvers<void>()
    void navigator.locks.request(name, () => held.promise)
    const leader = new BroadcastChannel(name)
    endings.push(
      () => held.resolve(),
      () => leader.close(),
    )
    const room = tab().room("r")
    const heard = listen(room)
    const entry = { ref: 2, connection: "c2", member: "bert", info: {}, data: {}, status: "active", since: 1 }
    const own = { ...entry, ref: 1, connection: "c1", member: "anna" }
    await new Promise((resolve) => leader.addEventListener("message", resolve, { once: true }))
    leader.postMessage({ kind: "frame", frame: { type: "presence", enter: [own, entry] } })
    leader.postMessage({ kind: "status", status: "connected", reason: null })
    await until(() => expect(room.status).toBe("connected"))
    expect(heard.enter).toEqual([])
    const heartbeat = { interval: 30_000, timeout: 90_000 }
    const head = {
      type: "welcome",
      protocol: 1,
      room: "r",
      connection: "c1",
      ref: 1,
      member: "anna",
      session: "s",
      resumed: false,
      heartbeat,
    }
    leader.postMessage({ kind: "frame", frame: { ...head, present: [own, entry] } })
    await until(() => expect(byMember(room.others)).toEqual({ bert: {} }))
    const lost = expect(room.send("never answered", 1)).rejects.toMatchObject({ code: "connection_lost" })
    leader.postMessage({ kind: "lead" })
    await lost
    expect(heard.enter).toHaveLength(1)
  })

  it("[TB5] the leader that closes hands over: the next one resumes, and nobody in the room sees it", async () => {
    const { service, tab, room } = start()
    const [first, second, third] = [tab(), tab(), tab()]
    const leading = first.room("r", { initial: { tab: 1 } })
    await until(() => expect(leading.status).toBe("connected"))
    const others = [second, third].map((one, at) => one.room<JsonObject>("r", { initial: { tab: at + 2 } }))
    const bert = tab("bert", { tabs: false }).room("r")
    await until(() => expect(byMember(bert.others)).toEqual({ anna: { tab: 3 } }))
    const heard = [listen(bert), ...others.map((one) => listen(one))]
    const { connection } = bert.others[0] ?? {}
    first.close()
    await until(() => expect(service.of("anna")).toHaveLength(2))
    await until(() => expect(others.map(({ status }) => status)).toEqual(["connected", "connected"]))
    others[0]?.update({ tab: 2, still: "here" })
    await until(() => expect(byMember(bert.others)).toEqual({ anna: { tab: 2, still: "here" } }))
    expect(service.of("anna").map(({ closedWith }) => closedWith)).toEqual([4000, null])
    expect(bert.others[0]?.connection).toBe(connection)
    for (const { enter, leave } of heard) expect([enter, leave]).toEqual([[], []])
    expect(room.left).toEqual([])
    expect(others[1]?.self?.connection).toBe(connection)
  })

  it("[TB5] a tab that was told by the leader and not yet by the room loses nothing to the hand-over", async () => {
    const { service, tab } = start()
    const [first, second] = [tab(), tab()]
    const leading = first.room("r")
    await until(() => expect(leading.status).toBe("connected"))
    const following = second.room<JsonObject>("r", { initial: { x: 0 } })
    await until(() => expect(service.room("r").entryOf("anna")?.data).toEqual({ x: 0 }))
    first.close()
    following.update({ x: 1 })
    await until(() => expect(service.room("r").entryOf("anna")?.data).toEqual({ x: 1 }))
    expect(service.room("r").left).toEqual([])
  })

  it("[TB11] after a hand-over the latest words count, whoever leads and whoever repeats theirs last", async () => {
    for (const speaks of [0, 1]) {
      const { service, tab, room } = start()
      const first = tab()
      const leading = first.room("r")
      await until(() => expect(leading.status).toBe("connected"))
      const following = [tab(), tab()].map((one, at) => one.room<JsonObject>("r", { initial: { tab: at } }))
      await until(() => expect(following.map(({ status }) => status)).toEqual(["connected", "connected"]))
      await pause(20)
      first.close()
      // In the instant between two leaders, and once.
      following[speaks]?.update({ latest: true })
      await until(() => expect(room.entryOf("anna")?.data).toEqual({ tab: speaks, latest: true }))
      await until(() => expect(service.of("anna")).toHaveLength(2))
      await until(() => expect(following.map(({ status }) => status)).toEqual(["connected", "connected"]))
      await pause(100)
      expect(room.entryOf("anna")?.data).toEqual({ tab: speaks, latest: true })
      expect(room.left).toEqual([])
    }
  })

  it("[TB6] the last one that closes leaves at once", async () => {
    const { service, tab, room } = start()
    const [first, second] = [tab(), tab()]
    const rooms = [first.room("r", { initial: { x: 1 } }), second.room("r", { initial: { x: 2 } })]
    await until(() => expect(rooms.map(({ status }) => status)).toEqual(["connected", "connected"]))
    first.close()
    await until(() => expect(service.of("anna")).toHaveLength(2))
    second.close()
    await until(() => expect(room.left).toMatchObject([{ reason: "left" }]))
    expect(service.open).toEqual([])
  })

  it("[TB6] a tab that closes takes along what it said", async () => {
    const { tab, room } = start()
    const [first, second] = [tab(), tab()]
    const one = first.room("r", { initial: { x: 1 } })
    await until(() => expect(one.status).toBe("connected"))
    second.room("r", { initial: { x: 2 } })
    await until(() => expect(room.entryOf("anna")?.data).toEqual({ x: 2 }))
    second.close()
    await until(() => expect(room.entryOf("anna")?.data).toEqual({ x: 1 }))
    expect(room.left).toEqual([])
  })

  it("[TB7] are closed together when the room closes them, and say why", async () => {
    const { tab, room, service } = start()
    const rooms = [tab(), tab(), tab()].map((one) => one.room("r", { initial: {} }))
    await until(() => expect(rooms.map(({ status }) => status)).toEqual(Array(3).fill("connected")))
    room.close("anna", 4403, "behave")
    await until(() => expect(rooms.map(({ status }) => status)).toEqual(Array(3).fill("closed")))
    expect(rooms.map(({ reason }) => reason)).toEqual(Array(3).fill({ code: 4403, message: "behave" }))
    await pause(100)
    expect(service.open).toEqual([])
  })

  it("[TB7] are told alike of what the room refused, and hold what it holds", async () => {
    const { tab } = start({ maxDataBytes: 100 })
    const rooms = [tab(), tab()].map((one, at) => one.room<JsonObject>("r", { initial: { at } }))
    const watching = tab().room("r")
    listen(watching)
    const heard = rooms.map((room) => listen(room))
    await until(() => expect(rooms.map(({ members }) => members.length)).toEqual([1, 1]))
    rooms[1]?.update({ big: "x".repeat(200) })
    await until(() => expect(heard.map(({ error }) => error.map(({ code }) => code))).toEqual([["too_large"], ["too_large"]]))
    await until(() => expect(rooms.map(({ self }) => self?.data)).toEqual(Array(2).fill(rooms[0]?.members[0]?.data)))
    await until(() => expect(watching.members).toHaveLength(1))
    expect(watching.self).toBeNull()
  })

  it("[TB8] of other members, services and rooms are strangers", async () => {
    const { service, tab } = start()
    const rooms = [
      tab("anna", { tabs: "anna" }).room("r"),
      tab("bert", { tabs: "bert" }).room("r"),
      tab("anna", { tabs: "anna" }).room("s"),
    ]
    await until(() => expect(rooms.map(({ status }) => status)).toEqual(Array(3).fill("connected")))
    expect([service.of("anna").length, service.of("bert").length]).toEqual([2, 1])
  })

  it("[TB9] where the platform has no locks, each has a connection of its own", async () => {
    const { service, tab } = start()
    vi.stubGlobal("navigator", {})
    const rooms = [tab(), tab()].map((one) => one.room("r"))
    await until(() => expect(rooms.map(({ status }) => status)).toEqual(["connected", "connected"]))
    expect(service.of("anna")).toHaveLength(2)
  })

  it.each([
    ["pagehide", "pageshow"],
    ["freeze", "resume"],
  ])("[TB10] a page that is put away by %s gives the lead away, and follows when it is back", async (away, back) => {
    const target = new EventTarget()
    const { service, tab, room } = start()
    const second = tab()
    vi.stubGlobal("document", { hidden: false })
    vi.stubGlobal("addEventListener", target.addEventListener.bind(target))
    const leading = tab().room<JsonObject>("r", { initial: { x: 1 } })
    await until(() => expect(leading.status).toBe("connected"))
    vi.stubGlobal("document", undefined)
    const following = second.room<JsonObject>("r", { initial: { x: 2 } })
    await until(() => expect(room.entryOf("anna")?.data).toEqual({ x: 2 }))
    target.dispatchEvent(new Event(away))
    leading.update({ lost: "in between" })
    await until(() => expect(service.of("anna").map(({ closedWith }) => closedWith)).toEqual([4000, null]))
    await until(() => expect(following.status).toBe("connected"))
    target.dispatchEvent(new Event(back))
    leading.update({ x: 3 })
    await until(() => expect(room.entryOf("anna")?.data).toEqual({ x: 3, lost: "in between" }))
    expect([service.of("anna").length, room.left]).toEqual([2, []])
  })

  /** A tab with a page, which follows: the one without leads already. */
  async function followerWithPage(options: ConstructorParameters<typeof LossyService>[0] = {}) {
    const target = new EventTarget()
    const started = start(options)
    const leading = started.tab().room<JsonObject>("r", { initial: { x: 1 } })
    await until(() => expect(leading.status).toBe("connected"))
    vi.stubGlobal("document", { hidden: false })
    vi.stubGlobal("addEventListener", target.addEventListener.bind(target))
    const following = started.tab().room<JsonObject>("r")
    await until(() => expect(following.status).toBe("connected"))
    return { ...started, leading, following, tell: (type: string) => void target.dispatchEvent(new Event(type)) }
  }

  it("[TB10] a page that followed, and was put away, sees the room again when it is back", async () => {
    const { tab, leading, following, tell } = await followerWithPage()
    tell("pagehide")
    expect(following.status).toBe("offline")
    const bert = tab("bert", { tabs: false }).room<JsonObject>("r", { initial: { y: 1 } })
    await until(() => expect(byMember(leading.others)).toEqual({ bert: { y: 1 } }))
    // The leader is given the lock of who went, which nothing tells.
    await pause(50)
    tell("pageshow")
    await until(() => expect([following.status, byMember(following.others)]).toEqual(["connected", { bert: { y: 1 } }]))
    bert.update({ y: 2 })
    await until(() => expect(byMember(following.others)).toEqual({ bert: { y: 2 } }))
  })

  it("[TB12] when the room found them idle, are back as soon as any of their pages is shown, and not for the network's sake", async () => {
    const { service, room, leading, following, tell } = await followerWithPage()
    room.close("anna", 4440)
    await until(() => expect([leading.status, following.status]).toEqual(["offline", "offline"]))
    tell("online")
    await pause(100)
    expect(service.of("anna")).toHaveLength(1)
    tell("visibilitychange")
    await until(() => expect([leading.status, following.status]).toEqual(["connected", "connected"]))
    await until(() => expect(room.entryOf("anna")?.data).toEqual({ x: 1 }))
  })

  it("[CL8] what nobody has answered when the lead passes on is lost, and each tab that asked is told", async () => {
    const { service, tab } = start()
    const first = tab()
    const rooms = [first, tab(), tab()].map((one) => one.room("r", { initial: {} }))
    await until(() => expect(rooms.map(({ status }) => status)).toEqual(Array(3).fill("connected")))
    // On its way, and never answered.
    service.of("anna")[0]?.die()
    const fates = rooms.slice(1).map((room) => room.send("hello", 1).then(String, (error) => error.code))
    await until(() => expect(service.of("anna")[0]?.frames("send")).toHaveLength(2))
    first.close()
    expect(await Promise.all(fates)).toEqual(["connection_lost", "connection_lost"])
  })
})
