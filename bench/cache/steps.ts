/** What the driver asks of the process that holds the cache, and what it answers: both sides share the schemas. */
import { z } from "zod"
import { STRATEGIES } from "./strategies.ts"

export const stepSchema = z.discriminatedUnion("do", [
  z.object({ do: z.literal("prepare"), strategy: z.enum(STRATEGIES), entries: z.int(), bytes: z.int() }),
  /** Reads everything once, in order. */
  z.object({ do: z.literal("scan") }),
  z.object({ do: z.literal("read"), reads: z.int(), isUnderPressure: z.boolean() }),
  z.object({ do: z.literal("snapshots"), times: z.int(), isCollectedBefore: z.boolean() }),
  /** A major collection, forced. */
  z.object({ do: z.literal("collect") }),
])
export type Step = z.infer<typeof stepSchema>

export const answerSchema = z.object({
  /** What the cache's part of the step took, in all. */
  ms: z.number(),
  hits: z.int(),
  misses: z.int(),
  /** Keys whose value the cache does not know to be collected. */
  live: z.int(),
})
export type Answer = z.infer<typeof answerSchema>
