/** The generator's process: one argument, the job as JSON; one line of output, the result. */
import { adapterFor } from "../adapters/adapter-for.ts"
import { runCost } from "./cost.ts"
import { Crowd } from "./crowd.ts"
import { runIdle } from "./idle.ts"
import { type Job, jobSchema } from "./job.ts"
import { runJoins } from "./joins.ts"
import type { Result } from "./result.ts"
import { runResume } from "./resume.ts"
import { runStorm } from "./storm.ts"
import { runWake } from "./wake.ts"

function run(crowd: Crowd, job: Job): Promise<Result> {
  const { scenario, pid } = job
  switch (scenario.kind) {
    case "storm":
      return runStorm(crowd, scenario, pid)
    case "joins":
      return runJoins(crowd, scenario, pid)
    case "resume":
      return runResume(crowd, scenario, pid)
    case "idle":
      return runIdle(crowd, scenario, pid)
    case "wake":
      return runWake(crowd, scenario, job)
    case "cost":
      return runCost(crowd, scenario, job)
  }
}

const job = jobSchema.parse(JSON.parse(process.argv[2] ?? "null"))
const crowd = new Crowd(adapterFor(job.adapter), job.port)
const result = await run(crowd, job)
crowd.disperse()
console.log(JSON.stringify(result))
