/** Ends of connections: which leave at once, which may be resumed, and what the others see of it (nothing). */
import { describe, expect, it } from "vitest"
import { serviceForFile } from "./service.ts"
import { type Asking, connect, enter, freshRoom, silence, statsOf, type WireClient } from "./wire-client.ts"

const GRACE = 1500
const service = serviceForFile({ GRACE_MS: GRACE })

/** What an alarm, a tick and a busy machine may add. */
const SLACK = 900
/** How much sooner than promised two readings of a clock may see it. */
const EARLY = 20

type Pair = { readonly room: string; readonly anna: WireClient; readonly bert: WireClient }

async function pair(data: Record<string, unknown> = { x: 1 }): Promise<Pair> {
  const room = freshRoom()
  const bert = await enter(service, { room, member: "bert" })
  const anna = await enter(service, { room, member: "anna" }, data)
  await bert.until(() => bert.picture.entries.has(anna.ref), "anna")
  return { room, anna, bert }
}

function resume(of: WireClient, asking: Partial<Asking> = {}): Promise<WireClient> {
  return connect(service, { room: of.welcome.room, member: of.member, session: of.welcome.session, ...asking })
}

describe.concurrent("a goodbye", () => {
  it.each([1000, undefined])("[GR4] with code %s leaves at once, as left", async (code) => {
    const { room, anna, bert } = await pair()
    const at = Date.now()
    const end = await anna.close(code)
    expect([1000, 1005]).toContain(end.code)
    expect(await bert.leaveOf(anna.ref)).toBe("left")
    expect(Date.now() - at).toBeLessThan(GRACE / 2)
    const back = await resume(anna)
    expect(back.welcome).toMatchObject({ resumed: false })
    expect(back.welcome.connection).not.toBe(anna.welcome.connection)
    expect(back.welcome.present.map(({ member }) => member)).toEqual(["bert"])
    expect(await statsOf(service, room)).toMatchObject({ members: 1, observers: 1 })
  })

  it("[GR4] of an observer is told to nobody", async () => {
    const { room, anna, bert } = await pair()
    const observer = await connect(service, { room, member: "observer" })
    const heard = [anna.frames.length, bert.frames.length]
    await observer.close(1000)
    await anna.ask({ type: "pong" })
    expect([anna.frames.length - 1, bert.frames.length]).toEqual(heard)
  })
})

describe.concurrent("any other end", () => {
  it.each([1001, 1006, 1011, 3000, 4000, 4999])(
    "[GR1] by the client, as %s, keeps the entry for the grace, then it leaves as closed",
    async (code) => {
      const { room, anna, bert } = await pair()
      const heard = bert.frames.length
      const before = Date.now()
      if (code === 1006) await anna.drop()
      else expect((await anna.close(code)).code, "the room answers a Close frame").not.toBe(1006)
      const at = Date.now()
      await silence(GRACE / 2)
      expect(bert.frames.slice(heard)).toEqual([])
      const joiner = await connect(service, { room, member: "joiner" })
      expect(joiner.welcome.present.map(({ member, status }) => [member, status])).toEqual([
        ["bert", "active"],
        ["anna", "active"],
      ])
      expect((await statsOf(service, room)).members).toBe(2)
      expect(await bert.leaveOf(anna.ref)).toBe("closed")
      expect(Date.now() - before).toBeGreaterThan(GRACE - EARLY)
      expect(Date.now() - at).toBeLessThan(GRACE + SLACK)
      expect(await joiner.leaveOf(anna.ref)).toBe("closed")
      expect(await bert.sync()).toEqual(bert.picture.list())
      expect((await statsOf(service, room)).members).toBe(1)
    },
  )
})

describe.concurrent("a resume", () => {
  it.each([1001, 1006])("[GR2] after %s continues connection, ref, data and since, and nobody sees anything", async (code) => {
    const { anna, bert } = await pair({ x: 1, deep: { y: [1] } })
    const [entry] = (await bert.sync()).filter(({ ref }) => ref === anna.ref)
    const heard = bert.frames.length
    if (code === 1006) await anna.drop()
    else await anna.close(code)
    await silence(GRACE / 3)
    const back = await resume(anna)
    expect(back.welcome).toMatchObject({ resumed: true, connection: anna.welcome.connection, ref: anna.ref, member: "anna" })
    expect(back.welcome.present.find(({ ref }) => ref === anna.ref)).toEqual(entry)
    await silence(GRACE + SLACK)
    expect(bert.frames.slice(heard)).toEqual([])
    await back.ask({ type: "update", data: { x: 2 } })
    await bert.until(() => bert.picture.entries.get(anna.ref)?.data["x"] === 2, "an update under the old ref")
    expect(bert.picture.entries.get(anna.ref)).toEqual({ ...entry, data: { x: 2, deep: { y: [1] } } })
    expect(await back.sync()).toEqual(await bert.sync())
  })

  it("[GR2] may be repeated, and unseen each time", async () => {
    const { anna, bert } = await pair()
    const heard = bert.frames.length
    let client = anna
    for (let i = 0; i < 6; i++) {
      if (i % 2 === 0) await client.drop()
      else await client.close(1001)
      client = await resume(client)
      expect(client.welcome).toMatchObject({ resumed: true, connection: anna.welcome.connection, ref: anna.ref })
    }
    await silence(GRACE + SLACK)
    expect(bert.frames.slice(heard)).toEqual([])
    expect(client.isOpen).toBe(true)
  })

  it("[GR2] keeps the very last update, however soon the line broke", async () => {
    const { anna, bert } = await pair()
    for (let x = 0; x <= 40; x++) anna.send({ type: "update", data: { x, [`k${x % 5}`]: x } })
    await bert.until(() => bert.picture.entries.get(anna.ref)?.data["x"] === 40, "the last update")
    await anna.drop()
    const back = await resume(anna)
    expect(back.welcome.resumed).toBe(true)
    expect(back.picture.list()).toEqual(bert.picture.list())
    expect(await bert.sync()).toEqual(bert.picture.list())
  })

  it("[GR2] continues an observer as an observer", async () => {
    const { room, bert } = await pair()
    const observer = await connect(service, { room, member: "observer" })
    await observer.drop()
    const back = await resume(observer)
    expect(back.welcome).toMatchObject({ resumed: true, connection: observer.welcome.connection, ref: observer.ref })
    expect(back.welcome.present).toHaveLength(2)
    await back.enter({ now: "present" })
    await bert.until(() => bert.picture.entries.has(observer.ref), "the observer")
  })

  it("[GR5] too late is a fresh connection", async () => {
    const { anna, bert } = await pair()
    await anna.drop()
    await bert.leaveOf(anna.ref)
    const late = await resume(anna)
    expect(late.welcome.resumed).toBe(false)
    expect(late.welcome.connection).not.toBe(anna.welcome.connection)
    expect(late.welcome.session).not.toBe(anna.welcome.session)
    expect(late.ref).not.toBe(anna.ref)
    expect(late.welcome.present.map(({ member }) => member)).toEqual(["bert"])
  })

  it("[GR5] of another member's session is a fresh connection, and does the owner no harm", async () => {
    const { room, anna, bert } = await pair()
    const heard = bert.frames.length
    const thief = await connect(service, { room, member: "thief", session: anna.welcome.session })
    expect(thief.welcome).toMatchObject({ resumed: false, member: "thief" })
    expect(anna.isOpen).toBe(true)
    await anna.drop()
    const again = await connect(service, { room, member: "thief", session: anna.welcome.session })
    expect(again.welcome.resumed).toBe(false)
    expect(again.welcome.connection).not.toBe(anna.welcome.connection)
    const byName = await connect(service, { room, member: "anna", session: anna.welcome.connection })
    expect(byName.welcome.resumed, "a connection's name is public, and no session").toBe(false)
    const back = await resume(anna)
    expect(back.welcome).toMatchObject({ resumed: true, ref: anna.ref })
    expect(bert.frames.slice(heard)).toEqual([])
  })

  it("[GR5] of another room's session is a fresh connection", async () => {
    const { anna } = await pair()
    await anna.drop()
    const elsewhere = await resume(anna, { room: freshRoom() })
    expect(elsewhere.welcome).toMatchObject({ resumed: false, present: [] })
    expect((await resume(anna)).welcome.resumed).toBe(true)
  })

  it("[GR6] of a session that is still connected closes the old socket with 4409, unseen by the room", async () => {
    const { anna, bert } = await pair()
    const heard = bert.frames.length
    const next = await resume(anna)
    expect(next.welcome).toMatchObject({ resumed: true, connection: anna.welcome.connection, ref: anna.ref })
    expect(await anna.ended()).toMatchObject({ code: 4409 })
    await silence(GRACE + SLACK)
    expect(bert.frames.slice(heard)).toEqual([])
    expect(next.isOpen).toBe(true)
    await next.ask({ type: "update", data: { by: "the new one" } })
    await bert.until(() => bert.picture.entries.get(anna.ref)?.data["by"] === "the new one", "an update")
    expect(await bert.sync()).toHaveLength(2)
  })

  it("[GR6] is not undone by the goodbye with which the old client obeys its bye", async () => {
    const { anna, bert } = await pair()
    const heard = bert.frames.length
    anna.socket.on("message", (raw) => {
      if (raw.toString().startsWith('{"type":"bye"')) anna.socket.close(1000)
    })
    const next = await resume(anna)
    expect(await anna.next("bye")).toMatchObject({ code: 4409 })
    await anna.closed()
    await silence(GRACE + SLACK)
    expect(bert.frames.slice(heard)).toEqual([])
    expect((await next.sync()).map(({ ref }) => ref)).toContain(anna.ref)
  })

  it("[GR6] by two at once leaves exactly one of them connected", async () => {
    const { anna, bert } = await pair()
    const heard = bert.frames.length
    await anna.drop()
    const both = await Promise.all([resume(anna), resume(anna)])
    expect(both.map(({ welcome }) => welcome.resumed)).toEqual([true, true])
    expect(both.map(({ ref }) => ref)).toEqual([anna.ref, anna.ref])
    const loser = await Promise.race(both.map(async (client) => ((await client.ended()).code === 4409 ? client : undefined)))
    const winner = both.find((client) => client !== loser)
    await winner?.ask({ type: "pong" })
    await silence(GRACE + SLACK)
    expect(winner?.isOpen).toBe(true)
    expect(bert.frames.slice(heard)).toEqual([])
  })

  it("[GR6] an old socket that speaks after it was superseded changes nothing", async () => {
    const { anna, bert } = await pair()
    const next = await resume(anna)
    anna.send({ type: "update", data: { from: "the old one" } })
    anna.send({ type: "leave" })
    anna.socket.terminate()
    await next.ask({ type: "update", data: { from: "the new one" } })
    await bert.until(() => bert.picture.entries.get(anna.ref)?.data["from"] === "the new one", "the update")
    expect(bert.all("presence").flatMap(({ leave = [] }) => leave)).toEqual([])
  })

  it("[EN6] after a resume, leave and goodbye are as ever", async () => {
    const { anna, bert } = await pair()
    await anna.drop()
    const back = await resume(anna)
    await back.ask({ type: "leave" })
    expect(await bert.leaveOf(anna.ref)).toBe("left")
    await back.enter({ again: 1 })
    await bert.until(() => bert.picture.entries.has(anna.ref), "anna again")
    await back.close(1000)
    await bert.until(() => !bert.picture.entries.has(anna.ref), "anna's end")
    expect(await bert.sync()).toHaveLength(1)
  })
})
