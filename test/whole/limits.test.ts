/** Sizes and rates: what is too large or too fast is refused, ends its sender at most, and harms nobody else. */
import { describe, expect, it } from "vitest"
import { serviceForFile } from "./service.ts"
import { connect, enter, freshRoom, silence, type WireClient } from "./wire-client.ts"

const FRAME = 2048
const DATA = 512
const RATE = 20
const service = serviceForFile({ MAX_FRAME_BYTES: FRAME, MAX_DATA_BYTES: DATA, MAX_FRAMES_PER_SECOND: RATE })

async function pair(): Promise<{ room: string; anna: WireClient; bert: WireClient }> {
  const room = freshRoom()
  const anna = await enter(service, { room, member: "anna" }, { x: 1 })
  const bert = await enter(service, { room, member: "bert" })
  return { room, anna, bert }
}

/** A frame of exactly so many bytes: padded in a field that nobody knows. */
function padded(bytes: number, filler = "x"): string {
  const bare = Buffer.byteLength(JSON.stringify({ type: "sync", pad: "" }))
  const size = Buffer.byteLength(filler)
  const fill = filler.repeat(Math.floor((bytes - bare) / size)) + "x".repeat((bytes - bare) % size)
  return JSON.stringify({ type: "sync", pad: fill })
}

describe.concurrent("frames", () => {
  it("[FR6] of MAX_FRAME_BYTES pass, counted in bytes of UTF-8", async () => {
    const { anna } = await pair()
    for (const text of [padded(FRAME), padded(FRAME, "ü"), padded(FRAME, "🦉")]) {
      expect(Buffer.byteLength(text)).toBe(FRAME)
      anna.sendText(text)
      await anna.next("sync")
    }
    expect(anna.all("error")).toEqual([])
  })

  it.each([
    ["one byte more", padded(FRAME + 1)],
    ["more bytes than characters", padded(FRAME + 1, "ü")],
    ["as text that is no JSON", "{".repeat(FRAME + 1)],
    ["a megabyte", padded(1_000_000)],
  ])("[FR6] that are larger close with 4413, and their sender leaves as closed: %s", async (_, text) => {
    const { anna, bert } = await pair()
    anna.sendText(text)
    expect(await anna.ended()).toMatchObject({ code: 4413 })
    expect(anna.all("error").map(({ code }) => code)).toEqual(anna.all("error").map(() => "too_large"))
    expect(await bert.leaveOf(anna.ref)).toBe("closed")
    expect(await bert.sync()).toHaveLength(1)
  })

  it("[IS2] that are larger than the platform takes end their sender alone", async () => {
    const { anna, bert } = await pair()
    anna.sendText("x".repeat(34 * 1024 * 1024))
    await anna.closed(15_000)
    await bert.ask({ type: "update", data: { still: 1 } })
    await bert.until(() => bert.picture.entries.get(bert.ref)?.data["still"] === 1, "its own update")
  })
})

describe.concurrent("data", () => {
  it("[EN4] past MAX_DATA_BYTES is too_large, for enter and for what updates add up to, and changes nothing", async () => {
    const { anna, bert } = await pair()
    expect(await anna.refused({ type: "enter", data: { big: "x".repeat(DATA) } })).toBe("too_large")
    expect(await anna.refused({ type: "update", data: { big: "ü".repeat(DATA / 2) } })).toBe("too_large")
    await anna.ask({ type: "update", data: { a: "x".repeat(200) } })
    await anna.ask({ type: "update", data: { b: "x".repeat(200) } })
    expect(await anna.refused({ type: "update", data: { c: "x".repeat(200) } })).toBe("too_large")
    const data = { x: 1, a: "x".repeat(200), b: "x".repeat(200) }
    expect((await bert.sync())[0]?.data).toEqual(data)
    await anna.ask({ type: "update", data: { b: null, c: "x".repeat(200) } })
    expect(Object.keys((await bert.sync())[0]?.data ?? {})).toEqual(["x", "a", "c"])
    expect(anna.isOpen).toBe(true)
  })

  it("[EN4] of exactly MAX_DATA_BYTES is taken", async () => {
    const { anna } = await pair()
    const data = (bytes: number) => ({ d: "x".repeat(bytes - JSON.stringify({ d: "" }).length) })
    await anna.ask({ type: "enter", data: data(DATA) })
    expect(await anna.refused({ type: "enter", data: data(DATA + 1) })).toBe("too_large")
    expect((await anna.sync())[0]?.data).toEqual(data(DATA))
  })

  it("[EN4] holds as text what a patch may write in fewer characters", async () => {
    const { anna } = await pair()
    const short = `{"type":"update","id":77,"data":{"n":[${Array.from({ length: 60 }, () => "1e20").join(",")}]}}`
    anna.sendText(short)
    await anna.until(() => anna.frames.some((frame) => (frame.type === "error" || frame.type === "ack") && frame.id === 77), "an answer")
    const [entry] = (await anna.sync()).filter(({ ref }) => ref === anna.ref)
    expect(Buffer.byteLength(JSON.stringify(entry?.data))).toBeLessThanOrEqual(DATA)
  })
})

describe.concurrent("rate", () => {
  /** Sends at once so many updates, awaits that each was answered, and gives how many were refused as too fast. */
  async function burst(client: WireClient, frames: number): Promise<number> {
    const answers = await Promise.all(Array.from({ length: frames }, (_, n) => client.request({ type: "update", data: { n } })))
    const refusals = answers.flatMap((answer) => (answer.type === "error" ? [answer.code] : []))
    expect(refusals).toEqual(refusals.map(() => "too_fast"))
    return refusals.length
  }

  it("[FR7] a burst of twice the rate passes, more is too_fast, and the bucket fills again", async () => {
    const room = freshRoom()
    const bert = await connect(service, { room, member: "bert" })
    const anna = await connect(service, { room, member: "anna" })
    await anna.enter()
    await silence(200)
    const from = Date.now()
    const taken = 2 * RATE + 15 - (await burst(anna, 2 * RATE + 15))
    expect(taken).toBeGreaterThanOrEqual(2 * RATE)
    expect(taken).toBeLessThanOrEqual(2 * RATE + 1 + ((Date.now() - from) * RATE) / 1000)
    await silence(1100)
    expect(await burst(anna, RATE)).toBe(0)
    expect(anna.isOpen).toBe(true)
    await bert.until(() => bert.picture.entries.get(anna.ref)?.data["n"] === RATE - 1, "the last update")
    expect(await bert.sync()).toEqual(bert.picture.list())
  })

  it("[FR7] the rate itself can be kept up", async () => {
    const anna = await enter(service, { room: freshRoom() })
    for (let n = 0; n < 3 * RATE; n++) {
      await anna.ask({ type: "update", data: { n } })
      await silence(1000 / RATE - 5)
    }
    expect(anna.all("error")).toEqual([])
  })

  it("[FR8] a flood is closed with 4429, leaves as closed, and delays nobody", async () => {
    const { anna, bert } = await pair()
    for (let n = 0; n < 10 * RATE; n++) anna.send({ type: "update", data: { n } })
    expect(await anna.ended()).toMatchObject({ code: 4429 })
    expect(anna.all("error").length).toBeGreaterThan(0)
    expect(anna.all("error").map(({ code }) => code)).toEqual(anna.all("error").map(() => "too_fast"))
    expect(await bert.leaveOf(anna.ref)).toBe("closed")
    expect(await bert.sync()).toEqual(bert.picture.list())
    expect(bert.all("error")).toEqual([])
  })

  it("[FR1] pings are not frames of it", async () => {
    const anna = await enter(service, { room: freshRoom() })
    for (let n = 0; n < 10 * RATE; n++) anna.sendText("ping")
    await anna.pongs(10 * RATE)
    await anna.ask({ type: "update", data: { x: 1 } })
  })
})
