/** A token's life on a connection: its end, its notice, a fresh one, and what a fresh one changes. */
import { describe, expect, it } from "vitest"
import { refusedUpgrade } from "./refusals.ts"
import { serviceForFile } from "./service.ts"
import { type Asking, connect, EVERYTHING, enter, freshRoom, silence, tokenFor } from "./wire-client.ts"

const service = serviceForFile()

/** `exp` is in whole seconds: the token lasts between `seconds - 1` and `seconds`. */
function lasting(seconds: number): { readonly exp: number; readonly at: number } {
  const exp = Math.floor(Date.now() / 1000) + seconds
  return { exp, at: exp * 1000 }
}

const SLACK = 1000

describe.concurrent("the end of a token", () => {
  it("[AU7] closes with 4401, and the entry leaves as expired", async () => {
    const room = freshRoom()
    const bert = await enter(service, { room, member: "bert" })
    const { exp, at } = lasting(3)
    const anna = await enter(service, { room, member: "anna", claims: { exp } })
    expect(await anna.ended()).toMatchObject({ code: 4401 })
    const told = anna.times[anna.frames.findIndex(({ type }) => type === "bye")] ?? 0
    expect(told - at).toBeGreaterThan(-100)
    expect(told - at).toBeLessThan(SLACK)
    expect(await bert.leaveOf(anna.ref)).toBe("expired")
    expect(bert.isOpen).toBe(true)
    const back = await connect(service, { room, member: "anna", session: anna.welcome.session })
    expect(back.welcome.resumed).toBe(false)
    expect(back.welcome.present.map(({ member }) => member)).toEqual(["bert"])
  })

  it("[AU7] closes an observer and a silent one alike", async () => {
    const { exp, at } = lasting(3)
    const deaf = await connect(service, { room: freshRoom(), claims: { exp, rooms: { "*": ["message"] } } })
    expect(await deaf.ended()).toMatchObject({ code: 4401 })
    expect(Date.now() - at).toBeLessThan(SLACK + 500)
  })

  it("[AU6] is announced at once when less than 60 s are left, and once", async () => {
    const { exp, at } = lasting(30)
    const anna = await connect(service, { room: freshRoom(), claims: { exp } })
    const heard = Date.now()
    expect(await anna.next("expiring")).toEqual({ type: "expiring", at })
    expect(Date.now() - heard).toBeLessThan(SLACK)
    expect(anna.frames.map(({ type }) => type)).toEqual(["welcome", "expiring"])
    await silence(500)
    expect(anna.all("expiring")).toHaveLength(1)
  })

  it("[AU6] is announced 60 s before", async () => {
    const { exp, at } = lasting(63)
    const anna = await connect(service, { room: freshRoom(), claims: { exp } })
    expect(await anna.next("expiring")).toEqual({ type: "expiring", at })
    const early = at - (anna.times[anna.frames.findIndex(({ type }) => type === "expiring")] ?? 0)
    expect(early).toBeGreaterThan(60_000 - SLACK)
    expect(early).toBeLessThan(60_000 + 100)
  })

  it("[AU3] a token that has ended lets nobody in, nor resume", async () => {
    const room = freshRoom()
    const anna = await enter(service, { room, member: "anna" })
    await anna.drop()
    const { exp } = lasting(-2)
    const asking: Asking = { room, member: "anna", session: anna.welcome.session, claims: { exp } }
    expect(await refusedUpgrade(service, asking)).toMatchObject({ status: 401, code: "bad_token" })
    const back = await connect(service, { room, member: "anna", session: anna.welcome.session })
    expect(back.welcome.resumed).toBe(true)
  })
})

describe.concurrent("auth", () => {
  it("[AU8] with a fresh token prolongs, and a new end is announced", async () => {
    const room = freshRoom()
    const { exp, at } = lasting(3)
    const anna = await enter(service, { room, member: "anna", claims: { exp } })
    await anna.next("expiring")
    const longer = lasting(40)
    await anna.ask({ type: "auth", token: await tokenFor("anna", { exp: longer.exp }) })
    expect(await anna.next("expiring")).toEqual({ type: "expiring", at: longer.at })
    await anna.ask({ type: "auth", token: await tokenFor("anna") })
    await silence(at - Date.now() + SLACK)
    expect(anna.isOpen).toBe(true)
    expect(anna.all("expiring")).toHaveLength(2)
    expect(await anna.sync()).toHaveLength(1)
  })

  it("[AU8] with a shorter token shortens", async () => {
    const anna = await enter(service, { room: freshRoom() })
    const { exp, at } = lasting(3)
    await anna.ask({ type: "auth", token: await tokenFor("anna", { exp }) })
    expect(await anna.next("expiring")).toEqual({ type: "expiring", at })
    expect(await anna.ended()).toMatchObject({ code: 4401 })
    expect(Date.now() - at).toBeLessThan(SLACK + 500)
  })

  it("[AU8] is bad_token with another sub or a bad token, and changes nothing", async () => {
    const room = freshRoom()
    const bert = await connect(service, { room, member: "bert" })
    const anna = await enter(service, { room, member: "anna", claims: { info: { name: "Anna" } } }, { x: 1 })
    const bad = [
      await tokenFor("bert"),
      await tokenFor("anna", {}, "another-secret-another-secret-another"),
      await tokenFor("anna", { exp: lasting(-5).exp }),
      await tokenFor("anna", { exp: undefined }),
      "",
      "a.b.c",
    ]
    for (const token of bad) expect(await anna.refused({ type: "auth", token })).toBe("bad_token")
    const elsewhere = await tokenFor("anna", { rooms: { "another-room": EVERYTHING } })
    expect(["bad_token", "forbidden"]).toContain(await anna.refused({ type: "auth", token: elsewhere }))
    await anna.ask({ type: "enter", data: { x: 2 } })
    await bert.until(() => bert.picture.entries.get(anna.ref)?.data["x"] === 2, "the second enter")
    expect(bert.picture.list()).toMatchObject([{ member: "anna", info: { name: "Anna" }, data: { x: 2 } }])
  })

  it("[AU9] shows a fresh token's info from the next enter, not before", async () => {
    const room = freshRoom()
    const bert = await connect(service, { room, member: "bert" })
    const anna = await enter(service, { room, member: "anna", claims: { info: { name: "Old" } } }, { x: 1 })
    await anna.ask({ type: "auth", token: await tokenFor("anna", { info: { name: "New" } }) })
    await anna.ask({ type: "update", data: { x: 2 } })
    await bert.until(() => bert.picture.entries.get(anna.ref)?.data["x"] === 2, "the update")
    expect((await bert.sync())[0]?.info).toEqual({ name: "Old" })
    await anna.enter({ x: 3 })
    await bert.until(() => bert.picture.entries.get(anna.ref)?.data["x"] === 3, "the second enter")
    expect(bert.picture.list()[0]?.info).toEqual({ name: "New" })
    expect(await bert.sync()).toEqual(bert.picture.list())
  })

  it("[AU9] a resume with a fresh token shows its info from the next enter, not before", async () => {
    const room = freshRoom()
    const bert = await connect(service, { room, member: "bert" })
    const anna = await enter(service, { room, member: "anna", claims: { info: { name: "Old" } } }, { x: 1 })
    await anna.drop()
    const asking: Asking = { room, member: "anna", session: anna.welcome.session, claims: { info: { name: "New" } } }
    const back = await connect(service, asking)
    expect(back.welcome).toMatchObject({ resumed: true, present: [{ info: { name: "Old" } }] })
    await back.enter({ x: 2 })
    await bert.until(() => bert.picture.entries.get(anna.ref)?.data["x"] === 2, "the enter")
    expect(bert.picture.list()[0]?.info).toEqual({ name: "New" })
  })

  it("[AU9] a fresh token's grants hold at once", async () => {
    const room = freshRoom()
    const bert = await connect(service, { room, member: "bert" })
    const anna = await connect(service, { room, member: "anna", claims: { rooms: { "*": ["subscribe"] } } })
    expect(await anna.refused({ type: "send", event: "e", data: 1 })).toBe("forbidden")
    await anna.ask({ type: "auth", token: await tokenFor("anna") })
    await anna.ask({ type: "send", event: "e", data: 2 })
    expect(await bert.next("message")).toMatchObject({ data: 2 })
    await anna.enter()
    await anna.ask({ type: "auth", token: await tokenFor("anna", { rooms: { [room]: ["presence"], "*": EVERYTHING } }) })
    expect(await anna.refused({ type: "send", event: "e", data: 3 })).toBe("forbidden")
    const heard = anna.all("presence").length
    await bert.enter({})
    await silence(100)
    expect(anna.all("presence")).toHaveLength(heard)
    expect(await anna.sync()).toEqual([])
  })

  it("[AU8] is answered in its place among the frames around it", async () => {
    const anna = await connect(service, { room: freshRoom() })
    const token = await tokenFor("anna")
    const frames = [
      { type: "enter", data: {} },
      { type: "auth", token },
      { type: "update", data: { x: 1 } },
      { type: "auth", token: "bad" },
      { type: "leave" },
    ]
    for (const [i, frame] of frames.entries()) anna.send({ ...frame, id: 100 + i })
    await anna.until(() => anna.frames.some((frame) => frame.type === "ack" && frame.id === 104), "the last answer")
    const order = anna.frames.flatMap((frame) => (frame.type === "ack" || frame.type === "error" ? [frame.id] : []))
    expect([...order].sort()).toEqual([100, 101, 102, 103, 104])
    expect(anna.all("error")).toMatchObject([{ id: 103, code: "bad_token" }])
  })
})
