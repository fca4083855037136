/** Takes one sample of a soak after another; each tells what happened since the last. */
import { readdirSync, statSync } from "node:fs"
import { join } from "node:path"
import { z } from "zod"
import { megabytes, Stopwatch } from "../load/measure.ts"
import { percentile } from "../statistics.ts"
import type { Load } from "./load.ts"
import type { Sample } from "./sample.ts"

const statsSchema = z.object({ members: z.number(), connections: z.number(), observers: z.number() })
type Stats = z.infer<typeof statsSchema>

export type Watched = {
  readonly port: number
  readonly pid: number
  readonly adminKey: string
  /** Where the rooms' storage lies. */
  readonly directory: string
  readonly load: Load
}

export class Sampler {
  readonly #watched: Watched
  readonly #startedAt = performance.now()
  #stopwatch: Stopwatch

  constructor(watched: Watched) {
    this.#watched = watched
    this.#stopwatch = new Stopwatch(watched.pid)
  }

  async take(): Promise<Sample> {
    const { load, pid, directory } = this.#watched
    const { rss, serverCores, generatorCores, otherCores } = this.#stopwatch.stop()
    this.#stopwatch = new Stopwatch(pid)
    const { latencies, ...counts } = load.counts
    load.counts.latencies = []
    const sorted = [...Float64Array.from(latencies).sort()]
    const rooms = await Promise.all(load.rooms.map((room) => this.#stats(room)))
    const sum = (name: keyof Stats) => rooms.reduce((total, stats) => total + stats[name], 0)
    return {
      at: (performance.now() - this.#startedAt) / 1000,
      rssMb: megabytes(rss),
      serverCores,
      generatorCores,
      otherCores,
      p50Ms: percentile(sorted, 0.5),
      p99Ms: percentile(sorted, 0.99),
      delivered: latencies.length,
      inside: load.inside,
      members: sum("members"),
      connections: sum("connections"),
      observers: sum("observers"),
      storageMb: megabytes(sizeOf(directory)),
      ...counts,
    }
  }

  async #stats(room: string): Promise<Stats> {
    const { port, adminKey } = this.#watched
    const response = await fetch(`http://127.0.0.1:${port}/v1/admin/rooms/${room}`, { headers: { Authorization: `Bearer ${adminKey}` } })
    if (!response.ok) throw new Error(`${room}: ${response.status} ${await response.text()}`)
    return statsSchema.parse(await response.json())
  }
}

/** Bytes of all files below it; one that vanishes meanwhile counts nothing. */
function sizeOf(directory: string): number {
  return readdirSync(directory, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .reduce((total, { parentPath, name }) => total + (statSync(join(parentPath, name), { throwIfNoEntry: false })?.size ?? 0), 0)
}
