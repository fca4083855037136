import { runInDurableObject } from "cloudflare:test"
import { env, exports } from "cloudflare:workers"
import { afterEach, describe, expect, it, vi } from "vitest"
import { connect, crash, hibernate, newRoom, type RoomClient, runAlarm, stubOf, tokenFor } from "./room-client.ts"

const IDLE = 1_800_000
const GRACE = 10_000
/** By then those who never pinged are asked, and everybody is looked at. */
const SWEEP = 40_000

afterEach(() => void vi.useRealTimers())

/** Its socket is closed, as the room sees it, and the runtime does not say so; a sleep makes it look open again. */
function closeUnreported(room: string, { welcome }: RoomClient) {
  return runInDurableObject(stubOf(room), (_room, state) => {
    const [socket] = state.getWebSockets(welcome.connection)
    if (socket !== undefined) Object.defineProperty(socket, "readyState", { value: WebSocket.CLOSED })
  })
}

describe("a room that hibernated", () => {
  it("[HB1] keeps every entry, ref, member and session, and knows who may do what", async () => {
    const room = newRoom()
    const anna = await connect(room, "anna")
    const bert = await connect(room, "bert", { claims: { rooms: { "*": ["subscribe"] } } })
    await anna.ask({ type: "enter", data: { x: 1, name: "Zoë…" } })
    await anna.ask({ type: "update", data: { y: 2 } })
    const before = await bert.sync()
    await hibernate(room)
    expect(await bert.sync()).toEqual(before)
    await hibernate(room)
    expect((await bert.ask({ type: "enter", data: {} })).type).toBe("error")
    await anna.ask({ type: "update", data: { x: null } })
    await bert.next("presence", ({ update }) => update?.[anna.welcome.ref]?.["x"] === null)
    expect([...bert.picture.values()]).toEqual(await bert.sync())
    expect(bert.picture.get(anna.welcome.ref)?.data).toEqual({ name: "Zoë…", y: 2 })
  })

  it("[HB2] does not give out the ref of one that left before it slept", async () => {
    const room = newRoom()
    const anna = await connect(room, "anna")
    const bert = await connect(room, "bert")
    await bert.ask({ type: "enter", data: {} })
    bert.close(1000)
    await anna.next("presence", ({ leave }) => leave !== undefined)
    await hibernate(room)
    const carl = await connect(room, "carl")
    expect(carl.welcome.ref).toBeGreaterThan(bert.welcome.ref)
  })

  it("[HB3] takes a close that wakes it for what it is: goodbye leaves at once", async () => {
    const room = newRoom()
    const anna = await connect(room, "anna")
    const bert = await connect(room, "bert")
    await bert.ask({ type: "enter", data: {} })
    await hibernate(room)
    bert.close(1000)
    const told = await anna.next("presence", ({ leave }) => leave !== undefined)
    expect(told.leave).toEqual([[bert.welcome.ref, "left"]])
  })

  it("[HB14] knows that a line had ended which only a sweep noted, whose socket is listed as open again", async () => {
    vi.useFakeTimers({ toFake: ["Date"] })
    const room = newRoom()
    const anna = await connect(room, "anna")
    const bert = await connect(room, "bert")
    await closeUnreported(room, bert)
    vi.setSystemTime(Date.now() + SWEEP)
    await runAlarm(room)
    await anna.ask({ type: "pong" })
    await hibernate(room)
    expect((await stubOf(room).stats(room)).connections).toBe(1)
    vi.setSystemTime(Date.now() + GRACE)
    await runAlarm(room)
    await anna.ask({ type: "pong" })
    const rows = await runInDurableObject(stubOf(room), (_room, state) => state.storage.sql.exec("SELECT id FROM connections").toArray())
    expect(rows).toEqual([])
    const again = await connect(room, "bert", { session: bert.welcome.session })
    expect(again.welcome.resumed).toBe(false)
  })

  it("[HB14] does not bring back whose grace ended before the sleep, while its socket is still listed", async () => {
    vi.useFakeTimers({ toFake: ["Date"] })
    const room = newRoom()
    const anna = await connect(room, "anna")
    const bert = await connect(room, "bert")
    await bert.ask({ type: "enter", data: {} })
    await closeUnreported(room, bert)
    vi.setSystemTime(Date.now() + SWEEP)
    await runAlarm(room)
    vi.setSystemTime(Date.now() + GRACE)
    await runAlarm(room)
    const told = await anna.next("presence", ({ leave }) => leave !== undefined)
    expect(told.leave).toEqual([[bert.welcome.ref, "closed"]])
    await hibernate(room)
    expect(await anna.sync()).toEqual([])
  })

  it("[HB14] does not bring back whom a sweep found without a line where there is no grace", async () => {
    Object.assign(env, { GRACE_MS: "0" })
    try {
      const room = newRoom()
      const anna = await connect(room, "anna")
      const bert = await connect(room, "bert")
      await bert.ask({ type: "enter", data: {} })
      await closeUnreported(room, bert)
      vi.useFakeTimers({ toFake: ["Date"] })
      vi.setSystemTime(Date.now() + SWEEP)
      await anna.ask({ type: "pong" })
      await runAlarm(room)
      expect(await anna.sync()).toEqual([])
      await hibernate(room)
      const back = await connect(room, "bert", { session: bert.welcome.session })
      expect(back.welcome).toMatchObject({ resumed: false, present: [] })
    } finally {
      Object.assign(env, { GRACE_MS: "10000" })
    }
  })

  it("[HB4] takes a broken line that wakes it into grace, and a resume continues it unseen", async () => {
    const room = newRoom()
    const anna = await connect(room, "anna")
    const bert = await connect(room, "bert")
    await bert.ask({ type: "enter", data: { x: 1 } })
    await anna.next("presence", ({ enter }) => enter !== undefined)
    await hibernate(room)
    bert.close(4000)
    await vi.waitFor(() => expect(bert.closed.code).toBe(4000))
    await hibernate(room)
    const seen = anna.frames.length
    const back = await connect(room, "bert", { session: bert.welcome.session })
    expect(back.welcome).toMatchObject({
      resumed: true,
      ref: bert.welcome.ref,
      connection: bert.welcome.connection,
      session: bert.welcome.session,
    })
    expect(await back.sync()).toMatchObject([{ ref: bert.welcome.ref, data: { x: 1 } }])
    await anna.sync()
    expect(anna.frames.slice(seen).map(({ type }) => type)).toEqual(["sync", "ack"])
  })

  it("[HB5] counts its wake-ups on its sockets, and starts anew when it was empty", async () => {
    const room = newRoom()
    const anna = await connect(room, "anna")
    await anna.ask({ type: "enter", data: {} })
    for (let i = 0; i < 3; i++) {
      await hibernate(room)
      await anna.ask({ type: "sync" })
    }
    const stats = await stubOf(room).stats(room)
    expect(stats).toMatchObject({ wakeups: 4, members: 1, connections: 1, observers: 0 })
    anna.close(1000)
    await vi.waitFor(() => expect(anna.closed.code).toBe(1000))
    expect(await stubOf(room).stats(room)).toMatchObject({ wakeups: 1, members: 0, connections: 0, peak: { members: 1 } })
  })

  it("[HB6] still verifies a fresh token, and shows its info from the next enter, also after another sleep", async () => {
    const room = newRoom()
    const anna = await connect(room, "anna")
    const bert = await connect(room, "bert")
    await anna.ask({ type: "enter", data: {} })
    await hibernate(room)
    expect(await anna.ask({ type: "auth", token: await tokenFor("anna", { info: { name: "Anna B." } }) })).toMatchObject({ type: "ack" })
    await hibernate(room)
    expect((await bert.sync())[0]?.info).toEqual({ name: "anna" })
    await hibernate(room)
    await anna.ask({ type: "enter", data: {} })
    expect((await bert.sync())[0]?.info).toEqual({ name: "Anna B." })
  })

  it("[HB7] remembers that a socket was superseded: its late end is nobody's", async () => {
    const room = newRoom()
    const anna = await connect(room, "anna")
    const bert = await connect(room, "bert")
    await bert.ask({ type: "enter", data: {} })
    const back = await connect(room, "bert", { session: bert.welcome.session })
    expect(await bert.next("bye")).toMatchObject({ code: 4409 })
    await hibernate(room)
    bert.close(1000)
    expect(await anna.sync()).toHaveLength(1)
    expect(await back.sync()).toHaveLength(1)
  })
})

describe("a room that crashed", () => {
  it("[HB8] gives the dead their grace, and who comes back is never seen to have gone", async () => {
    const room = newRoom()
    const anna = await connect(room, "anna")
    const bert = await connect(room, "bert")
    await anna.ask({ type: "enter", data: { x: 1 } })
    await bert.ask({ type: "enter", data: { x: 2 } })
    await crash(room)
    await vi.waitFor(() => expect([anna.closed.code, bert.closed.code]).toEqual([1006, 1006]))
    const back = await connect(room, "anna", { session: anna.welcome.session })
    expect(back.welcome).toMatchObject({ resumed: true, ref: anna.welcome.ref })
    expect(back.welcome.present?.map(({ member }) => member).sort()).toEqual(["anna", "bert"])
    expect((await stubOf(room).stats(room)).liveness.nextAlarmAt).not.toBeNull()
  })

  it("[HB9] forgets those that do not come back, by its alarm, once their grace is over", async () => {
    const room = newRoom()
    const anna = await connect(room, "anna")
    const bert = await connect(room, "bert")
    await anna.ask({ type: "enter", data: {} })
    await bert.ask({ type: "enter", data: {} })
    await crash(room)
    const back = await connect(room, "anna", { session: anna.welcome.session })
    await runAlarm(room)
    expect(await back.sync()).toHaveLength(2)
    vi.useFakeTimers({ toFake: ["Date"] })
    try {
      vi.setSystemTime(Date.now() + 10_001)
      await runAlarm(room)
    } finally {
      vi.useRealTimers()
    }
    expect((await back.next("presence", ({ leave }) => leave !== undefined)).leave).toEqual([[bert.welcome.ref, "closed"]])
    expect(await back.sync()).toHaveLength(1)
  })

  it("[HB13] sends nobody away as idle who was active before the crash, however long ago it entered", async () => {
    const room = newRoom()
    vi.useFakeTimers({ toFake: ["Date"] })
    const exp = Math.floor(Date.now() / 1000) + 100_000
    const anna = await connect(room, "anna", { claims: { exp } })
    await anna.ask({ type: "enter", data: {} })
    vi.setSystemTime(Date.now() + IDLE - 60_000)
    await anna.ask({ type: "update", data: { x: 1 } })
    await crash(room)
    const back = await connect(room, "anna", { session: anna.welcome.session, claims: { exp } })
    expect(back.welcome.resumed).toBe(true)
    vi.setSystemTime(Date.now() + 120_000)
    await back.ask({ type: "pong" })
    await runAlarm(room)
    await back.ask({ type: "pong" })
    expect(back.frames.filter(({ type }) => type === "bye")).toEqual([])
  })
})

describe("an alarm that fails", () => {
  it("[HB11] [LG4] is logged and set again, and the room lives on", async () => {
    const room = newRoom()
    const anna = await connect(room, "anna")
    await anna.ask({ type: "enter", data: {} })
    // Awake, it knows that nobody is to be looked at yet.
    await hibernate(room)
    const logged = vi.spyOn(console, "error").mockImplementation(() => undefined)
    try {
      await runInDurableObject(stubOf(room), (instance, state) => {
        const sockets = vi.spyOn(state, "getWebSockets").mockImplementationOnce(() => {
          throw new Error("storage is away")
        })
        return instance.alarm().finally(() => sockets.mockRestore())
      })
      const told = logged.mock.calls.map(([line]) => JSON.parse(String(line)))
      expect(told).toMatchObject([{ level: "error", event: "room_failed", room, doing: "alarm", message: "storage is away" }])
    } finally {
      logged.mockRestore()
    }
    expect((await stubOf(room).stats(room)).liveness.nextAlarmAt).toBeGreaterThan(Date.now())
    await runAlarm(room)
    expect(await anna.sync()).toHaveLength(1)
  })
})

describe("a frame that fails", () => {
  it("[LG4] is logged with its room, counted as internal, and the room lives on", async () => {
    const room = newRoom()
    const anna = await connect(room, "anna")
    const logged = vi.spyOn(console, "error").mockImplementation(() => undefined)
    const internal = async () => {
      const response = await exports.default.fetch("https://rollcall.test/metrics", { headers: { authorization: "Bearer test-admin-key" } })
      return Number(/^rollcall_errors_total\{code="internal"\} (\d+)$/m.exec(await response.text())?.[1])
    }
    const before = await internal()
    try {
      await runInDurableObject(stubOf(room), async (instance, state) => {
        const [socket] = state.getWebSockets()
        if (socket === undefined) throw new Error("nobody is there")
        const rows = vi.spyOn(state.storage.sql, "exec").mockImplementationOnce(() => {
          throw new Error("storage is away")
        })
        await expect(instance.webSocketMessage(socket, '{"type":"enter","data":{}}')).rejects.toThrow("storage is away")
        rows.mockRestore()
      })
      const told = logged.mock.calls.map(([line]) => JSON.parse(String(line)))
      expect(told).toMatchObject([{ level: "error", event: "room_failed", room, doing: "frame", message: "storage is away" }])
      expect(told[0].at).toMatch(/\S/)
    } finally {
      logged.mockRestore()
    }
    anna.close(1000)
    await vi.waitFor(async () => expect(await internal()).toBe(before + 1), { timeout: 4000, interval: 20 })
  })
})
