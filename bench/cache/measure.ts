/** One strategy in one setting, from an empty cache to one under memory pressure, in a process of its own. */
import { freePort, Server } from "../server.ts"
import { median } from "../statistics.ts"
import { inWorkerd } from "../targets.ts"
import { collectionsAsked, lineByLine, majorCollections, toldOfMore } from "../v8-trace.ts"
import { usedHeap } from "./heap.ts"
import { type Answer, answerSchema, type Step } from "./steps.ts"
import type { Strategy } from "./strategies.ts"

export type Setting = {
  readonly entries: number
  /** Of each entry's text. */
  readonly bytes: number
  /** Null: V8's own default. */
  readonly heapLimitMb: number | null
}

/** What is absent was not reached, as the process ran out of memory, or is left out for this setting. */
export type Measured = {
  /** More than with an empty cache, garbage of the filling included. */
  heldMb?: number
  collectedMb?: number
  nsPerMiss?: number
  /** From a full cache, as far as the heap let it stay full. */
  nsPerRead?: number
  snapshotMs?: number
  /** The first snapshot after a collection. */
  collectedSnapshotMs?: number
  pressedHitShare?: number
  pressedNsPerRead?: number
  /** Keys not known to be collected when the pressure ends. */
  pressedAliveShare?: number
  /** Major collections that nobody asked for. */
  collections?: number
  collectionMs?: number
}

/** The text of a larger room would be the largest thing in the isolate: nobody builds that. */
const MAX_SNAPSHOT_BYTES = 16_000_000

const READS = 200_000
const PRESSED_READS = 400_000
const SNAPSHOTS = 20

/** V8 writes a report before it ends a process that is out of memory. */
const DYING_MS = 5000

const MB = 1024 * 1024

export async function measureCache(module: string, strategy: Strategy, setting: Setting): Promise<Measured> {
  const { entries, bytes, heapLimitMb } = setting
  const inspectorPort = await freePort()
  const v8Flags = ["--expose-gc", "--trace-gc", ...(heapLimitMb === null ? [] : [`--max-heap-size=${heapLimitMb}`])]
  const launch = inWorkerd({ module, objects: {}, variables: {}, v8Flags }, [`--inspector-addr=127.0.0.1:${inspectorPort}`])
  const server = await Server.start((port) => lineByLine(launch(port)))
  const ask = (step: Step) => askServer(server.port, step)
  const measured: Measured = {}
  try {
    await ask({ do: "prepare", strategy, entries, bytes })
    await ask({ do: "collect" })
    const empty = await usedHeap(inspectorPort)
    measured.nsPerMiss = ((await ask({ do: "scan" })).ms * 1e6) / entries
    measured.heldMb = ((await usedHeap(inspectorPort)) - empty) / MB
    // Twice: what a finalizer lets go is garbage only then.
    await ask({ do: "collect" })
    await ask({ do: "collect" })
    measured.collectedMb = ((await usedHeap(inspectorPort)) - empty) / MB
    await ask({ do: "scan" })
    measured.nsPerRead = (await ask({ do: "read", reads: READS, isUnderPressure: false })).ms * (1e6 / READS)
    if (entries * bytes <= MAX_SNAPSHOT_BYTES) {
      measured.snapshotMs = (await ask({ do: "snapshots", times: SNAPSHOTS, isCollectedBefore: false })).ms / SNAPSHOTS
      measured.collectedSnapshotMs = (await ask({ do: "snapshots", times: SNAPSHOTS, isCollectedBefore: true })).ms / SNAPSHOTS
    }
    const pressed = await ask({ do: "read", reads: PRESSED_READS, isUnderPressure: true })
    measured.pressedHitShare = pressed.hits / PRESSED_READS
    measured.pressedNsPerRead = pressed.ms * (1e6 / PRESSED_READS)
    measured.pressedAliveShare = pressed.live / entries
    const asked = collectionsAsked(server.output).length
    await ask({ do: "collect" })
    await toldOfMore(server, asked, 1)
    const collections = majorCollections(server.output)
    measured.collections = collections.length
    measured.collectionMs = median(collections)
  } catch (error) {
    if (!(await server.endsWithin(DYING_MS))) throw error
    console.error(`${strategy} ended the process: ${server.output.slice(-300)}`)
  } finally {
    await server.stop()
  }
  return measured
}

async function askServer(port: number, step: Step): Promise<Answer> {
  const response = await fetch(`http://127.0.0.1:${port}/`, { method: "POST", body: JSON.stringify(step) })
  return answerSchema.parse(await response.json())
}
