/** What every route shares: the environment, and settings that were checked before the first of them runs. */
import type { Context, MiddlewareHandler } from "hono"
import { cors } from "hono/cors"
import { isAllowedOrigin, readSettings, type Settings } from "../config/config.ts"
import { log } from "../log/log.ts"
import { objectOf } from "../placement/placement.ts"
import type { Room } from "../room/room.ts"
import { problem } from "./problem.ts"

export type AppEnv = { Bindings: Cloudflare.Env; Variables: { settings: Settings } }

/** A bad value is refused at the first request, whichever it is, and never falls back silently. */
export const withSettings: MiddlewareHandler<AppEnv> = async (c, next) => {
  const settings = readSettings(c.env)
  if (!settings.ok) {
    log("misconfigured", { message: settings.error.message })
    return problem(settings.error, { status: 500 })
  }
  c.set("settings", settings.value)
  return next()
}

/** Pages of the allowed Origins may read the answers. A 101 takes no more headers, and a WebSocket is not subject to CORS. */
export const withCors: MiddlewareHandler<AppEnv> = async (c, next) => {
  if (isUpgrade(c.req.raw)) return next()
  const allowed = c.get("settings").allowedOrigins
  const origin = (asked: string) => (isAllowedOrigin(asked, allowed) ? asked : null)
  return cors({ origin, allowHeaders: ["authorization"], allowMethods: ["GET"], exposeHeaders: ["retry-after"], maxAge: 86_400 })(c, next)
}

export function isUpgrade(request: Request): boolean {
  return request.headers.get("upgrade")?.toLowerCase() === "websocket"
}

export function roomStub(c: Context<AppEnv>, room: string): DurableObjectStub<Room> {
  return objectOf(c.env.ROOM, room, c.get("settings").placement)
}
