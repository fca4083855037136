/** The servers under test: how each is built, started and spoken to. */
import { randomBytes } from "node:crypto"
import { mkdirSync } from "node:fs"
import { join } from "node:path"
import { BENCH, buildRollcall, buildWorker, workerdBinary } from "./build.ts"
import type { Job } from "./load/job.ts"
import type { Launch } from "./server.ts"
import type { TargetName } from "./target-names.ts"
import { type WorkerConfig, writeConfig } from "./workerd.ts"

export type Target = {
  readonly name: TargetName
  readonly adapter: Job["adapter"]
  readonly launch: (port: number) => Launch
}

/** As in wrangler.toml. */
export const ROLLCALL_OBJECTS = { ROOM: "Room", DIRECTORY: "Directory" }

/** How a Worker is run beyond what is its own. */
export type Running = Pick<WorkerConfig, "v8Flags" | "around">

/** Builds a target into a directory of its own below `scratch`. */
export async function prepareTarget(name: TargetName, scratch: string, running: Running = {}): Promise<Target> {
  const directory = join(scratch, name)
  mkdirSync(directory, { recursive: true })
  switch (name) {
    case "rollcall":
    case "deflate":
    case "counted": {
      const secret = randomBytes(32).toString("hex")
      const adminKey = randomBytes(16).toString("hex")
      const module = name === "counted" ? await buildWorker("counted/worker.ts", directory) : buildRollcall(directory)
      const variables = { TOKEN_SECRETS: secret, ADMIN_KEYS: adminKey }
      return {
        name,
        adapter: { kind: "rollcall", secret, adminKey, deflate: name === "deflate" },
        launch: inWorkerd({ ...running, module, objects: ROLLCALL_OBJECTS, variables }),
      }
    }
    case "naive":
    case "bare": {
      const module = await buildWorker("peers/naive.ts", directory)
      const launch = inWorkerd({ ...running, module, objects: { Room: "Room" }, variables: {} })
      return { name, adapter: { kind: "naive", prefix: `/${name}/`, tellsMembers: name === "naive" }, launch }
    }
    case "party": {
      const module = await buildWorker("peers/party.ts", directory)
      const launch = inWorkerd({ ...running, module, objects: { Room: "Room" }, variables: {} })
      return { name, adapter: { kind: "naive", prefix: "/parties/room/", tellsMembers: true }, launch }
    }
    case "ws": {
      const launch = (port: number): Launch => ({
        command: process.execPath,
        args: [join(BENCH, "peers", "ws.ts")],
        environment: { PORT: String(port) },
      })
      return { name, adapter: { kind: "naive", prefix: "/", tellsMembers: true }, launch }
    }
  }
}

/** `workerd serve` itself: the proxy of a development server would be measured too. */
export function inWorkerd(config: WorkerConfig, flags: readonly string[] = []): (port: number) => Launch {
  const command = workerdBinary()
  return (port) => ({ command, args: ["serve", ...flags, writeConfig(config, port)], environment: {} })
}
