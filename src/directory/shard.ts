/** Which shard of the directory a room belongs to: by a hash of its name that never changes (FNV-1a, 32 bits). */

export function shardOf(room: string, shards: number): number {
  let hash = 0x811c9dc5
  for (let i = 0; i < room.length; i++) hash = Math.imul(hash ^ room.charCodeAt(i), 0x01000193)
  return (hash >>> 0) % shards
}

export function shardName(shard: number): string {
  return `shard-${shard}`
}
