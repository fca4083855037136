import { describe, expect, it } from "vitest"
import { connect, hibernate, newRoom } from "./room-client.ts"

describe("views", () => {
  it("[VW3] are remembered in hibernation, and a snapshot of one view is never another's", async () => {
    const room = newRoom()
    const anna = await connect(room, "anna")
    await anna.ask({ type: "enter", data: { x: 1 } })
    const full = await connect(room, "full")
    const members = await connect(room, "members", { view: "members" })
    const count = await connect(room, "count", { view: "count" })
    for (let round = 0; round < 2; round++) {
      await hibernate(room)
      await anna.ask({ type: "update", data: { x: round } })
      const bert = await connect(room, "bert")
      await bert.ask({ type: "enter", data: { y: round } })
      await count.next("count", (frame) => frame.members === 2)
      expect(await full.sync()).toMatchObject([{ data: { x: round } }, { data: { y: round } }])
      expect(await members.sync()).toMatchObject([{ data: {} }, { data: {} }])
      expect([...members.picture.values()]).toEqual(await members.sync())
      expect(await count.sync()).toEqual([])
      await bert.ask({ type: "leave" })
      await count.next("count", (frame) => frame.members === 1)
    }
    expect(JSON.stringify(members.frames)).not.toMatch(/"[xy]"/)
    expect(JSON.stringify(count.frames)).not.toMatch(/anna|bert/)
  })
})
