/** The settings of a room, which is asked for nothing while a variable is wrong: this is for an alarm that comes in between. */
import { readSettings, type Settings } from "../config/config.ts"
import { log } from "../log/log.ts"

export function roomSettings(env: Cloudflare.Env): Settings {
  const settings = readSettings(env)
  if (settings.ok) return settings.value
  log("misconfigured", { message: settings.error.message })
  throw new Error(settings.error.message)
}
