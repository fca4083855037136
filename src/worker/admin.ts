/** The admin API, behind an admin key. */
import { Hono } from "hono"
import { timingSafeEqual } from "hono/utils/buffer"
import type { RoomStats } from "../protocol/admin.ts"
import { isRoomName, ROOM_NAME_RULE } from "../protocol/names.ts"
import { type AppEnv, roomStub } from "./app.ts"
import { problem } from "./problem.ts"

export const admin = new Hono<AppEnv>()

admin.use(async (c, next) => {
  const { adminKeys } = c.get("settings")
  if (adminKeys.length === 0) {
    return problem({ code: "misconfigured", message: "the admin API is off: set the secret ADMIN_KEYS (wrangler secret put ADMIN_KEYS)" })
  }
  const key = /^Bearer +(\S+)$/i.exec(c.req.header("authorization") ?? "")?.[1]
  if (key === undefined) return problem({ code: "bad_token", message: "send an admin key as Authorization: Bearer <key>" })
  if (!(await isOneOf(adminKeys, key))) return problem({ code: "bad_token", message: "this is not an admin key" })
  return next()
})

admin.get("/rooms/:room", async (c) => {
  const room = c.req.param("room")
  if (!isRoomName(room)) return problem({ code: "bad_room", message: ROOM_NAME_RULE })
  const stats: RoomStats = await roomStub(c, room).stats(room)
  return c.json(stats)
})

/** In constant time, and every key is compared whichever fits. */
async function isOneOf(keys: readonly string[], key: string): Promise<boolean> {
  const equal = await Promise.all(keys.map((known) => timingSafeEqual(known, key)))
  return equal.includes(true)
}
