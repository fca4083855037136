/** Being present: enter, update, leave, and what the others see of it. */
import { describe, expect, it } from "vitest"
import { serviceForFile } from "./service.ts"
import { connect, enter, freshRoom, silence, statsOf } from "./wire-client.ts"

const service = serviceForFile()

describe.concurrent("observing", () => {
  it("[CN8] a connection begins as an observer: it sees the room, and nobody sees it", async () => {
    const room = freshRoom()
    const anna = await enter(service, { room, member: "anna" }, { x: 1 })
    const bert = await connect(service, { room, member: "bert" })
    expect(bert.welcome.present.map(({ member }) => member)).toEqual(["anna"])
    await silence(200)
    expect(anna.presenceOf(bert.ref)).toEqual([])
    expect((await anna.sync()).map(({ member }) => member)).toEqual(["anna"])
    expect(await statsOf(service, room)).toMatchObject({ room, members: 1, observers: 1 })
  })

  it("[CN10] who may not subscribe gets an empty present, no presence and no message, yet is seen", async () => {
    const room = freshRoom()
    const anna = await enter(service, { room, member: "anna" }, { x: 1 })
    const deaf = await connect(service, { room, member: "deaf", claims: { rooms: { "*": ["presence", "message"] } } })
    expect(deaf.welcome.present).toEqual([])
    await deaf.ask({ type: "enter", data: { y: 1 } })
    await anna.next("presence", ({ enter = [] }) => enter.some(({ ref }) => ref === deaf.ref))
    await anna.ask({ type: "update", data: { x: 2 } })
    await deaf.ask({ type: "send", event: "hello", data: 1 })
    await anna.next("message")
    await anna.ask({ type: "send", event: "hello", data: 1, to: ["deaf"] })
    expect(await deaf.sync()).toEqual([])
    expect(deaf.frames.filter(({ type }) => type === "presence" || type === "message")).toEqual([])
  })
})

describe.concurrent("enter", () => {
  it("[EN1] shows an entry with exactly what the contract names, to all and to itself", async () => {
    const room = freshRoom()
    const bert = await connect(service, { room, member: "bert" })
    const before = Date.now()
    const info = { name: "Anna", avatar: { url: "https://example.com/a.png" } }
    const anna = await enter(service, { room, member: "anna", claims: { info } }, { cursor: { x: 1, y: 2 }, tags: ["a"], on: false })
    const { enter: [entry] = [], ...rest } = await bert.next("presence")
    expect(rest).toEqual({ type: "presence" })
    const { ref, connection } = anna.welcome
    const data = { cursor: { x: 1, y: 2 }, tags: ["a"], on: false }
    expect(entry).toEqual({ ref, connection, member: "anna", info, data, status: "active", since: expect.any(Number) })
    expect(entry?.since).toBeGreaterThanOrEqual(before - 50)
    expect(entry?.since).toBeLessThanOrEqual(Date.now() + 50)
    const chloe = await connect(service, { room, member: "chloe" })
    expect(chloe.welcome.present).toEqual([entry])
    expect(anna.picture.list()).toEqual([entry])
  })

  it("[EN2] a second enter replaces the data, under the same ref, connection and since", async () => {
    const room = freshRoom()
    const bert = await connect(service, { room, member: "bert" })
    const anna = await enter(service, { room, member: "anna" }, { x: 1, y: { z: 1 } })
    const [first] = anna.picture.list()
    await silence(10)
    await anna.ask({ type: "enter", data: { y: { w: 2 } } })
    await bert.until(() => bert.picture.entries.get(anna.ref)?.data["w"] === undefined && bert.all("presence").length >= 2, "the second")
    expect(bert.picture.list()).toEqual([{ ...first, data: { y: { w: 2 } } }])
    expect(await bert.sync()).toEqual(bert.picture.list())
    expect(bert.presenceOf(anna.ref).some(({ leave }) => leave !== undefined)).toBe(false)
  })

  it("[EN3] a top-level null counts as absent, a nested one stays", async () => {
    const room = freshRoom()
    const anna = await enter(service, { room }, { gone: null, kept: { inner: null }, list: [null] })
    expect(anna.picture.list()[0]?.data).toEqual({ kept: { inner: null }, list: [null] })
    expect((await anna.sync())[0]?.data).toEqual({ kept: { inner: null }, list: [null] })
  })

  it("[EN7] two connections of one member are two entries and one member", async () => {
    const room = freshRoom()
    const phone = await enter(service, { room, member: "anna" }, { on: "phone" })
    const laptop = await enter(service, { room, member: "anna" }, { on: "laptop" })
    expect((await phone.sync()).map(({ member, data }) => [member, data["on"]])).toEqual([
      ["anna", "phone"],
      ["anna", "laptop"],
    ])
    expect(phone.ref).not.toBe(laptop.ref)
    expect(phone.welcome.connection).not.toBe(laptop.welcome.connection)
    expect(await statsOf(service, room)).toMatchObject({ members: 1, connections: 2, observers: 0 })
    await phone.close(1000)
    expect(await laptop.leaveOf(phone.ref)).toBe("left")
    expect(await statsOf(service, room)).toMatchObject({ members: 1, connections: 1 })
  })

  it("[EN8] nothing in a frame forges member, info, ref, connection or status", async () => {
    const room = freshRoom()
    const bert = await connect(service, { room, member: "bert" })
    const anna = await connect(service, { room, member: "anna", claims: { info: { name: "Anna" } } })
    const forged = { member: "bert", info: { name: "Bert" }, ref: bert.ref, connection: bert.welcome.connection, status: "away", since: 1 }
    await anna.ask({ type: "enter", data: { info: { name: "Eve" }, member: "eve" }, ...forged, from: bert.ref })
    await anna.ask({ type: "update", data: { x: 1 }, ...forged })
    await bert.until(() => bert.picture.entries.get(anna.ref)?.data["x"] === 1, "the update")
    expect(await bert.sync()).toEqual([
      {
        ref: anna.ref,
        connection: anna.welcome.connection,
        member: "anna",
        info: { name: "Anna" },
        data: { info: { name: "Eve" }, member: "eve", x: 1 },
        status: "active",
        since: expect.any(Number),
      },
    ])
    await anna.ask({ type: "send", event: "e", data: 1, ...forged })
    expect(await bert.next("message")).toEqual({ type: "message", from: anna.ref, member: "anna", event: "e", data: 1 })
  })

  it("[EN5] enter and update are forbidden without the capability presence", async () => {
    const room = freshRoom()
    const anna = await connect(service, { room, claims: { rooms: { "*": ["subscribe", "message"] } } })
    expect(await anna.refused({ type: "enter", data: {} })).toBe("forbidden")
    expect(["forbidden", "not_entered"]).toContain(await anna.refused({ type: "update", data: {} }))
    expect(await anna.sync()).toEqual([])
  })
})

describe.concurrent("update", () => {
  it("[UP1] replaces values whole, key by key, at the top level alone; null removes", async () => {
    const room = freshRoom()
    const bert = await connect(service, { room, member: "bert" })
    const anna = await enter(service, { room, member: "anna" }, { a: { b: 1, c: 2 }, d: [1, 2], e: "stays", f: 0 })
    await anna.ask({ type: "update", data: { a: { c: 3 }, d: null, g: { h: null }, never: null, f: false } })
    const expected = { a: { c: 3 }, e: "stays", g: { h: null }, f: false }
    await bert.until(() => bert.picture.entries.get(anna.ref)?.data["g"] !== undefined, "the patch")
    expect(bert.picture.entries.get(anna.ref)?.data).toEqual(expected)
    expect((await bert.sync())[0]?.data).toEqual(expected)
    expect((await connect(service, { room, member: "chloe" })).welcome.present[0]?.data).toEqual(expected)
  })

  it("[UP1] is told as a patch under the ref, and as nothing else", async () => {
    const room = freshRoom()
    const anna = await enter(service, { room }, { x: 1, y: 1 })
    await anna.ask({ type: "update", data: { x: 2, y: null } })
    const frame = await anna.next("presence", ({ update }) => update !== undefined)
    expect(frame).toEqual({ type: "presence", update: { [anna.ref]: { x: 2, y: null } } })
  })

  it("[UP3] takes odd keys like any other", async () => {
    const room = freshRoom()
    const odd = {
      "": 1,
      constructor: { prototype: 1 },
      toString: "t",
      hasOwnProperty: 2,
      "7": 7,
      ключ: "значение",
      "🦉": "🦉",
      a: "\u0000\u2028\ud800",
    }
    const anna = await enter(service, { room }, {})
    await anna.ask({ type: "update", data: odd })
    await anna.until(() => anna.picture.entries.get(anna.ref)?.data["7"] === 7, "the update")
    const told = anna.picture.entries.get(anna.ref)?.data ?? {}
    expect(Object.keys(told).sort()).toEqual(Object.keys(odd).sort())
    expect(told).toMatchObject({ ...odd, a: expect.stringMatching(/^\0\u2028.$/) })
    expect((await anna.sync())[0]?.data).toEqual(told)
  })

  it("[UP4] is not_entered before enter and after leave, and changes nothing", async () => {
    const room = freshRoom()
    const anna = await connect(service, { room })
    expect(await anna.refused({ type: "update", data: { x: 1 } })).toBe("not_entered")
    await anna.enter({ y: 1 })
    await anna.ask({ type: "leave" })
    expect(await anna.refused({ type: "update", data: { x: 1 } })).toBe("not_entered")
    expect(await anna.sync()).toEqual([])
    await anna.enter({})
    expect((await anna.sync())[0]?.data).toEqual({})
  })
})

describe.concurrent("leave", () => {
  it("[EN6] ends presence as left, and the connection stays as an observer that may enter again", async () => {
    const room = freshRoom()
    const bert = await enter(service, { room, member: "bert" })
    const anna = await enter(service, { room, member: "anna" }, { x: 1 })
    await anna.ask({ type: "leave" })
    expect(await bert.leaveOf(anna.ref)).toBe("left")
    expect(await anna.leaveOf(anna.ref)).toBe("left")
    expect(await statsOf(service, room)).toMatchObject({ members: 1, observers: 1 })
    await bert.ask({ type: "update", data: { still: "heard" } })
    await anna.until(() => anna.picture.entries.get(bert.ref)?.data["still"] === "heard", "an update")
    await anna.enter({ z: 1 })
    const again = anna.picture.entries.get(anna.ref)
    expect(again).toMatchObject({ connection: anna.welcome.connection, data: { z: 1 } })
    await bert.until(() => bert.picture.entries.has(anna.ref), "the second enter")
    expect(await bert.sync()).toEqual(anna.picture.list())
  })

  it("[EN6] is not_entered for an observer", async () => {
    const anna = await connect(service, { room: freshRoom() })
    expect(await anna.refused({ type: "leave" })).toBe("not_entered")
    await anna.enter()
    await anna.ask({ type: "leave" })
    expect(await anna.refused({ type: "leave" })).toBe("not_entered")
  })
})

describe.concurrent("refs and names", () => {
  it("[CN9] a ref is small, each connection's own, and given to no one else while the room is occupied", async () => {
    const room = freshRoom()
    const stays = await enter(service, { room, member: "stays" })
    const refs = new Set([stays.ref])
    const names = new Set([stays.welcome.connection, stays.welcome.session])
    for (let i = 0; i < 8; i++) {
      const guest = await connect(service, { room, member: `guest-${i % 2}` })
      if (i % 2 === 0) await guest.enter()
      refs.add(guest.ref)
      names.add(guest.welcome.connection).add(guest.welcome.session)
      await guest.close(i % 3 === 0 ? undefined : 1000)
    }
    expect(refs.size).toBe(9)
    expect(names.size).toBe(18)
    expect(Math.max(...refs)).toBeLessThan(100)
  })

  it("[OB5] the same bytes go to every subscriber, the sender included", async () => {
    const room = freshRoom()
    const clients = await Promise.all(["anna", "bert", "chloe"].map((member) => connect(service, { room, member })))
    const [anna, bert, chloe] = clients
    if (anna === undefined || bert === undefined || chloe === undefined) throw new Error("three were asked for")
    await anna.enter({ x: 1, info: "ü" })
    await bert.enter({})
    for (let x = 0; x < 10; x++) await anna.ask({ type: "update", data: { x, [`key-${x}`]: [x] } })
    await chloe.enter({})
    await bert.ask({ type: "leave" })
    await anna.ask({ type: "send", event: "end", data: null })
    await Promise.all(clients.map((client) => client.next("message")))
    const heard = clients.map(({ texts }) => texts.filter((text) => /"type":"(presence|message)"/.test(text)))
    expect(heard[0]?.length).toBeGreaterThan(5)
    expect(heard[1]).toEqual(heard[0])
    expect(heard[2]).toEqual(heard[0])
  })

  it("[FR9] sync is the whole room for the one who asks, and is told to nobody", async () => {
    const room = freshRoom()
    const anna = await enter(service, { room, member: "anna" }, { x: 1 })
    const bert = await enter(service, { room, member: "bert" }, { y: 1 })
    await anna.until(() => anna.picture.entries.size === 2, "both")
    const before = bert.frames.length
    const answer = await anna.request({ type: "sync" })
    expect(answer.type).toBe("ack")
    const { present } = await anna.next("sync")
    expect([...present].sort((a, b) => a.ref - b.ref)).toEqual(anna.picture.list())
    expect(bert.picture.list()).toEqual(anna.picture.list())
    expect(bert.frames.slice(before)).toEqual([])
  })
})
