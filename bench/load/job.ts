/** What the runner asks of a generator, as one argument of JSON, and what it answers, as one line of it. */
import { z } from "zod"

const count = z.int().positive()
const number = z.number()

export const scenarioSchema = z.discriminatedUnion("kind", [
  /** Everybody in `rooms` rooms of `perRoom` members sends `rate` updates a second, spread evenly in time. */
  z.object({ kind: z.literal("storm"), rooms: count, perRoom: count, rate: number, warmS: number, measureS: number }),
  /** So many join one room as fast as they can. */
  z.object({ kind: z.literal("joins"), members: count, limitS: number }),
  /** So many lose their lines at once, half of them miss a change, and all come back; `watchers` more stay. */
  z.object({ kind: z.literal("resume"), members: count, watchers: count, awayS: number, limitS: number }),
  /** So many sit in one room; then each pings once per `pingEveryMs`. */
  z.object({ kind: z.literal("idle"), members: count, settleS: number, idleS: number, measureS: number, pingEveryMs: number }),
  /** So many sit in one room until it has been evicted; then one moves. */
  z.object({ kind: z.literal("wake"), members: count, sleepS: number }),
  /** What a room of so many is billed for: they come, sit there and ping, move, and go. */
  z.object({ kind: z.literal("cost"), members: count, idleS: number, pingEveryMs: number, rate: number, stormS: number }),
])
export type Scenario = z.infer<typeof scenarioSchema>
export type ScenarioOf<K extends Scenario["kind"]> = Extract<Scenario, { kind: K }>

export const jobSchema = z.object({
  adapter: z.discriminatedUnion("kind", [
    z.object({ kind: z.literal("rollcall"), secret: z.string(), adminKey: z.string(), deflate: z.boolean() }),
    z.object({ kind: z.literal("naive"), prefix: z.string(), tellsMembers: z.boolean() }),
  ]),
  port: count,
  /** The server's process. */
  pid: count,
  scenario: scenarioSchema,
})
export type Job = z.infer<typeof jobSchema>
