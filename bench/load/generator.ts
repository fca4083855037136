/** The generator's process: one argument, the job as JSON; one line of output, the result. */
import type { Adapter } from "../adapters/adapter.ts"
import { naive } from "../adapters/naive.ts"
import { rollcall } from "../adapters/rollcall.ts"
import { Crowd } from "./crowd.ts"
import { runIdle } from "./idle.ts"
import { type Job, jobSchema, type Result } from "./job.ts"
import { runJoins } from "./joins.ts"
import { runStorm } from "./storm.ts"

function adapterFor({ adapter }: Job): Adapter {
  return adapter.kind === "rollcall" ? rollcall(adapter.secret, adapter.deflate) : naive(adapter.prefix)
}

function run(crowd: Crowd, { scenario, pid }: Job): Promise<Result> {
  switch (scenario.kind) {
    case "storm":
      return runStorm(crowd, scenario, pid)
    case "joins":
      return runJoins(crowd, scenario, pid)
    case "idle":
      return runIdle(crowd, scenario, pid)
  }
}

const job = jobSchema.parse(JSON.parse(process.argv[2] ?? "null"))
const crowd = new Crowd(adapterFor(job), job.port)
const result = await run(crowd, job)
crowd.disperse()
console.log(JSON.stringify(result))
