/** The pool as an app has it: rooms of one client, their handles, and what is kept open. */
import { describe, expect, it } from "vitest"
import { setScene, virtualTime } from "./scene.ts"

virtualTime()

describe("rooms of one client", () => {
  it("[PL1] ten users of one room hold one socket, and one presence", async () => {
    const { service, client, advance } = setScene()
    const one = client("anna")
    const rooms = Array.from({ length: 10 }, (_, at) => one.room("r", { initial: { at } }))
    await advance(500)
    expect(service.sockets).toHaveLength(1)
    expect(service.room("r").present.map(({ data }) => data)).toEqual([{ at: 0 }])
    for (const room of rooms.slice(1)) room.release()
    await advance(10_000)
    expect([service.open.length, rooms[0]?.status]).toEqual([1, "connected"])
    rooms[0]?.release()
    await advance(1000)
    expect(service.room("r").present).toHaveLength(1)
    await advance(1100)
    expect([service.open.length, service.sockets[0]?.closedWith]).toEqual([0, 1000])
    expect(service.room("r").left).toMatchObject([{ reason: "left" }])
  })

  it("[PL5] a room that is used again within the linger was never away", async () => {
    const { service, client, advance } = setScene()
    const one = client("anna")
    for (let i = 0; i < 5; i++) {
      const room = one.room("r", { initial: { x: 1 } })
      await advance(300)
      room.release()
      await advance(300)
    }
    expect([service.sockets.length, service.room("r").left.length, service.room("r").said.length]).toEqual([1, 0, 1])
  })

  it("[PL6] a warm room is connected and unseen; one that rests is present no longer", async () => {
    const { service, client, advance } = setScene()
    const one = client("anna", { pool: { min: 1 } })
    one.warm(["r"])
    await advance(500)
    expect([service.open.length, service.room("r").present]).toEqual([1, []])
    const lease = await one.acquire("r", { initial: { x: 1 } })
    await advance(100)
    expect(service.room("r").present).toHaveLength(1)
    lease.release()
    await advance(3000)
    expect([service.open.length, service.room("r").present]).toEqual([1, []])
    const again = one.room("r", { initial: { x: 2 } })
    expect(again.status).toBe("connected")
    await advance(100)
    expect(service.room("r").present).toMatchObject([{ data: { x: 2 } }])
    expect(service.sockets).toHaveLength(1)
  })

  it("[PL2] a room for which there is no place yet remembers what to say, and waits", async () => {
    const { service, client, advance } = setScene()
    const one = client("anna", { pool: { max: 1, lingerMs: 0 } })
    const first = one.room("first")
    const second = one.room("second", { initial: { x: 1 } })
    second.enter({ x: 2 })
    await advance(1000)
    expect([second.status, second.self?.data, service.sockets.length]).toEqual(["connecting", { x: 2 }, 1])
    await expect(second.send("early", 1)).rejects.toMatchObject({ code: "not_connected" })
    await expect(Promise.all([one.acquire("third", { timeoutMs: 500 }), advance(600)])).rejects.toMatchObject({ code: "acquire_timeout" })
    first.release()
    await advance(100)
    expect(second.status).toBe("connected")
    expect(service.room("second").present).toMatchObject([{ data: { x: 2 } }])
    expect(one.pool.stats()).toMatchObject({ max: 1, open: 1, timeouts: 1, waiting: 0 })
  })

  it("[PL4] acquire gives a room that is connected, or the reason why it never will be", async () => {
    const { service, client, advance } = setScene({ latency: () => 100 })
    const one = client("anna")
    const given = one.acquire("r", { initial: {} })
    await advance(1000)
    const lease = await given
    expect(lease.room.status).toBe("connected")
    lease.release()
    expect(() => lease.room.others).toThrow(expect.objectContaining({ code: "released" }))
    service.door = { code: "banned" }
    const refused = expect(one.acquire("s")).rejects.toMatchObject({ code: "closed", message: expect.stringContaining("banned") })
    await advance(1000)
    await refused
    service.door = "gone"
    const never = expect(one.acquire("t")).rejects.toMatchObject({ code: "acquire_timeout" })
    await advance(10_000)
    await never
    expect(one.pool.stats()).toMatchObject({ leases: 0, timeouts: 1 })
  })

  it("[PL9] a handle is released once, and of no use afterwards; `using` does it", async () => {
    const { service, client, advance } = setScene()
    const one = client("anna")
    const room = one.room("r")
    const heard: unknown[] = []
    room.subscribe(() => heard.push(1))
    room.release()
    const released = expect.objectContaining({
      name: "RollcallError",
      code: "released",
      message: expect.stringContaining("r was released"),
    })
    expect(() => room.release()).toThrow(released)
    for (const use of [() => room.enter(), () => room.update({}), () => room.leave(), () => room.self, () => room.getSnapshot()]) {
      expect(use).toThrow(released)
    }
    expect(() => room.subscribe(() => {})).toThrow(released)
    expect(() => room.on("enter", () => {})).toThrow(released)
    expect(() => room.send("x", 1)).toThrow(released)
    room[Symbol.dispose]()
    {
      using other = one.room("r")
      expect(other.name).toBe("r")
      expect(one.pool.stats().leases).toBe(1)
    }
    expect(one.pool.stats().leases).toBe(0)
    await advance(500)
    expect([heard, service.sockets.length]).toEqual([[], 1])
  })
})
