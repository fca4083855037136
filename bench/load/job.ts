/** What the runner asks of a generator, as one argument of JSON, and what it answers, as one line of it. */
import { z } from "zod"

const count = z.int().positive()
const number = z.number()

export const scenarioSchema = z.discriminatedUnion("kind", [
  /** Everybody in `rooms` rooms of `perRoom` members sends `rate` updates a second, spread evenly in time. */
  z.object({ kind: z.literal("storm"), rooms: count, perRoom: count, rate: number, warmS: number, measureS: number }),
  /** So many join one room as fast as they can. */
  z.object({ kind: z.literal("joins"), members: count, limitS: number }),
  /** So many sit in one room; then each pings once per `pingEveryMs`. */
  z.object({ kind: z.literal("idle"), members: count, settleS: number, idleS: number, measureS: number, pingEveryMs: number }),
])
export type Scenario = z.infer<typeof scenarioSchema>
export type Storm = Extract<Scenario, { kind: "storm" }>
export type Joins = Extract<Scenario, { kind: "joins" }>
export type Idle = Extract<Scenario, { kind: "idle" }>

export const jobSchema = z.object({
  adapter: z.discriminatedUnion("kind", [
    z.object({ kind: z.literal("rollcall"), secret: z.string(), deflate: z.boolean() }),
    z.object({ kind: z.literal("naive"), prefix: z.string() }),
  ]),
  port: count,
  /** The server's process. */
  pid: count,
  scenario: scenarioSchema,
})
export type Job = z.infer<typeof jobSchema>

/** Every run counts these: a run with any of them is not one that can be compared. */
const faults = {
  /** Members who did not get in. */
  failed: number,
  /** Sockets that the server closed, or that broke. */
  closed: number,
  /** Members who did not see everybody of their room. */
  partial: number,
}

const conditions = {
  /** The generator's own share of a core: near 1, it is what was measured. */
  generatorCores: number,
  /** Cores that neither the server nor the generator used. */
  otherCores: number,
  rssMb: number,
}

export const stormResultSchema = z.object({
  kind: z.literal("storm"),
  ...faults,
  ...conditions,
  offeredPerS: number,
  deliveredPerS: number,
  /** Updates that were not sent because three of their sender's were still unseen: the server is saturated. */
  skippedShare: number,
  /** Pairs of an observer and a member whose last state it did not have 1.5 s after the end, of `checked`. */
  stale: number,
  checked: number,
  /** Of updates sent and seen in the measured stretch; null when there was none, as an overloaded server may manage. */
  p50Ms: number.nullable(),
  p95Ms: number.nullable(),
  p99Ms: number.nullable(),
  serverCores: number,
  cpuUsPerState: number,
  bytesPerState: number,
  statesPerFrame: number,
  /** The busiest thread's share of the server's CPU. */
  oneThreadShare: number,
  /** The longest that a sender was late. */
  sendLagMs: number,
})
export type StormResult = z.infer<typeof stormResultSchema>

export const joinsResultSchema = z.object({
  kind: z.literal("joins"),
  ...faults,
  ...conditions,
  /** Until everybody saw everybody; null when the limit came first. */
  wholeMs: number.nullable(),
  connectedMs: number,
  serverCpuS: number,
  receivedMb: number,
  frames: number,
})
export type JoinsResult = z.infer<typeof joinsResultSchema>

export const idleResultSchema = z.object({
  kind: z.literal("idle"),
  ...faults,
  ...conditions,
  pings: number,
  replies: number,
  cpuUsPerPing: number,
  /** Before the pings: the share of a core that the room takes when nothing happens. */
  idleCores: number,
  rssKbPerConnection: number,
})
export type IdleResult = z.infer<typeof idleResultSchema>

export const resultSchema = z.discriminatedUnion("kind", [stormResultSchema, joinsResultSchema, idleResultSchema])
export type Result = z.infer<typeof resultSchema>
