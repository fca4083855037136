/** What a room does that is billed, phase by phase: its members come, sit there, are woken by one, move, and go. */
import { setTimeout as sleep } from "node:timers/promises"
import { z } from "zod"
import type { Crowd } from "./crowd.ts"
import { pingInTurn } from "./idle.ts"
import type { Job, ScenarioOf } from "./job.ts"
import { megabytes, Stopwatch } from "./measure.ts"
import { move } from "./move.ts"
import { type Bill, type Bills, billsSchema, type CostResult, type Phase, serviceCountersSchema } from "./result.ts"
import { Sender } from "./sender.ts"
import { settle } from "./staleness.ts"
import { appointObservers } from "./storm.ts"
import { wire } from "./websocket.ts"

const WHOLE_LIMIT_MS = 30_000

/** Reports to the directory come within this time of what they tell. */
const REPORTED_MS = 2000

export async function runCost(crowd: Crowd, cost: ScenarioOf<"cost">, job: Job): Promise<CostResult> {
  const { port, pid } = job
  const { members, idleS, pingEveryMs, rate, stormS } = cost
  const stopwatch = new Stopwatch(pid)
  const phase = async (act: () => Promise<number>): Promise<CostResult["phases"][Phase]> => {
    const before = await readBills(port)
    const startedAt = performance.now()
    const pings = await act()
    const seconds = (performance.now() - startedAt) / 1000
    return { seconds, pings, bills: spentBetween(before, await readBills(port)) }
  }
  const come = await phase(async () => {
    await crowd.connect(members, () => "r0", members)
    await crowd.becomesWhole(WHOLE_LIMIT_MS)
    // Each client pings once when it comes, so that it is not asked.
    const pings = await pingInTurn(crowd, REPORTED_MS, REPORTED_MS)
    return pings
  })
  const partial = members - crowd.whole
  const idle = await phase(() => pingInTurn(crowd, pingEveryMs, idleS * 1000))
  appointObservers(crowd, 1, members)
  const wake = await phase(async () => {
    const [first] = crowd.participants
    if (first !== undefined) await crowd.arrivals(first.index, 1, WHOLE_LIMIT_MS, () => move(crowd, first))
    return 0
  })
  const storm = await phase(async () => {
    const sender = new Sender(crowd, rate)
    sender.start()
    await sleep(stormS * 1000)
    sender.stop()
    return 0
  })
  const { stale, lost } = await settle(crowd)
  const closed = wire.closedByServer
  const go = await phase(async () => {
    for (const { socket } of crowd.participants) socket?.close()
    await sleep(REPORTED_MS)
    return 0
  })
  const spent = stopwatch.stop()
  return {
    kind: "cost",
    failed: crowd.failed,
    closed,
    partial,
    stale,
    lost,
    members,
    phases: { come, idle, wake, storm, go },
    service: await readService(job),
    generatorCores: spent.generatorCores,
    otherCores: spent.otherCores,
    rssMb: megabytes(spent.rss),
  }
}

async function readBills(port: number): Promise<Bills> {
  const response = await fetch(`http://127.0.0.1:${port}/counted`)
  return billsSchema.parse(await response.json())
}

async function readService({ port, adapter }: Job): Promise<CostResult["service"]> {
  if (adapter.kind !== "rollcall") throw new Error("only Rollcall counts by itself")
  const response = await fetch(`http://127.0.0.1:${port}/v1/admin/stats`, { headers: { Authorization: `Bearer ${adapter.adminKey}` } })
  return z.object({ counters: serviceCountersSchema }).parse(await response.json()).counters
}

function spentBetween(before: Bills, after: Bills): Bills {
  return { Room: difference(before.Room, after.Room), Directory: difference(before.Directory, after.Directory) }
}

function difference(before: Bill, after: Bill): Bill {
  return {
    constructed: after.constructed - before.constructed,
    requests: after.requests - before.requests,
    messages: after.messages - before.messages,
    alarms: after.alarms - before.alarms,
    rowsRead: after.rowsRead - before.rowsRead,
    rowsWritten: after.rowsWritten - before.rowsWritten,
    activeMs: after.activeMs - before.activeMs,
  }
}
