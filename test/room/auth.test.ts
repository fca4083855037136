import { describe, expect, it, vi } from "vitest"
import { connect, newRoom, tokenFor } from "./room-client.ts"

describe("auth", () => {
  it("[AU9] what comes right behind a fresh token is answered after it, and with what it grants", async () => {
    const room = newRoom()
    const anna = await connect(room, "anna", { claims: { rooms: { "*": ["subscribe"] } } })
    const token = await tokenFor("anna", { info: { name: "Anna B." } })
    for (let round = 0; round < 5; round++) {
      anna.send({ type: "auth", id: 100 + round, token })
      anna.send({ type: "enter", id: 200 + round, data: { round } })
      anna.send({ type: "auth", id: 300 + round, token })
      anna.send({ type: "update", id: 400 + round, data: { round: -round } })
    }
    await vi.waitFor(() => expect(anna.frames.filter(({ type }) => type === "ack")).toHaveLength(20))
    const answered = anna.frames.flatMap((frame) => (frame.type === "ack" ? [frame.id] : []))
    expect(answered).toEqual([0, 1, 2, 3, 4].flatMap((round) => [100 + round, 200 + round, 300 + round, 400 + round]))
    expect(await anna.sync()).toMatchObject([{ info: { name: "Anna B." }, data: { round: -4 } }])
  })

  it("[AU8] a token that is refused changes nothing, and the frames behind it are answered as before", async () => {
    const room = newRoom()
    const anna = await connect(room, "anna")
    anna.send({ type: "auth", id: 901, token: await tokenFor("bert") })
    anna.send({ type: "auth", id: 902, token: "no.token.at-all" })
    anna.send({ type: "auth", id: 903, token: await tokenFor("anna", { rooms: { other: ["subscribe"] } }) })
    expect(await anna.ask({ type: "enter", data: {} })).toMatchObject({ type: "ack" })
    const refused = anna.frames.flatMap((frame) => (frame.type === "error" ? [[frame.id, frame.code]] : []))
    expect(refused).toEqual([
      [901, "bad_token"],
      [902, "bad_token"],
      [903, "forbidden"],
    ])
    expect(await anna.sync()).toHaveLength(1)
  })

  it("[AU9] who newly may subscribe is told the whole room first", async () => {
    const room = newRoom()
    const bert = await connect(room, "bert")
    await bert.ask({ type: "enter", data: { here: true } })
    const anna = await connect(room, "anna", { claims: { rooms: { "*": ["presence"] } } })
    expect(anna.welcome.present).toEqual([])
    await anna.ask({ type: "auth", token: await tokenFor("anna") })
    expect(anna.frames.map(({ type }) => type)).toEqual(["welcome", "sync", "ack"])
    expect([...anna.picture.values()]).toMatchObject([{ member: "bert", data: { here: true } }])
  })

  it("[FR7] a flood behind a token that is still looked at ends the connection", async () => {
    const room = newRoom()
    const anna = await connect(room, "anna")
    anna.send({ type: "auth", token: await tokenFor("anna") })
    for (let i = 0; i < 400; i++) anna.send({ type: "sync" })
    // The Close frame may take until the room falls asleep.
    expect(await anna.next("bye")).toMatchObject({ code: 4429 })
  })
})
