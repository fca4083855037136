/** Messages: to all, to some, in order, never merged, never stored. */
import { describe, expect, it } from "vitest"
import { serviceForFile } from "./service.ts"
import { connect, enter, freshRoom, silence, type WireClient } from "./wire-client.ts"

const service = serviceForFile()

/** Everything that was sent before has arrived once this has. */
async function barrier(from: WireClient, to: readonly WireClient[]): Promise<void> {
  const event = `barrier-${from.ref}-${from.texts.length}`
  await from.ask({ type: "send", event, data: null })
  await Promise.all(to.map((client) => client.next("message", (frame) => frame.event === event)))
}

function heardBy(client: WireClient): unknown[] {
  return client.all("message").flatMap(({ event, data }) => (event.startsWith("barrier") ? [] : [data]))
}

describe.concurrent("messages", () => {
  it("[MS1] reach every connection, the sender's own and observers included", async () => {
    const room = freshRoom()
    const anna = await enter(service, { room, member: "anna" })
    const tab = await connect(service, { room, member: "anna" })
    const bert = await connect(service, { room, member: "bert" })
    await anna.ask({ type: "send", event: "chat", data: { text: "hello", at: [1, null] } })
    const expected = { type: "message", from: anna.ref, member: "anna", event: "chat", data: { text: "hello", at: [1, null] } }
    for (const client of [anna, tab, bert]) expect(await client.next("message")).toEqual(expected)
  })

  it("[MS4] may come from an observer", async () => {
    const room = freshRoom()
    const anna = await connect(service, { room, member: "anna" })
    const bert = await enter(service, { room, member: "bert" })
    await anna.ask({ type: "send", event: "hello", data: 1 })
    expect(await bert.next("message")).toEqual({ type: "message", from: anna.ref, member: "anna", event: "hello", data: 1 })
    expect(bert.presenceOf(anna.ref)).toEqual([])
  })

  it("[MS2] to some reach all connections of those members, once each, and nobody else", async () => {
    const room = freshRoom()
    const [anna, bert, bert2, chloe] = await Promise.all([
      enter(service, { room, member: "anna" }),
      enter(service, { room, member: "bert" }),
      connect(service, { room, member: "bert" }),
      enter(service, { room, member: "chloe" }),
    ])
    await anna.ask({ type: "send", event: "e", data: "to bert", to: ["bert"] })
    await anna.ask({ type: "send", event: "e", data: "to bert and me", to: ["bert", "anna", "bert", "nobody"] })
    await anna.ask({ type: "send", event: "e", data: "to nobody", to: [] })
    await anna.ask({ type: "send", event: "e", data: "to a stranger", to: ["__proto__", "constructor", "nobody"] })
    await barrier(anna, [anna, bert, bert2, chloe])
    expect(heardBy(bert)).toEqual(["to bert", "to bert and me"])
    expect(heardBy(bert2)).toEqual(["to bert", "to bert and me"])
    expect(heardBy(anna)).toEqual(["to bert and me"])
    expect(heardBy(chloe)).toEqual([])
  })

  it("[MS2] to as many as a frame holds, under an event of any length", async () => {
    const room = freshRoom()
    const anna = await connect(service, { room, member: "anna" })
    const bert = await connect(service, { room, member: "bert" })
    const to = [...Array.from({ length: 1000 }, (_, i) => `nobody-${i}`), "bert"]
    await anna.ask({ type: "send", event: "e".repeat(1000), data: 1, to })
    expect(await bert.next("message")).toMatchObject({ event: "e".repeat(1000), data: 1 })
    expect(anna.all("message")).toEqual([])
  })

  it("[MS1] carry any JSON", async () => {
    const room = freshRoom()
    const anna = await connect(service, { room, member: "anna" })
    const values = [null, 0, -1.5, 1e300, "", "ü🦉\u2028", true, [], {}, { a: null, b: [[]] }, [null], { type: "presence", to: ["x"] }]
    for (const data of values) await anna.ask({ type: "send", event: "e", data })
    await anna.until(() => anna.all("message").length === values.length, "all messages")
    expect(heardBy(anna)).toEqual(values)
  })

  it("[MS3] are never merged or lost, and come in order to everyone", async () => {
    const room = freshRoom()
    const clients = await Promise.all(["anna", "bert", "chloe"].map((member) => enter(service, { room, member })))
    const numbers = Array.from({ length: 50 }, (_, i) => i)
    for (const n of numbers) for (const client of clients) client.send({ type: "send", event: "n", data: [client.member, n] })
    for (const client of clients) {
      await client.until(() => client.all("message").length >= 150, "all messages")
      for (const { member } of clients) {
        expect(heardBy(client).filter((data) => Array.isArray(data) && data[0] === member)).toEqual(numbers.map((n) => [member, n]))
      }
      expect(heardBy(client)).toEqual(clients[0] === undefined ? [] : heardBy(clients[0]))
    }
  })

  it("[MS5] keep their place among the changes of presence", async () => {
    const room = freshRoom()
    const anna = await enter(service, { room, member: "anna" }, { step: 0 })
    const bert = await connect(service, { room, member: "bert" })
    for (let step = 1; step <= 25; step++) {
      anna.send({ type: "update", data: { step } })
      anna.send({ type: "send", event: "step", data: step })
    }
    const steps: unknown[] = []
    await bert.until(() => bert.all("message").length === 25, "all messages")
    for (const frame of bert.frames) {
      if (frame.type === "presence") steps.push(frame.update?.[String(anna.ref)]?.["step"])
      if (frame.type === "message") expect([steps.at(-1), frame.data]).toEqual([frame.data, frame.data])
    }
  })

  it("[MS5] come after the enter and before the leave of who sent them", async () => {
    const room = freshRoom()
    const bert = await connect(service, { room, member: "bert" })
    const anna = await connect(service, { room, member: "anna" })
    anna.send({ type: "enter", data: {} })
    anna.send({ type: "send", event: "hello", data: 1 })
    anna.send({ type: "leave" })
    anna.send({ type: "send", event: "bye", data: 2 })
    await bert.until(() => bert.all("message").length === 2, "both messages")
    const heard = bert.frames.flatMap((frame) => {
      if (frame.type === "message") return [frame.event]
      if (frame.type === "presence") return [...(frame.leave ?? []).map(() => "leave"), ...(frame.enter ?? []).map(() => "enter")]
      return []
    })
    expect(heard).toEqual(["enter", "hello", "leave", "bye"])
  })

  it("[MS7] are not stored", async () => {
    const room = freshRoom()
    const anna = await enter(service, { room, member: "anna" })
    await anna.ask({ type: "send", event: "early", data: 1 })
    await anna.next("message")
    const late = await connect(service, { room, member: "late" })
    await anna.ask({ type: "send", event: "then", data: 2 })
    expect(await late.next("message")).toMatchObject({ event: "then" })
    expect(heardBy(late)).toEqual([2])
  })

  it("[CN10] do not reach who may not subscribe, even when they are named or sent them", async () => {
    const room = freshRoom()
    const anna = await connect(service, { room, member: "anna" })
    const deaf = await connect(service, { room, member: "deaf", claims: { rooms: { "*": ["message", "presence"] } } })
    await anna.ask({ type: "send", event: "e", data: 1, to: ["deaf"] })
    await deaf.ask({ type: "send", event: "e", data: 2 })
    await deaf.ask({ type: "send", event: "e", data: 3, to: ["deaf"] })
    await barrier(anna, [anna])
    await silence(100)
    expect(deaf.all("message")).toEqual([])
    expect(heardBy(anna)).toEqual([2])
  })

  it("[MS4] are forbidden without the capability message", async () => {
    const room = freshRoom()
    const anna = await connect(service, { room, member: "anna" })
    const mute = await enter(service, { room, member: "mute", claims: { rooms: { "*": ["subscribe", "presence"] } } })
    expect(await mute.refused({ type: "send", event: "e", data: 1 })).toBe("forbidden")
    await barrier(anna, [anna, mute])
    expect(heardBy(anna)).toEqual([])
  })

  it("[FR2] need an event that is text, and recipients that are a list of texts", async () => {
    const anna = await connect(service, { room: freshRoom() })
    for (const fault of [{ event: 1 }, { event: null }, {}, { event: "e", to: "bert" }, { event: "e", to: [1] }, { event: "e", to: {} }]) {
      expect(await anna.refused({ type: "send", data: 1, ...fault })).toBe("bad_frame")
    }
    await barrier(anna, [anna])
    expect(heardBy(anna)).toEqual([])
  })
})
