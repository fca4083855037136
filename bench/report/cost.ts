/** What was counted, as a bill: requests, rows and duration of each connection-hour, beside a design that never hibernates. */
import { MESSAGES_PER_REQUEST, METERS, type MeterName, OBJECT_GB } from "../cost/prices.ts"
import { type Bill, type Bills, type CostResult, PHASES, type Phase } from "../load/result.ts"
import { format } from "../statistics.ts"
import { markdown } from "./markdown.ts"
import type { Medians } from "./medians.ts"

const HOUR_S = 3600

/** Of one connection, in one hour or for one visit. */
export type Billed = {
  readonly requests: number
  readonly rowsWritten: number
  readonly rowsRead: number
  readonly gbS: number
  readonly dollars: number
}

/** `connections`: among how many it is divided, or connection-hours. */
export function billed({ Room, Directory }: Bills, connections: number): Billed {
  const requests = (requestsOf(Room) + requestsOf(Directory)) / connections
  const rowsWritten = (Room.rowsWritten + Directory.rowsWritten) / connections
  const rowsRead = (Room.rowsRead + Directory.rowsRead) / connections
  const gbS = (((Room.activeMs + Directory.activeMs) / 1000) * OBJECT_GB) / connections
  return { requests, rowsWritten, rowsRead, gbS, dollars: dollarsOf(requests, rowsWritten, rowsRead, gbS) }
}

/** The same room if it stayed in memory: billed for every second, and each ping is a message to it. */
export function neverAsleep(bills: Bills, pings: number, seconds: number, members: number): Billed {
  const connectionHours = (members * seconds) / HOUR_S
  const awake = billed(bills, connectionHours)
  const requests = awake.requests + pings / MESSAGES_PER_REQUEST / connectionHours
  const gbS = (HOUR_S * OBJECT_GB) / members
  const { rowsWritten, rowsRead } = awake
  return { requests, rowsWritten, rowsRead, gbS, dollars: dollarsOf(requests, rowsWritten, rowsRead, gbS) }
}

function requestsOf({ requests, messages, alarms }: Bill): number {
  return requests + alarms + messages / MESSAGES_PER_REQUEST
}

/** Beyond what a plan includes. */
function dollarsOf(objectRequests: number, rowsWritten: number, rowsRead: number, gbSeconds: number): number {
  const price = (meter: MeterName, count: number) => (METERS[meter].dollars / METERS[meter].per) * count
  return (
    price("objectRequests", objectRequests) +
    price("rowsWritten", rowsWritten) +
    price("rowsRead", rowsRead) +
    price("gbSeconds", gbSeconds)
  )
}

const PHASE_TITLES: Readonly<Record<Phase, string>> = {
  come: "all come",
  idle: "all sit there and ping",
  wake: "one moves",
  storm: "all move",
  go: "all go",
}

export function costTable(medians: Medians<CostResult>): string {
  const [cost] = medians.runs("counted")
  return cost === undefined ? "" : costTables(cost)
}

function costTables({ members, phases, service }: CostResult): string {
  const counted = markdown(
    "what happens|seconds|calls to the room|frames to the room|alarm runs|constructed|rows written|rows read|room awake, ms|directory: calls|rows written|rows read",
    PHASES.map((phase) => {
      const { seconds, bills } = phases[phase]
      const { Room, Directory } = bills
      return [
        PHASE_TITLES[phase],
        ...[seconds, Room.requests, Room.messages, Room.alarms, Room.constructed, Room.rowsWritten, Room.rowsRead, Room.activeMs].map(
          format,
        ),
        ...[Directory.requests, Directory.rowsWritten, Directory.rowsRead].map(format),
      ]
    }),
  )
  const hours = (phase: Phase) => (members * phases[phase].seconds) / HOUR_S
  const { idle, storm, come, go } = phases
  const bills = markdown(
    "of one connection|requests|rows written|rows read|GB-s|dollars a million",
    [
      ["a visit: it comes and goes", billed(sumOf(come.bills, go.bills), members)] as const,
      ["an hour idle", billed(idle.bills, hours("idle"))] as const,
      ["an hour idle, never asleep", neverAsleep(idle.bills, idle.pings, idle.seconds, members)] as const,
      ["an hour of moving", billed(storm.bills, hours("storm"))] as const,
    ].map(([what, { requests, rowsWritten, rowsRead, gbS, dollars }]) => [
      what,
      ...[requests, rowsWritten, rowsRead, gbS, dollars * 1e6].map(format),
    ]),
  )
  const messages = PHASES.reduce((sum, phase) => sum + phases[phase].bills.Room.messages, 0)
  const own = `The service's own counters say of the same run: ${format(service.framesIn)} frames in (the meter: ${format(messages)}), ${format(service.framesOut)} frames out, ${service.sweeps} sweeps, ${service.wakeups} times constructed.`
  return `${counted}\n\n${own}\n\n${bills}`
}

function sumOf(a: Bills, b: Bills): Bills {
  return { Room: sumOfBills(a.Room, b.Room), Directory: sumOfBills(a.Directory, b.Directory) }
}

function sumOfBills(a: Bill, b: Bill): Bill {
  return {
    constructed: a.constructed + b.constructed,
    requests: a.requests + b.requests,
    messages: a.messages + b.messages,
    alarms: a.alarms + b.alarms,
    rowsRead: a.rowsRead + b.rowsRead,
    rowsWritten: a.rowsWritten + b.rowsWritten,
    activeMs: a.activeMs + b.activeMs,
  }
}
