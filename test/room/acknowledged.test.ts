import { describe, expect, it } from "vitest"
import { connect, crash, newRoom } from "./room-client.ts"

describe("an enter within a running tick", () => {
  it("[HB8] is stored once it is acknowledged: a crash right behind its ack loses nothing", async () => {
    const room = newRoom()
    const names = ["anna", "bert", "carl", "dora"]
    const clients = await Promise.all(names.map((name) => connect(room, name)))
    // The first begins a tick, and the others enter within it.
    await Promise.all(clients.map((client) => client.ask({ type: "enter", data: { x: 1 } })))
    await crash(room)
    for (const [i, { welcome }] of clients.entries()) {
      const back = await connect(room, names[i] ?? "", { session: welcome.session })
      expect(back.welcome).toMatchObject({ resumed: true, ref: welcome.ref })
    }
  })

  it("[FR4] answers one connection in the order in which it asked", async () => {
    const room = newRoom()
    const anna = await connect(room, "anna")
    const bert = await connect(room, "bert")
    await bert.ask({ type: "enter", data: {} })
    anna.send({ type: "enter", data: {}, id: 1001 })
    anna.send({ type: "update", data: { x: 1 }, id: 1002 })
    anna.send({ type: "nonsense", id: 1003 })
    anna.send({ type: "leave", id: 1004 })
    await anna.next("ack", ({ id }) => id === 1004)
    const answers = anna.frames.flatMap((frame) => (frame.type === "ack" || frame.type === "error" ? [frame.id] : []))
    expect(answers).toEqual([1001, 1002, 1003, 1004])
  })
})
