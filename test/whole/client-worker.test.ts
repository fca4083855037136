/** The client inside a Worker, where a socket, a timer and `fetch` are the runtime's, and there is no page. */
import { afterEach, describe, expect, it, vi } from "vitest"
import { type Client, createClient, type JsonObject } from "../../src/client/index.ts"
import { byMember } from "../client/scene.ts"
import { withWorker } from "../in-a-worker.ts"
import { serviceForFile } from "./service.ts"
import { freshRoom, tokenFor } from "./wire-client.ts"

const service = serviceForFile()

const WORKER = `
import { createClient } from "./src/client/index.ts"
export default {
  async fetch(request) {
    const { url, token, refused, room } = await request.json()
    const client = createClient({ url, token, tabs: true })
    const { room: shown } = await client.acquire(room, { initial: { from: "a Worker" } })
    await shown.send("hello", { from: shown.self.member })
    const others = shown.others.map(({ member, data }) => [member, data])
    const stranger = createClient({ url, token: refused })
    const reason = await stranger.acquire(room).catch(({ message }) => message)
    client.close()
    return Response.json({ others, reason, stats: client.pool.stats() })
  },
}
`

const clients: Client[] = []
afterEach(() => {
  for (const client of clients.splice(0)) client.close()
})

describe("in a Worker", () => {
  it("[CL26] the client connects, enters, sees, speaks, is told why it is refused, and leaves", async () => {
    const room = freshRoom()
    const client = createClient({ url: service.url, token: () => tokenFor("anna") })
    clients.push(client)
    const anna = client.room<JsonObject>(room, { initial: { x: 1 } })
    const seen: unknown[] = []
    anna.on("enter", ({ entry }) => seen.push(entry.data))
    anna.on("message", ({ event, data }) => seen.push([event, data]))
    await vi.waitFor(() => expect(anna.members).toHaveLength(1), { timeout: 8000 })
    const asked = { url: service.url, token: await tokenFor("worker"), refused: "no token", room }
    await withWorker(WORKER, async (ask) => {
      expect(await ask({ body: JSON.stringify(asked) })).toMatchObject({
        others: [["anna", { x: 1 }]],
        reason: expect.stringContaining("JWT"),
        stats: { open: 0, opened: 1, closed: 1 },
      })
      await vi.waitFor(() => expect([seen, byMember(anna.others)]).toEqual([[{ from: "a Worker" }, ["hello", { from: "worker" }]], {}]), {
        timeout: 8000,
      })
    })
  })
})
