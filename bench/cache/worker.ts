/** The Worker that holds one cache: each step of the comparison is a request, so that the driver can look at the heap in between. */
import { type Answer, type Step, stepSchema } from "./steps.ts"
import { Workload } from "./workload.ts"

let workload = new Workload("none", 1, 200)

/** Returns milliseconds. */
async function perform(step: Step): Promise<number> {
  switch (step.do) {
    case "prepare":
      workload = new Workload(step.strategy, step.entries, step.bytes)
      return 0
    case "scan":
      return workload.scan()
    case "read":
      return workload.read(step.reads, step.isUnderPressure)
    case "snapshots":
      return workload.snapshots(step.times, step.isCollectedBefore ? collect : () => {})
    case "collect": {
      const startedAt = performance.now()
      collect()
      return performance.now() - startedAt
    }
  }
}

function collect(): void {
  const gc: unknown = Reflect.get(globalThis, "gc")
  if (typeof gc !== "function") throw new Error("run with --expose-gc")
  gc()
}

export default {
  async fetch(request: Request): Promise<Response> {
    const step = stepSchema.parse(await request.json())
    const before = workload.counters()
    const ms = await perform(step)
    const { hits, misses, live } = workload.counters()
    return Response.json({ ms, hits: hits - before.hits, misses: misses - before.misses, live } satisfies Answer)
  },
}
