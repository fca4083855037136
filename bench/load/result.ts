/** What a generator found, as one line of JSON: one shape for each kind of scenario. */
import { z } from "zod"

const number = z.number()

/** Every run counts these: a run with any of them is not one that can be compared. */
const faults = {
  /** Members who did not get in. */
  failed: number,
  /** Sockets that the server closed, or that broke. */
  closed: number,
  /** Members who did not see everybody of their room. */
  partial: number,
  /** Pairs of members of whom one lacked the other's last state 1.5 s after the end. */
  stale: number,
  /** Those that still did, when nothing was under way any more. */
  lost: number,
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
  /** How long was measured. */
  seconds: number,
  offeredPerS: number,
  deliveredPerS: number,
  /** Updates that were not sent because three of their sender's were still unseen: the server is saturated. */
  skippedShare: number,
  /** Pairs that could be stale. */
  checked: number,
  /** The most pairs, at any look during the storm, of whom one lacked a state that the other had sent 1.5 s before. */
  staleDuring: number,
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

export const resumeResultSchema = z.object({
  kind: z.literal("resume"),
  ...faults,
  ...conditions,
  /** From the first who came back until all were back, saw everybody, and had what they had missed; null when the limit came first. */
  currentMs: number.nullable(),
  /** Who went on where they were; the others came as strangers. */
  resumed: number,
  /** Leaves that anybody was told of, from before the lines broke until the end. */
  leaves: number,
  serverCpuS: number,
  receivedMb: number,
  /** Bytes to each who had missed nothing, and to each who had missed a change, until all were current. */
  currentBytes: number,
  staleBytes: number,
})
export type ResumeResult = z.infer<typeof resumeResultSchema>

export const idleResultSchema = z.object({
  kind: z.literal("idle"),
  ...faults,
  ...conditions,
  pings: number,
  replies: number,
  cpuUsPerPing: number,
  /** Before the pings: the share of a core that the room takes when nothing happens. */
  idleCores: number,
  /** While nothing happens, before the pings. */
  rssKbPerConnection: number,
})
export type IdleResult = z.infer<typeof idleResultSchema>

export const wakeResultSchema = z.object({
  kind: z.literal("wake"),
  ...faults,
  ...conditions,
  /** From the first frame after the eviction until all others had it, and until the median one had; null when some never did. */
  wakeMs: number.nullable(),
  wakeP50Ms: number.nullable(),
  /** The same for the next frame, to the room that is awake. */
  awakeMs: number.nullable(),
  /** How often the object was constructed, where the server tells: 2, or it had not slept. */
  constructed: number.nullable(),
  rssKbPerConnection: number,
})
export type WakeResult = z.infer<typeof wakeResultSchema>

/** What one class of objects did in a phase. */
const bill = z.object({
  constructed: number,
  /** HTTP requests, upgrades among them, and calls by other objects. */
  requests: number,
  /** WebSocket messages that reached code; pings that the runtime answers are none. */
  messages: number,
  alarms: number,
  rowsRead: number,
  /** `setAlarm` counts as one. */
  rowsWritten: number,
  /** How long anything ran or a timer was pending: while the object could not sleep. */
  activeMs: number,
})
export type Bill = z.infer<typeof bill>

export const billsSchema = z.object({ Room: bill, Directory: bill })
export type Bills = z.infer<typeof billsSchema>

export const PHASES = ["come", "idle", "wake", "storm", "go"] as const
export type Phase = (typeof PHASES)[number]

/** Of the service's own totals, what the meter counts too. */
export const serviceCountersSchema = z.object({ framesIn: number, framesOut: number, sweeps: number, wakeups: number })

export const costResultSchema = z.object({
  kind: z.literal("cost"),
  ...faults,
  ...conditions,
  members: number,
  phases: z.record(z.enum(PHASES), z.object({ seconds: number, pings: number, bills: billsSchema })),
  /** What the service says of the whole run, once everybody has gone. */
  service: serviceCountersSchema,
})
export type CostResult = z.infer<typeof costResultSchema>

export const resultSchema = z.discriminatedUnion("kind", [
  stormResultSchema,
  joinsResultSchema,
  resumeResultSchema,
  idleResultSchema,
  wakeResultSchema,
  costResultSchema,
])
export type Result = z.infer<typeof resultSchema>
export type ResultOf<K extends Result["kind"]> = Extract<Result, { kind: K }>
