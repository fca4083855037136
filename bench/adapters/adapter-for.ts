/** The adapter that speaks a server's protocol, from what a job says of it. */
import type { Job } from "../load/job.ts"
import type { Adapter } from "./adapter.ts"
import { naive } from "./naive.ts"
import { rollcall } from "./rollcall.ts"

export function adapterFor(adapter: Job["adapter"]): Adapter {
  return adapter.kind === "rollcall" ? rollcall(adapter.secret, adapter.deflate) : naive(adapter.prefix, adapter.tellsMembers)
}
