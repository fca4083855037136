import { createServer } from "node:net"
import { describe, expect, it, vi } from "vitest"
import { createAdmin } from "../../src/server/admin.ts"
import { RollcallNetworkError } from "../../src/server/error.ts"
import { mintToken, verifyToken } from "../../src/server/token.ts"
import { refusal } from "../server/refusal.ts"
import { DEV_ADMIN_KEY, DEV_SECRET, serviceForFile } from "./service.ts"
import { connect, EVERYTHING, enter, freshRoom } from "./wire-client.ts"

const service = serviceForFile()
const adminHere = () => createAdmin({ url: service.url, key: DEV_ADMIN_KEY })
const tokenOf = (member: string, room: string) =>
  mintToken({ secret: DEV_SECRET, member, info: { name: member }, rooms: { [room]: EVERYTHING } })

describe("rollcall/server against the service", () => {
  it("[SV1] a token minted by a backend opens the room, with the info it says", async () => {
    const room = freshRoom()
    const anna = await enter(service, { room, member: "anna", token: await tokenOf("anna", room) }, { x: 1 })
    expect(await anna.sync()).toMatchObject([{ member: "anna", info: { name: "anna" }, data: { x: 1 } }])
    await anna.close(1000)
  })

  it("[SV5] the service mints one as well, and the backend verifies it", async () => {
    const room = freshRoom()
    const { token, expiresAt } = await adminHere().token({
      member: "anna",
      info: { name: "Anna" },
      rooms: { [room]: ["subscribe"] },
      ttl: 60_000,
    })
    const verified = await verifyToken(token, { secret: DEV_SECRET })
    expect(verified).toEqual({ member: "anna", info: { name: "Anna" }, rooms: { [room]: ["subscribe"] }, expiresAt })
  })

  it("[SV5] every call of a room's life: stats, members, presence, place, message, kick, ban, close", async () => {
    const admin = adminHere()
    const room = freshRoom()
    const token = await tokenOf("anna", room)
    const anna = await enter(service, { room, member: "anna", token })

    await expect(admin.health()).resolves.toBeUndefined()
    expect(await admin.stats(room)).toMatchObject({ room, members: 1, connections: 1 })
    const placed = await admin.place(room, "bot/1 ü", { data: { task: "index" }, info: { name: "Bot" }, ttl: 30_000 })
    expect(placed).toMatchObject({ member: "bot/1 ü", present: true, info: { name: "Bot" } })
    expect(await admin.member(room, "bot/1 ü")).toEqual(placed)
    expect((await admin.members(room)).members.map(({ member }) => member)).toEqual(["anna", "bot/1 ü"])
    expect((await admin.presence(room, token)).present.map(({ member }) => member).sort()).toEqual(["anna", "bot/1 ü"])
    expect(await admin.occupancy(room, token)).toEqual({ room, members: 2, connections: 1 })

    await vi.waitFor(
      async () => {
        const totals = await admin.totals()
        expect(totals.rooms).toBeGreaterThanOrEqual(1)
        expect(totals.members).toBeGreaterThanOrEqual(2)
        expect(totals.counters["enters"]).toBeGreaterThanOrEqual(1)
      },
      { timeout: 10_000 },
    )

    await admin.message(room, { event: "reload", data: { version: 2 }, to: ["anna"] })
    expect(await anna.next("message")).toMatchObject({ from: null, event: "reload", data: { version: 2 } })

    expect(await admin.kick(room, "bot/1 ü")).toEqual({ member: "bot/1 ü", kicked: 1, bannedUntil: null })
    const ban = await admin.ban(room, "anna", 60_000)
    expect(ban).toMatchObject({ member: "anna", kicked: 1 })
    expect(ban.bannedUntil).toBeGreaterThan(Date.now())
    expect((await anna.ended()).code).toBe(4403)
    expect(await refusal(admin.presence(room, token))).toMatchObject({ code: "banned", status: 409 })
    expect(await admin.unban(room, "anna")).toMatchObject({ bannedUntil: null })

    const again = await connect(service, { room, member: "anna", token })
    await admin.close(room)
    expect((await again.ended()).code).toBe(4410)
    expect(await admin.members(room)).toEqual({ members: [], cursor: null })
  })

  it("[SV6] tells when each connection was last heard of, by a frame or a ping, where it is asked", async () => {
    const admin = adminHere()
    const room = freshRoom()
    const anna = await enter(service, { room, member: "anna" })
    const { connection } = anna.welcome
    const lastHeard = async () => (await admin.members(room, { heard: true })).heard?.[connection] ?? 0
    const entered = await lastHeard()
    expect(Math.abs(Date.now() - entered)).toBeLessThan(10_000)
    await vi.waitFor(async () => {
      anna.sendText("ping")
      expect(await lastHeard()).toBeGreaterThan(entered)
    })
    expect(await admin.members(room)).not.toHaveProperty("heard")
    await anna.close(1000)
  })

  it("[SV6] pages through more members than one page holds, none missing and none double", async () => {
    const admin = adminHere()
    const room = freshRoom()
    const names = Array.from({ length: 7 }, (_, index) => `bot-${index}`)
    for (const name of names) await admin.place(room, name)
    const sizes: number[] = []
    const found: string[] = []
    for await (const { members } of admin.memberPages(room, { limit: 3 })) {
      sizes.push(members.length)
      found.push(...members.map(({ member }) => member))
    }
    expect(sizes).toEqual([3, 3, 1])
    expect(found).toEqual(names)
    await admin.close(room)
  })

  it("[SV7] each refusal comes with the service's own code", async () => {
    const admin = adminHere()
    const room = freshRoom()
    expect(await refusal(createAdmin({ url: service.url, key: "another-key" }).stats(room))).toMatchObject({
      code: "bad_token",
      status: 401,
    })
    expect(await refusal(admin.stats("no spaces"))).toMatchObject({ code: "bad_room", status: 400 })
    expect(await refusal(admin.member(room, "nobody"))).toMatchObject({ code: "not_found", status: 404 })
    expect(await refusal(admin.members(room, { limit: 0 }))).toMatchObject({ code: "bad_request", status: 400 })
    expect(await refusal(admin.place(room, "bot", { data: { text: "x".repeat(9000) } }))).toMatchObject({ code: "too_large", status: 413 })
    expect(await refusal(admin.occupancy(room, await tokenOf("anna", "another-room")))).toMatchObject({ code: "forbidden", status: 403 })
  })

  it("[SV8] where nothing listens, the call says so", async () => {
    const listener = createServer()
    await new Promise<void>((resolve) => listener.listen(0, "localhost", resolve))
    const address = listener.address()
    await new Promise((resolve) => listener.close(resolve))
    const admin = createAdmin({ url: `http://localhost:${typeof address === "object" ? address?.port : 0}`, key: DEV_ADMIN_KEY })
    await expect(admin.health()).rejects.toBeInstanceOf(RollcallNetworkError)
  })
})
