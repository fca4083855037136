/** The directory's shards as one: a page of rooms in the order of their names, and totals that add up. */
import type { Context } from "hono"
import type { ReportedRoom } from "../directory/directory.ts"
import { shardName } from "../directory/shard.ts"
import { objectOf } from "../placement/placement.ts"
import type { RoomPage, RoomsQuery, Totals } from "../protocol/admin.ts"
import { COUNTER_NAMES } from "../protocol/counters.ts"
import type { AppEnv } from "./app.ts"
import { Refused } from "./problem.ts"

/** Each shard is asked for a whole page: which rooms of it are needed shows only when all are laid together. */
export async function listRooms(c: Context<AppEnv>, { prefix, cursor, limit }: RoomsQuery): Promise<RoomPage> {
  const query = { prefix, after: cursor ?? "", limit: limit + 1 }
  const { directoryShards, directoryShardsBefore } = c.get("settings")
  const rooms = new Map<string, ReportedRoom>()
  // First where rooms move from, then where they move to: one that moves in between is in both, and in the other order could be in none.
  for (const count of directoryShardsBefore === 0 ? [directoryShards] : [directoryShardsBefore, directoryShards]) {
    const lists = await Promise.all(shards(c, count).map((shard) => shard.list(query)))
    for (const found of lists.flat()) {
      const known = rooms.get(found.room)
      if (known === undefined || known.reportedAt < found.reportedAt) rooms.set(found.room, found)
    }
  }
  const sorted = [...rooms.values()].sort((a, b) => (a.room < b.room ? -1 : 1))
  const page = sorted.slice(0, limit).map(({ reportedAt: _, ...summary }) => summary)
  return { rooms: page, cursor: sorted.length > limit ? (page.at(-1)?.room ?? null) : null }
}

export async function totalsOf(c: Context<AppEnv>): Promise<Totals> {
  const totals = { rooms: 0, members: 0, connections: 0, observers: 0 }
  const counters = new Map<string, number>(COUNTER_NAMES.map((name) => [name, 0]))
  const { directoryShards, directoryShardsBefore } = c.get("settings")
  const asked = shards(c, Math.max(directoryShards, directoryShardsBefore))
  for (const shard of await Promise.all(asked.map((each) => each.totals()))) {
    totals.rooms += shard.rooms
    totals.members += shard.members
    totals.connections += shard.connections
    totals.observers += shard.observers
    for (const [name, value] of Object.entries(shard.counters)) counters.set(name, (counters.get(name) ?? 0) + value)
  }
  return { ...totals, counters: Object.fromEntries(counters) }
}

function shards(c: Context<AppEnv>, count: number) {
  const { DIRECTORY } = c.env
  if (DIRECTORY === undefined) {
    throw new Refused({
      code: "misconfigured",
      message: "this deployment has no directory: bind the Durable Object Directory as DIRECTORY",
    })
  }
  const { placement } = c.get("settings")
  return Array.from({ length: count }, (_, shard) => objectOf(DIRECTORY, shardName(shard), placement))
}
