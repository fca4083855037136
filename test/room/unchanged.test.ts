import { describe, expect, it, vi } from "vitest"
import { connect, hibernate, newRoom, type RoomClient } from "./room-client.ts"

/** How many frames that tell of the room a client has had. */
function framesOf(...lines: RoomClient[]): number {
  return lines.flatMap(({ frames }) => frames).filter(({ type }) => type === "welcome" || type === "sync" || type === "presence").length
}

/** What a welcome held may come once more, in the tick's frame; what the room saw before a message comes before it. */
async function allTold(client: RoomClient): Promise<void> {
  client.send({ type: "send", event: "mark" })
  await client.next("message")
}

async function roomOfTwo() {
  const room = newRoom()
  const anna = await connect(room, "anna")
  const bert = await connect(room, "bert")
  await bert.ask({ type: "enter", data: { x: 1 } })
  await vi.waitFor(() => expect(anna.picture.size).toBe(1))
  const { session } = anna.welcome
  const back = (have?: number) => connect(room, "anna", have === undefined ? { session } : { session, have })
  return { room, anna, bert, back }
}

describe("a resume that says what it has", () => {
  it("[GR9] is not sent the room again when it has it all, and goes on from there", async () => {
    const { anna, bert, back } = await roomOfTwo()
    anna.close(4000)
    const again = await back(framesOf(anna))
    expect(again.welcome).toMatchObject({ resumed: true, ref: anna.welcome.ref })
    expect(again.welcome).not.toHaveProperty("present")
    await bert.ask({ type: "update", data: { y: 2 } })
    expect(await again.next("presence")).toMatchObject({ update: { [bert.welcome.ref]: { y: 2 } } })
    await allTold(again)
    const third = await back(framesOf(anna, again))
    expect(third.welcome).not.toHaveProperty("present")
    expect(await third.sync()).toMatchObject([{ member: "bert", data: { x: 1, y: 2 } }])
  })

  it("[GR9] is sent it when something changed meanwhile", async () => {
    const { anna, bert, back } = await roomOfTwo()
    anna.close(4000)
    await bert.ask({ type: "update", data: { x: 2 } })
    const again = await back(framesOf(anna))
    expect(again.welcome.present).toMatchObject([{ member: "bert", data: { x: 2 } }])
    await allTold(again)
    expect((await back(framesOf(anna, again))).welcome).not.toHaveProperty("present")
  })

  it("[GR9] is sent it when a frame was lost, after a sleep, with another view, and when it says nothing", async () => {
    const { room, anna, bert, back } = await roomOfTwo()
    const present = [{ member: "bert" }]
    const have = framesOf(anna)
    expect((await back(have - 1)).welcome.present).toMatchObject(present)
    expect((await back()).welcome.present).toMatchObject(present)
    const { session } = anna.welcome
    const other = await connect(room, "anna", { session, view: "members", have: 1 })
    expect(other.welcome.present).toMatchObject(present)
    await hibernate(room)
    expect((await connect(room, "anna", { session, view: "members", have: 2 })).welcome.present).toMatchObject(present)
    bert.close()
  })

  it("[GR9] as a stranger is sent it in any case", async () => {
    const { room, back, anna } = await roomOfTwo()
    anna.close()
    // The room has heard it by then, and answered.
    await vi.waitFor(() => expect(anna.closed.code).not.toBeNull())
    expect((await back(2)).welcome).toMatchObject({ resumed: false, present: [{ member: "bert" }] })
    expect((await connect(room, "carl", { have: 1 })).welcome.present).toMatchObject([{ member: "bert" }])
  })
})
