/** The client against the service as it is, over lines that break: two see each other, and neither notices what happened to the other's line. */
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest"
import { type Client, type ClientOptions, createClient, type JsonObject } from "../../src/client/index.ts"
import { byMember, listen } from "../client/scene.ts"
import { proxyTo, type TcpProxy } from "../doubles/tcp-proxy.ts"
import { DEV_ADMIN_KEY, serviceForFile } from "./service.ts"
import { freshRoom, statsOf, tokenFor } from "./wire-client.ts"

const service = serviceForFile({ GRACE_MS: 8000, HEARTBEAT_INTERVAL_MS: 3000, HEARTBEAT_TIMEOUT_MS: 60_000 })

const clients: Client[] = []
let proxy: TcpProxy

beforeEach(async () => {
  proxy = await proxyTo(service.url)
})

afterEach(async () => {
  for (const client of clients.splice(0)) client.close()
  await proxy.close()
})

function clientOf(member: string, url: string, options: Partial<ClientOptions> = {}): Client {
  const client = createClient({ url, token: () => tokenFor(member, { info: { name: member } }), ...options })
  clients.push(client)
  return client
}

const until = (check: () => void | Promise<void>, timeout = 8000) => vi.waitFor(check, { timeout, interval: 20 })

describe("two clients", () => {
  it("[CL1] [CL7] see each other enter, move, speak and leave", async () => {
    const room = freshRoom()
    const anna = clientOf("anna", service.url).room<JsonObject>(room, { initial: { x: 0 } })
    const lease = await clientOf("bert", service.url).acquire<JsonObject>(room)
    const bert = lease.room
    await until(() => expect(byMember(bert.others)).toEqual({ anna: { x: 0 } }))
    expect(bert.others[0]?.info).toEqual({ name: "anna" })
    const heard = listen(bert)
    for (let x = 1; x <= 50; x++) {
      anna.update({ x, [`key-${x % 3}`]: x })
      await new Promise((resolve) => setTimeout(resolve, 4))
    }
    await anna.send("done", { at: 50 })
    await until(() => expect(heard.message).toHaveLength(1))
    expect(heard.message[0]).toMatchObject({ event: "done", data: { at: 50 }, member: "anna", from: { data: { x: 50 } } })
    expect(heard.update.length).toBeGreaterThan(2)
    expect(heard.update.length).toBeLessThan(20)
    const mute = clientOf("mute", service.url, { token: () => tokenFor("mute", { rooms: { "*": ["subscribe"] } }) })
    const { room: silent } = await mute.acquire(room)
    await expect(silent.send("hello", 1)).rejects.toMatchObject({ code: "forbidden" })
    anna.leave()
    await until(() => expect(bert.others).toEqual([]))
    expect(heard.leave).toMatchObject([{ reason: "left" }])
  })

  it("[RE11] a line that is cut, again and again, is resumed: the other sees nothing of it", async () => {
    const room = freshRoom()
    const anna = clientOf("anna", proxy.url).room<JsonObject>(room, { initial: { x: 0 } })
    const bert = clientOf("bert", service.url).room(room)
    await until(() => expect(byMember(bert.others)).toEqual({ anna: { x: 0 } }))
    const [own, others] = [listen(anna), listen(bert)]
    const { connection } = bert.others[0] ?? {}
    for (let round = 1; round <= 3; round++) {
      proxy.cut()
      await until(() => expect(anna.status).toBe("reconnecting"))
      anna.update({ x: round })
      await until(() => expect(anna.status).toBe("connected"))
      await until(() => expect(byMember(bert.others)).toEqual({ anna: { x: round } }))
    }
    proxy.refuse(true)
    proxy.cut()
    await new Promise((resolve) => setTimeout(resolve, 2000))
    proxy.refuse(false)
    await until(() => expect(anna.status).toBe("connected"))
    expect(bert.others[0]?.connection).toBe(connection)
    expect([others.enter, others.leave, own.enter, own.leave]).toEqual([[], [], [], []])
    expect(others.update.map(({ entry }) => entry.data)).toEqual([{ x: 1 }, { x: 2 }, { x: 3 }])
  })

  it("[RE15] a line that is dead without a word is found within seconds, and resumed on another", async () => {
    const room = freshRoom()
    const anna = clientOf("anna", proxy.url).room<JsonObject>(room, { initial: { x: 0 } })
    const bert = clientOf("bert", service.url).room(room)
    await until(() => expect(byMember(bert.others)).toEqual({ anna: { x: 0 } }))
    const heard = listen(bert)
    proxy.freeze()
    anna.update({ x: 1 })
    await until(() => expect(anna.status).toBe("reconnecting"), 11_000)
    proxy.thaw()
    await until(() => expect(byMember(bert.others)).toEqual({ anna: { x: 1 } }), 15_000)
    expect([heard.enter, heard.leave]).toEqual([[], []])
  })

  it("[PL6] [PL5] a release lingers and leaves; the service counts what the client says it holds", async () => {
    const room = freshRoom()
    const one = clientOf("anna", service.url, { pool: { min: 1, lingerMs: 300 } })
    one.warm([room])
    await until(async () => expect(await statsOf(service, room)).toMatchObject({ members: 0, connections: 1, observers: 1 }))
    const rooms = Array.from({ length: 10 }, () => one.room(room, { initial: {} }))
    await until(async () => expect(await statsOf(service, room)).toMatchObject({ members: 1, connections: 1, observers: 0 }))
    for (const each of rooms) each.release()
    await until(async () => expect(await statsOf(service, room)).toMatchObject({ members: 0, connections: 1, observers: 1 }))
    one.close()
    await until(async () => expect(await statsOf(service, room)).toMatchObject({ members: 0, connections: 0, observers: 0 }))
  })
})

describe("what the service refuses", () => {
  it("[RE4] [RE17] a ban, a bad token and a room that may not be entered close it, and say why", async () => {
    const room = freshRoom()
    const banned = await fetch(`${service.url}/v1/admin/rooms/${room}/members/anna?ban=60000`, {
      method: "DELETE",
      headers: { authorization: `Bearer ${DEV_ADMIN_KEY}` },
    })
    await banned.text()
    const refused = [
      clientOf("anna", service.url).room(room),
      clientOf("bert", service.url, { token: "no token at all" }).room(room),
      clientOf("cleo", service.url, { token: () => tokenFor("cleo", { rooms: { other: ["subscribe"] } }) }).room(room),
      clientOf("dora", service.url).room("a/bad name"),
    ]
    await until(() => expect(refused.map(({ status }) => status)).toEqual(Array(4).fill("closed")))
    expect(refused.map(({ reason }) => reason?.code)).toEqual(["banned", "bad_token", "forbidden", "bad_room"])
  })

  it("[RE2] who is kicked is told why, and stays out", async () => {
    const room = freshRoom()
    const anna = clientOf("anna", service.url).room(room, { initial: {} })
    const bert = clientOf("bert", service.url).room(room)
    await until(() => expect(bert.others).toHaveLength(1))
    const heard = listen(bert)
    const kicked = await fetch(`${service.url}/v1/admin/rooms/${room}/members/anna`, {
      method: "DELETE",
      headers: { authorization: `Bearer ${DEV_ADMIN_KEY}` },
    })
    await kicked.text()
    await until(() => expect([anna.status, anna.reason?.code]).toEqual(["closed", 4403]))
    await until(() => expect(heard.leave).toMatchObject([{ reason: "kicked" }]))
  })

  it("[CL9] data that is too large is told, and taken back", async () => {
    const room = freshRoom()
    const anna = clientOf("anna", service.url).room<JsonObject>(room, { initial: { x: 1 } })
    const heard = listen(anna)
    await until(() => expect(anna.members).toHaveLength(1))
    anna.update({ big: "x".repeat(9000) })
    await until(() => expect(heard.error).toMatchObject([{ code: "too_large" }]))
    await until(() => expect(anna.self?.data).toEqual({ x: 1 }))
    expect(anna.status).toBe("connected")
  })

  it("[RE9] a token that ends is refreshed on the same connection", async () => {
    const room = freshRoom()
    let minted = 0
    const token = () => {
      minted++
      return tokenFor("anna", { exp: Math.floor(Date.now() / 1000) + 6 })
    }
    const anna = clientOf("anna", service.url, { token }).room(room, { initial: {} })
    const bert = clientOf("bert", service.url).room(room)
    await until(() => expect(bert.others).toHaveLength(1))
    const heard = listen(bert)
    const first = bert.others[0]?.connection
    await until(() => expect(minted).toBeGreaterThanOrEqual(4), 15_000)
    expect([heard.leave, bert.others[0]?.connection, anna.status]).toEqual([[], first, "connected"])
  })
})
