import { Webhook } from "standardwebhooks"
import { expect, it } from "vitest"
import { withWorker } from "../in-a-worker.ts"

const WORKER = `
import { createAdmin, mintToken, RollcallNetworkError, verifyToken, verifyWebhook } from "./src/server/index.ts"
const secret = "a-secret-of-a-backend-a-secret-of-a-backend"
export default {
  async fetch(request) {
    const token = await mintToken({ secret, member: "anna", rooms: { "*": ["subscribe"] } })
    const { member } = await verifyToken(token, { secret })
    const event = verifyWebhook(await request.text(), request.headers, request.headers.get("signed-by"))
    const admin = createAdmin({ url: "http://presence.example.com", key: "key", fetch: async () => Response.json({ members: [], cursor: null }) })
    const page = await admin.members("doc-1")
    const silent = createAdmin({ url: "http://presence.example.com", key: "key", fetch: (_url, { signal }) => new Promise((_, no) => signal.addEventListener("abort", () => no(signal.reason))), timeoutMs: 5 })
    const late = await silent.health().catch((error) => error instanceof RollcallNetworkError)
    return Response.json({ member, event, page, late })
  },
}
`

it("[PK7] rollcall/server runs in a Worker that asks for none of Node", { timeout: 60_000 }, async () => {
  const happened = { type: "room.occupied", timestamp: "2026-11-25T12:00:00.000Z", data: { room: "doc-1", sequence: 1 } }
  const payload = JSON.stringify(happened)
  const secret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
  const at = new Date()
  const headers = {
    "webhook-id": "msg_1",
    "webhook-timestamp": String(Math.floor(at.getTime() / 1000)),
    "webhook-signature": new Webhook(secret).sign("msg_1", at, payload),
    "signed-by": secret,
  }
  await withWorker(WORKER, async (ask) => {
    expect(await ask({ headers, body: payload })).toEqual({
      member: "anna",
      event: { ...happened, id: "msg_1" },
      page: { members: [], cursor: null },
      late: true,
    })
  })
})
