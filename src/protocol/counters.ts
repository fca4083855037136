/** What rooms count, under the names of `/v1/admin/stats`: each only ever grows. docs/metrics.md says what each means. */
import { z } from "zod"
import { LEAVE_REASONS } from "./close-codes.ts"
import { ERROR_CODES } from "./errors.ts"

export const COUNTERS = {
  framesIn: "Frames from clients, without pings.",
  framesOut: "Frames to clients: the fan-out's, welcomes and answers.",
  updates: "Updates that rooms took in.",
  updatesMerged: "Updates that were told together with an earlier one of their connection in the same tick.",
  messages: "Messages that were sent into rooms.",
  enters: "Connections that became present.",
  resumes: "Connections that came back within their grace.",
  sweeps: "Looks at everybody by a room's alarm.",
  wakeups: "How often rooms were constructed: cold, or after hibernation.",
  cacheHits: "Encoded rooms and entries that were still in the weak cache.",
  cacheMisses: "Encoded rooms and entries that had to be made.",
  cacheReclaimed: "Encoded rooms and entries that the garbage collector took.",
  webhooksDelivered: "Webhooks that the receiver took.",
  webhooksFailed: "Attempts to deliver a webhook that failed.",
  webhooksDead: "Webhooks that were given up, and lie in the dead letters.",
} as const

export type CounterName = keyof typeof COUNTERS | `leaves.${(typeof LEAVE_REASONS)[number]}` | `errors.${(typeof ERROR_CODES)[number]}`

const plain = Object.keys(COUNTERS).filter((name): name is keyof typeof COUNTERS => name in COUNTERS)

/** All of them; leaves by reason and errors by code among them. */
export const COUNTER_NAMES: readonly CounterName[] = [
  ...plain,
  ...LEAVE_REASONS.map((reason) => `leaves.${reason}` as const),
  ...ERROR_CODES.map((code) => `errors.${code}` as const),
]

export const countersSchema = z.record(z.string(), z.int().nonnegative())
export type Counters = z.infer<typeof countersSchema>
