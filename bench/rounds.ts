/** Runs every scenario on every target, interleaved: A B C in one round and C B A in the next, so that a drift of the machine hits all. */
import { spawn } from "node:child_process"
import { once } from "node:events"
import { join } from "node:path"
import { text } from "node:stream/consumers"
import { z } from "zod"
import { BENCH } from "./build.ts"
import type { Job } from "./load/job.ts"
import { type Result, resultSchema } from "./load/result.ts"
import type { NamedScenario } from "./scenarios.ts"
import { Server } from "./server.ts"
import { TARGETS } from "./target-names.ts"
import type { Target } from "./targets.ts"

export const runSchema = z.object({ scenario: z.string(), target: z.enum(TARGETS), result: resultSchema })
export type Run = z.infer<typeof runSchema>

const RUN_LIMIT_MS = 300_000

export async function runRounds(
  scenarios: readonly NamedScenario[],
  targets: readonly Target[],
  rounds: number,
  done: (run: Run) => void,
): Promise<Run[]> {
  const runs: Run[] = []
  for (let round = 0; round < rounds; round++) {
    for (const { name, scenario, targets: meant, isOnce } of scenarios) {
      if (isOnce === true && round > 0) continue
      for (const target of round % 2 === 0 ? targets : targets.toReversed()) {
        if (!meant.includes(target.name)) continue
        const run = { scenario: name, target: target.name, result: await runOnce(target, scenario) }
        done(run)
        runs.push(run)
      }
    }
  }
  return runs
}

async function runOnce(target: Target, scenario: Job["scenario"]): Promise<Result> {
  const server = await Server.start(target.launch)
  try {
    return await generate({ adapter: target.adapter, port: server.port, pid: server.pid, scenario })
  } catch (error) {
    throw new Error(`${target.name} failed; its server said:\n${server.output}`, { cause: error })
  } finally {
    await server.stop()
  }
}

/** In a process of its own: a generator that was used before is a slower one. */
export async function generate(job: Job): Promise<Result> {
  const args = ["--max-semi-space-size=64", join(BENCH, "load", "generator.ts"), JSON.stringify(job)]
  const child = spawn(process.execPath, args, { stdio: ["ignore", "pipe", "inherit"], timeout: RUN_LIMIT_MS, killSignal: "SIGKILL" })
  const [output] = await Promise.all([text(child.stdout), once(child, "exit")])
  if (child.exitCode !== 0) throw new Error("the generator failed")
  return resultSchema.parse(JSON.parse(output))
}
