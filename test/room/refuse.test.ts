/** A connect that the room refuses, though nobody of those present is in the way. */
import { runInDurableObject } from "cloudflare:test"
import { expect, it } from "vitest"
import { connect, hibernate, newRoom, requestConnect, stubOf, tokenFor } from "./room-client.ts"

/** What the runtime accepts for one object. */
const MAX_SOCKETS = 32_768

it("[SE5] [ER3] sockets whose peers never answer a close take places until they end: then a connect is room_full, and no 500", {
  timeout: 60_000,
}, async () => {
  const room = newRoom()
  const anna = await connect(room, "anna")
  await anna.ask({ type: "enter", data: {} })
  await hibernate(room)
  const peers = await runInDurableObject(stubOf(room), (_room, state) =>
    Array.from({ length: MAX_SOCKETS - 1 }, () => {
      const { 0: peer, 1: socket } = new WebSocketPair()
      state.acceptWebSocket(socket)
      return peer
    }),
  )
  expect(peers).toHaveLength(MAX_SOCKETS - 1)
  const refused = await requestConnect(room, await tokenFor("bert"))
  expect([refused.status, refused.headers.get("retry-after")]).toEqual([503, "5"])
  expect(await refused.text()).toContain("room_full")
  expect(await stubOf(room).stats(room)).toMatchObject({ connections: 1, members: 1 })
  expect(await anna.sync()).toMatchObject([{ member: "anna" }])
})
