/** What the Worker itself counts, which no room does: told to the directory, in whose totals it stands beside the rooms'. */
import type { Settings } from "../config/config.ts"
import { shardName } from "../directory/shard.ts"
import { messageOf } from "../log/fault.ts"
import { log } from "../log/log.ts"
import { objectOf } from "../placement/placement.ts"
import type { Counters } from "../protocol/counters.ts"

/** Totals add up all shards, so that any will do. Whether it was counted; what was not is logged, and nobody fails for it. */
export async function count(directory: Cloudflare.Env["DIRECTORY"], settings: Settings, counters: Counters): Promise<boolean> {
  if (directory === undefined) return true
  const shard = Math.floor(Math.random() * settings.directoryShards)
  try {
    await objectOf(directory, shardName(shard), settings.placement).count(counters)
    return true
  } catch (error) {
    log("counts_failed", { counts: counters, message: messageOf(error) })
    return false
  }
}
