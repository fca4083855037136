/** A collection on demand, in Node: the flag is set for this process alone. */
import { setImmediate } from "node:timers/promises"
import { setFlagsFromString } from "node:v8"
import { runInNewContext } from "node:vm"

setFlagsFromString("--expose-gc")
const gc: unknown = runInNewContext("gc")

/** A collection alone: finalizers have not run yet. What the running job made or read is kept. */
export function collectNow(): void {
  if (typeof gc !== "function") throw new Error("the collector cannot be called")
  gc()
}

/** A full collection, after which finalizers have run. A WeakRef keeps its value until the job that made or read it ends, hence the turns. */
export async function collect(): Promise<void> {
  for (let turn = 0; turn < 3; turn++) {
    await setImmediate()
    collectNow()
  }
  await setImmediate()
}
