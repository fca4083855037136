import { runInDurableObject } from "cloudflare:test"
import { afterEach, describe, expect, it, vi } from "vitest"
import { decodeAttachment } from "../../src/room/attachment.ts"
import { connect, newRoom, type RoomClient, runAlarm, stubOf } from "./room-client.ts"

const GRACE = 10_000

const typesOf = (client: RoomClient, from = 0) => client.frames.slice(from).map(({ type }) => type)

afterEach(() => void vi.useRealTimers())

function attachmentOf(room: string, client: RoomClient) {
  return runInDurableObject(stubOf(room), (_room, state) => {
    const [socket] = state.getWebSockets(client.welcome.connection)
    return decodeAttachment(socket?.deserializeAttachment(), 60, Date.now())?.connection
  })
}

function breakSocketOf(room: string, client: RoomClient) {
  return runInDurableObject(stubOf(room), (_room, state) => {
    for (const socket of state.getWebSockets(client.welcome.connection)) {
      socket.send = () => {
        throw new Error("broken pipe")
      }
    }
  })
}

describe("one order of effects", () => {
  it("[EF1] what others are told was saved before, so that a sleep right after loses nothing", async () => {
    const room = newRoom()
    const anna = await connect(room, "anna")
    const bert = await connect(room, "bert")
    await anna.ask({ type: "enter", data: { n: 0 } })
    for (let n = 1; n <= 20; n++) {
      anna.send({ type: "update", data: { n } })
      await bert.next("presence", ({ update }) => update !== undefined)
      const told = bert.picture.get(anna.welcome.ref)?.data["n"]
      expect((await attachmentOf(room, anna))?.entry?.data["n"]).toBeGreaterThanOrEqual(Number(told))
    }
  })

  it("[EF2] the sender is answered before everybody is told", async () => {
    const room = newRoom()
    const anna = await connect(room, "anna")
    await anna.ask({ type: "enter", data: {} })
    await anna.next("presence")
    expect(typesOf(anna)).toEqual(["welcome", "ack", "presence"])
  })

  it("[FR8] [FR11] a connection that errs too often is answered each time, told bye, closed, and gone for the rest", async () => {
    const room = newRoom()
    const anna = await connect(room, "anna")
    const bert = await connect(room, "bert")
    await bert.ask({ type: "enter", data: {} })
    await anna.next("presence")
    const from = bert.frames.length
    for (let i = 0; i < 25; i++) bert.send("{")
    await vi.waitFor(() => expect(bert.closed.code).toBe(4400))
    expect(typesOf(bert, from).filter((type) => type !== "presence")).toEqual([...Array.from({ length: 20 }, () => "error"), "bye"])
    expect((await anna.next("presence", ({ leave }) => leave !== undefined)).leave).toEqual([[bert.welcome.ref, "closed"]])
  })

  it("[IS3] [GR1] a socket that throws is let go into grace and hurts no other", async () => {
    const room = newRoom()
    const anna = await connect(room, "anna")
    const bert = await connect(room, "bert")
    const carl = await connect(room, "carl")
    await bert.ask({ type: "enter", data: {} })
    await carl.next("presence")
    await breakSocketOf(room, bert)
    await anna.ask({ type: "enter", data: {} })
    await carl.next("presence", ({ enter }) => enter?.[0]?.member === "anna")
    expect(await carl.sync()).toHaveLength(2)
    const { connections, members, liveness } = await stubOf(room).stats(room)
    expect({ connections, members }).toEqual({ connections: 2, members: 2 })
    expect(liveness.nextAlarmAt).toBeLessThanOrEqual(Date.now() + 10_000)
    const back = await connect(room, "bert", { session: bert.welcome.session })
    expect(back.welcome.resumed).toBe(true)
  })

  it("[IS3] [GR3] whose socket throws while a sweep tells of another is gone when its grace is over", async () => {
    vi.useFakeTimers({ toFake: ["Date"] })
    const room = newRoom()
    const anna = await connect(room, "anna")
    const bert = await connect(room, "bert")
    await bert.ask({ type: "enter", data: {} })
    await stubOf(room).place("bot", { data: {}, info: {}, ttl: 1000 })
    await anna.next("presence", ({ enter }) => enter?.[0]?.member === "bot")
    await breakSocketOf(room, bert)
    vi.setSystemTime(Date.now() + 1500)
    await runAlarm(room)
    expect((await anna.next("presence", ({ leave }) => leave !== undefined)).leave?.[0]?.[1]).toBe("expired")
    vi.setSystemTime(Date.now() + GRACE)
    await runAlarm(room)
    expect((await anna.next("presence", ({ leave }) => leave?.[0]?.[1] === "closed")).leave).toEqual([[bert.welcome.ref, "closed"]])
  })
})
