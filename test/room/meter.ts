/**
 * What objects write and read while a test runs, as Cloudflare bills it: rows by the cursors' own count, and each `setAlarm`. It sits
 * between the objects of this isolate and their storage, and changes nothing of what they do.
 */
import { runInDurableObject } from "cloudflare:test"
import { env } from "cloudflare:workers"
import { shardName } from "../../src/directory/shard.ts"
import { newRoom, stubOf } from "./room-client.ts"

export type Metered = {
  rows: number
  rowsRead: number
  alarmsSet: number
  directoryRows: number
  reports: number
  /** Of the room that set one last. */
  alarmAt: number
}

const NOTHING: Metered = { rows: 0, rowsRead: 0, alarmsSet: 0, directoryRows: 0, reports: 0, alarmAt: Number.POSITIVE_INFINITY }
const SHARDS = 4

export class Meter {
  readonly counts: Metered = { ...NOTHING }
  readonly #stop: () => void

  private constructor(install: (counts: Metered) => () => void) {
    this.#stop = install(this.counts)
  }

  /** Counts from now on, in every object of this file. The directory's tables are there already: they are made but once. */
  static async start(): Promise<Meter> {
    for (let shard = 0; shard < SHARDS; shard++) await env.DIRECTORY?.getByName(shardName(shard)).count({})
    return runInDurableObject(stubOf(newRoom()), (_, { storage }) => new Meter((counts) => tap(storage, counts)))
  }

  stop(): void {
    this.#stop()
  }

  reset(): void {
    const { alarmAt } = this.counts
    Object.assign(this.counts, { ...NOTHING, alarmAt })
  }

  /** Once every report that was sent has been written down. */
  async told(): Promise<void> {
    for (let shard = 0; shard < SHARDS; shard++) await env.DIRECTORY?.getByName(shardName(shard)).totals()
  }
}

/** All storages share their classes, so one of them leads to all. Returns how to end it. */
function tap(storage: DurableObjectStorage, counts: Metered): () => void {
  const sqlClass: SqlStorage = Object.getPrototypeOf(storage.sql)
  const storageClass: DurableObjectStorage = Object.getPrototypeOf(storage)
  const { exec } = sqlClass
  const { setAlarm } = storageClass
  const isDirectory = (sql: SqlStorage) => [...exec.call(sql, "SELECT 1 FROM sqlite_master WHERE name = 'rooms'")].length > 0
  Object.assign(sqlClass, {
    exec(this: SqlStorage, query: string, ...bindings: unknown[]) {
      const cursor = exec.call(this, query, ...bindings)
      const rows = cursor.toArray()
      const isOfDirectory = isDirectory(this)
      if (query.startsWith("UPDATE rooms")) counts.reports++
      counts[isOfDirectory ? "directoryRows" : "rows"] += cursor.rowsWritten
      if (!isOfDirectory) counts.rowsRead += cursor.rowsRead
      return rows
    },
  })
  Object.assign(storageClass, {
    setAlarm(this: DurableObjectStorage, at: number) {
      if (!isDirectory(this.sql)) {
        counts.alarmsSet++
        counts.alarmAt = at
      }
      return setAlarm.call(this, at)
    },
  })
  return () => {
    Object.assign(sqlClass, { exec })
    Object.assign(storageClass, { setAlarm })
  }
}
