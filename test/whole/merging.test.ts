/** What one tick makes of many changes, and the pace at which a room speaks. Ticks here are long enough to look into. */
import { describe, expect, it } from "vitest"
import { serviceForFile } from "./service.ts"
import { connect, enter, freshRoom, type WireClient } from "./wire-client.ts"

const TICK = 400
const service = serviceForFile({ TICK_MS: TICK })

/** Timers are not exact, and a frame may be late on its way: by less than this. */
const SLACK = 60

/** Two clients, after a pause in which nothing waits. */
async function pair(): Promise<{ room: string; anna: WireClient; bert: WireClient }> {
  const room = freshRoom()
  const anna = await enter(service, { room, member: "anna" }, {})
  const bert = await enter(service, { room, member: "bert" }, {})
  await anna.until(() => anna.picture.entries.size === 2, "both entries")
  await pause(anna)
  return { room, anna, bert }
}

/** Until a whole tick has passed since the last presence frame. */
async function pause(client: WireClient): Promise<void> {
  const last = client.times[client.frames.findLastIndex(({ type }) => type === "presence")] ?? 0
  await new Promise((resolve) => setTimeout(resolve, Math.max(0, last + TICK + SLACK - Date.now())))
}

/** A change that is told at once, so that what follows within a tick waits; all of them have heard it. */
async function openTick(client: WireClient, ...others: WireClient[]): Promise<void> {
  const opened = Date.now()
  await client.ask({ type: "update", data: { opened } })
  for (const each of [client, ...others]) {
    await each.until(() => each.picture.entries.get(client.ref)?.data["opened"] === opened, "the first change")
  }
}

describe.concurrent("merging", () => {
  it("[UP5] updates within one tick arrive as one patch with the effect of all", async () => {
    const { anna, bert } = await pair()
    await anna.ask({ type: "update", data: { a: 1, gone: 1, list: [1] } })
    await bert.until(() => bert.picture.entries.get(anna.ref)?.data["a"] === 1, "the first data")
    await pause(bert)
    await openTick(anna, bert)
    const heard = bert.all("presence").length
    anna.send({ type: "update", data: { a: 2, b: { c: 1 } } })
    anna.send({ type: "update", data: { gone: null, b: { d: 2 } } })
    anna.send({ type: "update", data: { gone: 2, late: true } })
    anna.send({ type: "update", data: { gone: null, late: null, a: 3 } })
    anna.send({ type: "update", data: { list: [2, null], e: { f: null } } })
    await bert.until(() => bert.all("presence").length > heard, "the merged patch")
    const [frame, ...more] = bert.all("presence").slice(heard)
    expect(more).toEqual([])
    const patch = { a: 3, b: { d: 2 }, gone: null, list: [2, null], e: { f: null } }
    expect(frame?.update?.[String(anna.ref)]).toMatchObject(patch)
    const { opened, ...data } = bert.picture.entries.get(anna.ref)?.data ?? {}
    expect(opened).toEqual(expect.any(Number))
    expect(data).toEqual({ a: 3, b: { d: 2 }, list: [2, null], e: { f: null } })
    expect(await bert.sync()).toEqual(anna.picture.list())
  })

  it("[UP5] updates of several connections share one frame", async () => {
    const { anna, bert } = await pair()
    await openTick(anna, bert)
    const heard = bert.all("presence").length
    anna.send({ type: "update", data: { x: 1 } })
    bert.send({ type: "update", data: { y: 2 } })
    anna.send({ type: "update", data: { x: 3 } })
    await bert.until(() => bert.picture.entries.get(anna.ref)?.data["x"] === 3, "the patches")
    expect(bert.all("presence").slice(heard)).toEqual([{ type: "presence", update: { [anna.ref]: { x: 3 }, [bert.ref]: { y: 2 } } }])
  })

  it("[OB3] an enter and a leave within one tick do not cancel out", async () => {
    const { room, anna, bert } = await pair()
    const chloe = await connect(service, { room, member: "chloe" })
    await openTick(anna, bert)
    await chloe.ask({ type: "enter", data: { short: true } })
    const joiner = await connect(service, { room, member: "joiner" })
    await chloe.ask({ type: "leave" })
    for (const client of [anna, bert, chloe, joiner]) expect(await client.leaveOf(chloe.ref)).toBe("left")
    for (const client of [anna, bert, chloe, joiner]) {
      expect(client.picture.entries.has(chloe.ref)).toBe(false)
      expect(client.picture.list()).toEqual(await client.sync())
    }
  })

  it("[OB1] a leave and an enter within one tick end present, an enter and a leave end absent", async () => {
    const { anna, bert } = await pair()
    await openTick(anna, bert)
    bert.send({ type: "leave" })
    await bert.ask({ type: "enter", data: { back: 1 } })
    await anna.until(() => anna.picture.entries.get(bert.ref)?.data["back"] === 1, "bert again")
    expect(await anna.sync()).toEqual(anna.picture.list())
    await pause(anna)
    await openTick(anna, bert)
    bert.send({ type: "leave" })
    bert.send({ type: "enter", data: { back: 2 } })
    bert.send({ type: "update", data: { back: 3 } })
    await bert.ask({ type: "leave" })
    await anna.until(() => !anna.picture.entries.has(bert.ref), "bert gone")
    await pause(anna)
    expect(anna.picture.list().map(({ member }) => member)).toEqual(["anna"])
    expect(await anna.sync()).toEqual(anna.picture.list())
    expect(bert.picture.list()).toEqual(anna.picture.list())
  })

  it("[OB1] an enter and updates within one tick show the newest data, whoever looks", async () => {
    const { room, anna } = await pair()
    const chloe = await connect(service, { room, member: "chloe" })
    await openTick(anna)
    chloe.send({ type: "enter", data: { a: 1, b: 1 } })
    chloe.send({ type: "update", data: { b: null, c: 1 } })
    chloe.send({ type: "enter", data: { d: 1 } })
    await chloe.ask({ type: "update", data: { e: 1 } })
    const joiner = await connect(service, { room, member: "joiner" })
    await anna.until(() => anna.picture.entries.get(chloe.ref)?.data["e"] === 1, "chloe's data")
    await joiner.ask({ type: "send", event: "after", data: 0 })
    await joiner.next("message")
    for (const client of [anna, joiner]) expect(client.picture.entries.get(chloe.ref)?.data).toEqual({ d: 1, e: 1 })
    expect(joiner.picture.list()).toEqual(await anna.sync())
  })

  it("[OB4] who joins within a tick ends with everybody's picture", async () => {
    const { room, anna, bert } = await pair()
    await openTick(anna, bert)
    anna.send({ type: "update", data: { x: 1 } })
    await bert.ask({ type: "leave" })
    const joiner = await connect(service, { room, member: "joiner" })
    await anna.ask({ type: "update", data: { x: 2 } })
    await bert.ask({ type: "enter", data: { y: 1 } })
    await joiner.until(() => joiner.picture.entries.get(bert.ref)?.data["y"] === 1, "bert again")
    await pause(joiner)
    expect(joiner.picture.list()).toEqual(await anna.sync())
    expect(anna.picture.list()).toEqual(joiner.picture.list())
  })

  it("[OB4] what waits when somebody syncs is not lost for them", async () => {
    const { anna, bert } = await pair()
    await openTick(anna, bert)
    await anna.ask({ type: "update", data: { x: 1 } })
    const early = await bert.sync()
    expect(early.find(({ ref }) => ref === anna.ref)?.data["x"]).toBe(1)
    await anna.ask({ type: "update", data: { x: null, z: 1 } })
    await bert.until(() => bert.picture.entries.get(anna.ref)?.data["z"] === 1, "the patch")
    expect(await bert.sync()).toEqual(bert.picture.list())
  })
})

describe.concurrent("pace", () => {
  it("[PC1] the first change after a pause goes out at once", async () => {
    const { anna, bert } = await pair()
    const heard = bert.all("presence").length
    const at = Date.now()
    anna.send({ type: "update", data: { x: 1 } })
    await bert.until(() => bert.all("presence").length > heard, "the change")
    expect(Date.now() - at).toBeLessThan(0.8 * TICK)
  })

  it("[PC2] presence frames are a tick apart while changes keep coming", async () => {
    const { anna, bert } = await pair()
    const heard = bert.all("presence").length
    const from = Date.now()
    for (let x = 0; Date.now() < from + 6 * TICK; x++) {
      await anna.ask({ type: "update", data: { x } })
      await new Promise((resolve) => setTimeout(resolve, 20))
    }
    const frames = bert.all("presence").length - heard
    const ticks = (Date.now() - from) / TICK
    expect(frames).toBeLessThanOrEqual(ticks + 1)
    expect(frames).toBeGreaterThanOrEqual(ticks / 2)
  })

  it("[MS6] a message waits for the pending presence, one tick at most, and comes behind it", async () => {
    const { anna, bert } = await pair()
    await openTick(anna, bert)
    const heard = bert.frames.length
    const at = Date.now()
    anna.send({ type: "update", data: { before: 1 } })
    anna.send({ type: "send", event: "m", data: 1 })
    anna.send({ type: "update", data: { after: 1 } })
    await bert.next("message")
    expect(Date.now() - at).toBeLessThan(2 * TICK - SLACK)
    const [opened = 0, before = 0] = bert.times.filter((_, i) => bert.frames[i]?.type === "presence").slice(-2)
    expect(before - opened, "a message does not hurry the presence before it").toBeGreaterThan(TICK / 2)
    await bert.until(() => bert.picture.entries.get(anna.ref)?.data["after"] === 1, "the update after it")
    const later = bert.frames.slice(heard)
    const patches = later.map((frame) => (frame.type === "presence" ? Object.keys(frame.update?.[String(anna.ref)] ?? {}) : [frame.type]))
    expect(patches).toEqual([["before"], ["message"], ["after"]])
  })

  it("[OB1] many joins within a tick are few frames", async () => {
    const { room, anna } = await pair()
    const heard = anna.all("presence").length
    const from = Date.now()
    const joiners = await Promise.all(Array.from({ length: 30 }, (_, i) => connect(service, { room, member: `joiner-${i}` })))
    for (const joiner of joiners) joiner.send({ type: "enter", data: { i: joiner.ref } })
    await anna.until(() => anna.picture.entries.size === 32, "all of them")
    const ticks = Math.ceil((Date.now() - from) / TICK)
    expect(anna.all("presence").length - heard).toBeLessThanOrEqual(ticks + 1)
    for (const joiner of joiners) await joiner.until(() => joiner.picture.entries.size === 32, "all of them")
    expect(await anna.sync()).toEqual(joiners[7]?.picture.list())
  })
})
