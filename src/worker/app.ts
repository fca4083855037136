/** What every route shares: the environment, and settings that were checked before the first of them runs. */
import type { Context, MiddlewareHandler } from "hono"
import { readSettings, type Settings } from "../config/config.ts"
import type { Room } from "../room/room.ts"
import { problem } from "./problem.ts"

export type AppEnv = { Bindings: Cloudflare.Env; Variables: { settings: Settings } }

/** A bad value is refused at the first request, whichever it is, and never falls back silently. */
export const withSettings: MiddlewareHandler<AppEnv> = async (c, next) => {
  const settings = readSettings(c.env)
  if (!settings.ok) return problem(settings.error, 500)
  c.set("settings", settings.value)
  return next()
}

export function roomStub(c: Context<AppEnv>, room: string): DurableObjectStub<Room> {
  return c.env.ROOM.getByName(room)
}
