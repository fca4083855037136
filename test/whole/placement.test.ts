/** Where rooms are made: a hint is taken by the real runtime; a jurisdiction, which only Cloudflare's network has, is never left out silently. */
import { describe, expect, it, vi } from "vitest"
import { DEV_ADMIN_KEY, type Service, serviceForFile } from "./service.ts"
import { enter, freshRoom, tokenFor } from "./wire-client.ts"

const hinted = serviceForFile({ LOCATION_HINT: "weur" })
const restricted = serviceForFile({ JURISDICTION: "eu" })

async function asOperator(service: Service, path: string): Promise<{ status: number; body: unknown }> {
  const response = await fetch(`${service.url}${path}`, { headers: { authorization: `Bearer ${DEV_ADMIN_KEY}` } })
  return { status: response.status, body: await response.json() }
}

describe.concurrent("placement", () => {
  it("[DP1] with a hint rooms and the directory are there as ever", async () => {
    const room = freshRoom()
    const anna = await enter(hinted, { room, member: "anna" }, { x: 1 })
    const bert = await enter(hinted, { room, member: "bert" }, { x: 2 })
    expect((await anna.sync()).map(({ member }) => member)).toEqual(["anna", "bert"])
    await vi.waitFor(
      async () => {
        const found = await asOperator(hinted, `/v1/admin/rooms?prefix=${room}`)
        expect(found).toMatchObject({ status: 200, body: { rooms: [{ room, members: 2 }] } })
      },
      { timeout: 10_000, interval: 100 },
    )
    await bert.close()
  })

  it("[DP3] a jurisdiction that cannot be kept is a problem that says so, and no room is made", async () => {
    const room = freshRoom()
    const problem = { type: expect.stringMatching(/misconfigured$/), detail: expect.stringMatching(/JURISDICTION is "eu".*leave it unset/) }
    for (const path of [`/v1/admin/rooms/${room}`, "/v1/admin/rooms", "/v1/admin/stats"]) {
      expect(await asOperator(restricted, path)).toMatchObject({ status: 500, body: problem })
    }
    const response = await fetch(`${restricted.url}/v1/rooms/${room}/connect`, {
      headers: { authorization: `Bearer ${await tokenFor("anna")}` },
    })
    expect(response.status).toBe(500)
    expect(await response.json()).toMatchObject(problem)
    expect((await fetch(`${restricted.url}/healthz`)).status).toBe(200)
  })
})
