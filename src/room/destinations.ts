/** Where a room's report goes: to the directory, and to Workers Analytics Engine where it is bound. */
import type { Settings } from "../config/config.ts"
import type { Report } from "../directory/directory.ts"
import { shardName, shardOf } from "../directory/shard.ts"
import { messageOf } from "../log/fault.ts"
import { log } from "../log/log.ts"
import { objectOf } from "../placement/placement.ts"
import { pointOf } from "./analytics.ts"

/** `leaseMs` 0: nobody is there. What a destination throws makes the room report anew. */
export type Destination = { send(report: Report): Promise<void> }

/** In this order: a report that the directory did not take is told anew, and must not be a second point. */
export function destinationsOf({ DIRECTORY, ANALYTICS }: Cloudflare.Env, settings: Settings): Destination[] {
  return [
    ...(DIRECTORY === undefined ? [] : [toDirectory(DIRECTORY, settings)]),
    ...(ANALYTICS === undefined ? [] : [toAnalytics(ANALYTICS)]),
  ]
}

function toDirectory(directory: NonNullable<Cloudflare.Env["DIRECTORY"]>, settings: Settings): Destination {
  const { directoryShards, directoryShardsBefore, placement } = settings
  const objectFor = (shard: number) => objectOf(directory, shardName(shard), placement)
  return {
    async send(report) {
      const shard = shardOf(report.room, directoryShards)
      await objectFor(shard).report(report)
      const old = directoryShardsBefore === 0 ? shard : shardOf(report.room, directoryShardsBefore)
      if (old === shard) return
      // The report itself was taken, and must not count twice: what stays behind ends with its lease.
      await objectFor(old)
        .withdraw(report.room)
        .catch((error: unknown) => log("report_failed", { room: report.room, message: messageOf(error) }))
    },
  }
}

/** A point that is not taken is lost, and hurts nothing else. */
function toAnalytics(analytics: AnalyticsEngineDataset): Destination {
  return {
    async send(report) {
      try {
        analytics.writeDataPoint(pointOf(report))
      } catch (error) {
        log("analytics_failed", { room: report.room, message: messageOf(error) })
      }
    },
  }
}
