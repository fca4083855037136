/** Refusals before the upgrade: which, in which order, in which form; and full rooms. */
import { type IncomingMessage, request } from "node:http"
import { text } from "node:stream/consumers"
import { describe, expect, it } from "vitest"
import { askedPlainly, refusedUpgrade } from "./refusals.ts"
import { DEV_ADMIN_KEY, serviceForFile } from "./service.ts"
import { type Asking, connect, enter, freshRoom, tokenFor, type WireClient } from "./wire-client.ts"
import { type Problem, problemSchema } from "./wire-frames.ts"

const ROOM = 4
const MEMBER = 2
const service = serviceForFile({
  MAX_CONNECTIONS: ROOM,
  MAX_CONNECTIONS_PER_MEMBER: MEMBER,
  ALLOWED_ORIGINS: "https://app.example.com",
  GRACE_MS: 60_000,
})

const STRANGE = { origin: "https://evil.example.com" }
const NO_GRANT = { rooms: { other: ["subscribe"] } }

/** A room in which "full" has all its connections; with `others`, there is no place for anyone. */
async function filled(others: boolean): Promise<{ room: string; clients: WireClient[] }> {
  const room = freshRoom()
  const members = ["full", "full", ...(others ? ["other-1", "other-2"] : [])]
  return { room, clients: await Promise.all(members.map((member) => connect(service, { room, member }))) }
}

/** The upgrade and the plain request must be told the same. */
async function both(asking: Asking): Promise<{ status: number; code: string; retryAfter: string | null }> {
  const upgrade = await refusedUpgrade(service, asking)
  const plain = await askedPlainly(service, asking)
  expect({ status: plain.status, problem: plain.problem }).toEqual({ status: upgrade.status, problem: upgrade.problem })
  expect(plain.headers.get("retry-after")).toBe(upgrade.headers.get("retry-after"))
  return { status: upgrade.status, code: upgrade.code, retryAfter: upgrade.headers.get("retry-after") }
}

describe.concurrent("refusals", () => {
  it("[CN11] an address that names . or .. leads nowhere, escaped or not, and never to another room or member", async () => {
    const room = freshRoom()
    const anna = await enter(service, { room, member: "anna" })
    for (const name of [".", "..", "%2e", "%2E%2E", ".%2e", "%2E."]) {
      for (const [method, path] of [
        ["GET", `/v1/rooms/${name}/connect`],
        ["GET", `/v1/rooms/${name}/presence`],
        ["GET", `/v1/admin/rooms/${name}`],
        ["DELETE", `/v1/admin/rooms/${name}`],
        ["POST", `/v1/admin/rooms/${name}/messages`],
        ["GET", `/v1/admin/rooms/${room}/members/${name}`],
        ["PUT", `/v1/admin/rooms/${room}/members/${name}`],
        ["DELETE", `/v1/admin/rooms/${room}/members/${name}`],
        ["DELETE", `/v1/admin/rooms/${room}/members/${name}?ban=1000`],
      ] as const) {
        expect(await rawly(method, path), `${method} ${path}`).toMatchObject({ status: 404, type: "urn:rollcall:error:not_found" })
      }
      // Escaped twice it is another name: that of a member who is called %2E, and of no room.
      expect(await rawly("GET", `/v1/admin/rooms/${name.replaceAll(".", "%2e").replaceAll("%", "%25")}`)).toMatchObject({ status: 400 })
    }
    expect(await anna.sync()).toHaveLength(1)
  })

  it("[CN4] are looked for in the order 400, 401, 403, 429, 503", async () => {
    const { room } = await filled(true)
    const bad = "a%20room"
    expect(await both({ room: bad, token: "bad", headers: STRANGE })).toMatchObject({ status: 400, code: "bad_room" })
    expect(await both({ room: bad, claims: NO_GRANT })).toMatchObject({ status: 400, code: "bad_room" })
    expect(await both({ room, token: "bad", headers: STRANGE })).toMatchObject({ status: 401, code: "bad_token" })
    expect(await both({ room, member: "full", claims: NO_GRANT })).toMatchObject({ status: 403, code: "forbidden" })
    expect(await both({ room, member: "full", headers: STRANGE })).toMatchObject({ status: 403, code: "bad_origin" })
    expect((await both({ room, claims: NO_GRANT, headers: STRANGE })).status).toBe(403)
    expect(await both({ room, member: "full" })).toMatchObject({ status: 429, code: "member_full" })
    expect(await both({ room, member: "one-more" })).toMatchObject({ status: 503, code: "room_full" })
  })

  it("[CN6] asked plainly, it is 426 when nothing is in the way", async () => {
    const plain = await askedPlainly(service, { room: freshRoom() })
    expect(plain).toMatchObject({ status: 426, code: "upgrade_required" })
    const { room } = await filled(false)
    expect(await askedPlainly(service, { room, member: "one-more" })).toMatchObject({ status: 426, code: "upgrade_required" })
    expect(await statusOf({ connection: "Upgrade", upgrade: "h2c" })).toBe(426)
  })

  it("[CN5] a member's connection too many is 429 member_full, with Retry-After, until one closes", async () => {
    const { room, clients } = await filled(false)
    const full = await both({ room, member: "full" })
    expect(full).toMatchObject({ status: 429, code: "member_full" })
    expect(full.retryAfter).toMatch(/^[1-9]\d{0,3}$/)
    expect((await connect(service, { room, member: "other" })).welcome.member).toBe("other")
    await clients[0]?.close(1000)
    expect((await connect(service, { room, member: "full" })).welcome.member).toBe("full")
    expect(await both({ room, member: "full" })).toMatchObject({ status: 429 })
  })

  it("[CN5] a room's connection too many is 503 room_full, until one closes", async () => {
    const { room, clients } = await filled(true)
    expect(await both({ room, member: "late" })).toMatchObject({ status: 503, code: "room_full" })
    await clients[3]?.close()
    const late = await connect(service, { room, member: "late" })
    expect(late.isOpen).toBe(true)
    expect(await both({ room, member: "later" })).toMatchObject({ status: 503, code: "room_full" })
  })

  it("[CN5] refused upgrades leave the others alone", async () => {
    const { room, clients } = await filled(true)
    const [first] = clients
    await first?.enter({ x: 1 })
    for (const client of clients) await client.next("presence")
    const heard = clients.map(({ frames }) => frames.length)
    await Promise.all(Array.from({ length: 20 }, (_, i) => refusedUpgrade(service, { room, member: `late-${i}` })))
    await first?.ask({ type: "pong" })
    expect(clients.slice(1).map(({ frames }) => frames.length)).toEqual(heard.slice(1))
    expect(clients.every(({ isOpen }) => isOpen)).toBe(true)
  })

  it("[GR7] a resume needs no free place, in the room or of the member", async () => {
    const room = freshRoom()
    const gone = await enter(service, { room, member: "full" }, { kept: 1 })
    await connect(service, { room, member: "full" })
    await gone.drop()
    const others = await Promise.all(["a", "b", "c"].map((member) => connect(service, { room, member }).catch(() => null)))
    const back = await connect(service, { room, member: "full", session: gone.welcome.session })
    expect(back.welcome).toMatchObject({ resumed: true, ref: gone.ref, connection: gone.welcome.connection })
    expect(back.welcome.present).toMatchObject([{ ref: gone.ref, data: { kept: 1 } }])
    expect(others.filter((client) => client?.isOpen).length).toBeGreaterThanOrEqual(2)
    const query = { session: back.welcome.session }
    expect(await askedPlainly(service, { room, member: "full", query }), "what the upgrade would meet").toMatchObject({ status: 426 })
    const again = await connect(service, { room, member: "full", session: back.welcome.session })
    expect(again.welcome.resumed).toBe(true)
    expect(await back.ended()).toMatchObject({ code: 4409 })
  })
})

/** The status of a request with these headers, which `fetch` would not send. */
/** As it stands in the request's first line: nothing on this side resolves it. */
async function rawly(method: string, path: string): Promise<Problem> {
  const headers = { authorization: `Bearer ${DEV_ADMIN_KEY}` }
  const response = await new Promise<IncomingMessage>((resolve, reject) => {
    request(service.url, { method, path, headers }, resolve)
      .on("error", reject)
      .end(/^P/.test(method) ? "{}" : "")
  })
  return problemSchema.parse(JSON.parse(await text(response)))
}

async function statusOf(headers: Record<string, string>): Promise<number> {
  const authorization = `Bearer ${await tokenFor("anna")}`
  return new Promise((resolve, reject) => {
    const asked = request(`${service.url}/v1/rooms/${freshRoom()}/connect`, { headers: { authorization, ...headers } }, (response) => {
      response.resume()
      resolve(response.statusCode ?? 0)
    })
    asked.on("error", reject)
    asked.end()
  })
}
