/** What a backend hears of scripted stories, through the real queue. */
import { afterAll, beforeAll, describe, expect, it } from "vitest"
import { DEV_ADMIN_KEY, type Service, startService } from "./service.ts"
import { type Receiver, startReceiver, WEBHOOK_SECRET } from "./webhook-receiver.ts"
import { connect, enter, freshRoom, silence } from "./wire-client.ts"

const GRACE = 1500
const OTHER_SECRET = "whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD"

let receiver: Receiver
let service: Service
beforeAll(async () => {
  receiver = await startReceiver()
  service = await startService({
    GRACE_MS: GRACE,
    WEBHOOK_URL: receiver.url,
    WEBHOOK_SECRET: `${WEBHOOK_SECRET},${OTHER_SECRET}`,
    WEBHOOK_RETRY_MS: 0,
  })
})
afterAll(async () => {
  await service.kill()
  await receiver.close()
  expect(receiver.faults).toEqual([])
})

async function admin(method: string, path: string, body?: unknown): Promise<number> {
  const response = await fetch(`${service.url}/v1/admin/rooms/${path}`, {
    method,
    headers: { authorization: `Bearer ${DEV_ADMIN_KEY}` },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  })
  await response.text()
  return response.status
}

async function told(room: string, story: readonly string[]): Promise<void> {
  await receiver.until(() => receiver.accepted(room).length >= story.length, `${story.join(", ")} in ${room}`)
  expect(receiver.story(room)).toEqual(story)
  const sequences = receiver.accepted(room).map(({ event }) => event.data.sequence)
  expect(sequences).toEqual([...new Set(sequences)].sort((a, b) => a - b))
}

describe.concurrent("a backend hears", () => {
  it("[WH6] [WH9] of two tabs as one member, signed with every secret, whoever only watches not at all", async () => {
    const room = freshRoom()
    const watcher = await connect(service, { room, member: "watcher" })
    const one = await enter(service, { room, member: "anna", claims: { info: { name: "Anna" } } })
    const two = await enter(service, { room, member: "anna" })
    await one.close(1000)
    await two.ask({ type: "leave" })
    await told(room, ["room.occupied", "member.entered anna", "member.left anna left", "room.vacated"])
    const [occupied, entered] = receiver.accepted(room)
    expect(entered?.event.data).toMatchObject({ room, member: "anna", info: { name: "Anna" } })
    expect(Math.abs(Date.parse(occupied?.event.timestamp ?? "") - Date.now())).toBeLessThan(60_000)
    expect(new Set(receiver.accepted(room).map(({ signatures }) => signatures))).toEqual(new Set([2]))
    await watcher.close(1000)
    await two.close(1000)
  })

  it("[WH7] nothing of a resume within the grace, and closed when nobody comes back", async () => {
    const room = freshRoom()
    const anna = await enter(service, { room, member: "anna" })
    await anna.drop()
    const back = await connect(service, { room, member: "anna", session: anna.welcome.session })
    expect(back.welcome.resumed).toBe(true)
    await silence(GRACE + 500)
    await told(room, ["room.occupied", "member.entered anna"])
    await back.drop()
    await told(room, ["room.occupied", "member.entered anna", "member.left anna closed", "room.vacated"])
  })

  it("[WH6] of who is kicked, and of who is placed over HTTP, until its ttl ends", async () => {
    const room = freshRoom()
    await enter(service, { room, member: "anna" })
    expect(await admin("PUT", `${room}/members/bot`, { ttl: 1500 })).toBe(200)
    expect(await admin("DELETE", `${room}/members/anna`)).toBe(200)
    await told(room, [
      "room.occupied",
      "member.entered anna",
      "member.entered bot",
      "member.left anna kicked",
      "member.left bot expired",
      "room.vacated",
    ])
  })

  it("[WH10] of everybody's leave when a room is closed, although its storage goes", async () => {
    const room = freshRoom()
    await enter(service, { room, member: "anna" })
    await enter(service, { room, member: "bert" })
    expect(await admin("DELETE", room)).toBeLessThan(300)
    const closed = ["member.left anna room_closed", "member.left bert room_closed", "room.vacated"]
    await told(room, ["room.occupied", "member.entered anna", "member.entered bert", ...closed])
    const again = await enter(service, { room, member: "chloe" })
    await told(room, [
      ...["room.occupied", "member.entered anna", "member.entered bert", ...closed],
      ...["room.occupied", "member.entered chloe"],
    ])
    await again.close(1000)
  })
})
