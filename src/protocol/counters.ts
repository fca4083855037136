/** What rooms count, under the names of `/v1/admin/stats`: each only ever grows. docs/metrics.md says what each means. */
import { z } from "zod"
import { CLOSE_CODES, type CloseCode, LEAVE_REASONS } from "./close-codes.ts"
import { ERROR_CODES, type ErrorCode } from "./errors.ts"

export const COUNTERS = {
  framesIn: "Frames from clients, without pings.",
  framesOut: "Frames to clients: the fan-out's, welcomes and answers.",
  updates: "Updates that rooms took in.",
  updatesMerged: "Updates that were told together with an earlier one of their connection in the same tick.",
  messages: "Messages that were sent into rooms.",
  enters: "Connections that became present.",
  resumes: "Connections that came back within their grace.",
  alarms: "Alarms of rooms that went off, for a sweep, a report or a retention that ended.",
  sweeps: "Looks at everybody by a room's alarm.",
  wakeups: "How often rooms were constructed: cold, or after hibernation.",
  cacheHits: "Encoded rooms and entries that were still in the weak cache.",
  cacheMisses: "Encoded rooms and entries that had to be made.",
  cacheReclaimed: "Encoded rooms and entries that the garbage collector took.",
  webhooksDropped: "Webhooks that never left their room, because too many waited there.",
  webhooksDelivered: "Webhooks that the receiver took.",
  webhooksFailed: "Attempts to deliver a webhook that failed.",
  webhooksDead: "Webhooks that were given up, and lie in the dead letters.",
} as const

/** Counters by a label; in the answer each is `name.value`. */
export const LABELLED = {
  leaves: { label: "reason", values: LEAVE_REASONS, help: "Ends of a connection's presence, by reason." },
  closes: { label: "code", values: CLOSE_CODES, help: "Connections that the room closed, by close code." },
  errors: { label: "code", values: ERROR_CODES, help: "Refused frames, by error code; internal counts what went wrong in a room." },
  refusals: { label: "code", values: ERROR_CODES, help: "Requests that were refused, upgrades among them, by error code." },
} as const

type Plain = keyof typeof COUNTERS
export type CounterName =
  | Plain
  | `leaves.${(typeof LEAVE_REASONS)[number]}`
  | `closes.${CloseCode}`
  | `errors.${ErrorCode}`
  | `refusals.${ErrorCode}`

const plain = Object.keys(COUNTERS).filter((name): name is Plain => name in COUNTERS)

/** All of them, with every value of every label. */
export const COUNTER_NAMES: readonly CounterName[] = [
  ...plain,
  ...LEAVE_REASONS.map((reason) => `leaves.${reason}` as const),
  ...CLOSE_CODES.map((code) => `closes.${code}` as const),
  ...ERROR_CODES.map((code) => `errors.${code}` as const),
  ...ERROR_CODES.map((code) => `refusals.${code}` as const),
]

export const countersSchema = z.record(z.string(), z.int().nonnegative())
export type Counters = z.infer<typeof countersSchema>
