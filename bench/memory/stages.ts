/** One server through the stages of a connection's life, and what of its memory is resident at each. */
import { readFileSync } from "node:fs"
import { setTimeout as sleep } from "node:timers/promises"
import { adapterFor } from "../adapters/adapter-for.ts"
import { Crowd } from "../load/crowd.ts"
import { Server } from "../server.ts"
import type { Target } from "../targets.ts"
import { collectionsAsked, lineByLine, toldOfMore } from "../v8-trace.ts"
import { COLLECT_PATH } from "./collecting.ts"
import { type Resident, residentBy } from "./mappings.ts"

/** `joined`: as they came. `collected`: after a full collection. `asleep`: the room was evicted, and all collected. `gone`: all have left, and all collected. */
export const STAGES = ["joined", "collected", "asleep", "gone"] as const
export type Stage = (typeof STAGES)[number]

/** Bytes. `objects`: of the heap, what V8 takes for living, or has not yet found to be garbage. */
export type Held = Resident & { readonly objects: number }

/** `settleS`: how long nothing happens before one looks, after they came and after they left. `sleepS`: until the room was evicted. */
export type Course = { readonly members: number; readonly joinsPerS: number; readonly settleS: number; readonly sleepS: number }

/** What each stage holds more than the server did before they came. */
export type Stages = Readonly<Record<Stage, Held>>

const WHOLE_LIMIT_MS = 30_000
const COLLECT_LIMIT_MS = 10_000
const MB = 2 ** 20

/** What a finalizer of one collection lets go is garbage only for the next. */
const COLLECTIONS = 2

export async function runStages(target: Target, { members, joinsPerS, settleS, sleepS }: Course): Promise<Stages> {
  const server = await Server.start((port) => lineByLine(target.launch(port)))
  const crowd = new Crowd(adapterFor(target.adapter), server.port)
  try {
    await crowd.warmUp()
    const empty = (await collect(server)).after
    await crowd.connect(members, () => "r0", members, joinsPerS)
    if (!(await crowd.becomesWhole(WHOLE_LIMIT_MS))) throw new Error(`${crowd.whole} of ${members} see everybody`)
    await sleep(settleS * 1000)
    const { before: joined, after: collected } = await collect(server)
    await sleep(sleepS * 1000)
    const { after: asleep } = await collect(server)
    crowd.disperse()
    await sleep(settleS * 1000)
    const { after: gone } = await collect(server)
    return { joined: more(joined, empty), collected: more(collected, empty), asleep: more(asleep, empty), gone: more(gone, empty) }
  } finally {
    crowd.disperse()
    await server.stop()
  }
}

function more(held: Held, empty: Held): Held {
  return {
    v8: held.v8 - empty.v8,
    tables: held.tables - empty.tables,
    malloc: held.malloc - empty.malloc,
    rest: held.rest - empty.rest,
    objects: held.objects - empty.objects,
  }
}

/** What is resident before a full collection, and after. */
export async function collect(server: Server): Promise<{ before: Held; after: Held }> {
  const resident = () => residentBy(readFileSync(`/proc/${server.pid}/smaps`, "utf8"))
  const before = resident()
  const already = collectionsAsked(server.output).length
  for (let i = 0; i < COLLECTIONS; i++) {
    const response = await fetch(`http://127.0.0.1:${server.port}${COLLECT_PATH}`, { signal: AbortSignal.timeout(COLLECT_LIMIT_MS) })
    if (!response.ok) throw new Error(`the collection: ${response.status} ${await response.text()}`)
    await response.arrayBuffer()
  }
  const said = await toldOfMore(server, already, COLLECTIONS)
  return {
    before: { ...before, objects: (said[0]?.before ?? Number.NaN) * MB },
    after: { ...resident(), objects: (said.at(-1)?.after ?? Number.NaN) * MB },
  }
}
