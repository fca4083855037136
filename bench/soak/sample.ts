/** What is sampled while a soak runs: the server's process, the rooms' counts, and what the visitors counted. */
import { z } from "zod"

const number = z.number()

export const sampleSchema = z.object({
  /** Seconds since the last connection was made. */
  at: number,
  rssMb: number,
  /** Cores since the last sample: the server's, the generator's, and everybody else's. */
  serverCores: number,
  generatorCores: number,
  otherCores: number,
  /** Of all updates decoded since the last sample, by everybody who was told of them; null of none. */
  p50Ms: number.nullable(),
  p99Ms: number.nullable(),
  delivered: number,
  /** Visitors that are in, by their own account; then the sums over the rooms' stats. */
  inside: number,
  members: number,
  connections: number,
  observers: number,
  /** Files of the rooms' storage, in megabytes. */
  storageMb: number,
  joins: number,
  leaves: number,
  cuts: number,
  resumes: number,
  continued: number,
  steps: number,
  updates: number,
  failed: number,
  closed: number,
})
export type Sample = z.infer<typeof sampleSchema>
