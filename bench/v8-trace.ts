/** What V8 says of its collections, in the output of `--trace-gc`: of those that were asked for, and of those that were not. */
import { setTimeout as sleep } from "node:timers/promises"
import type { Launch, Server } from "./server.ts"

const TOLD_LIMIT_MS = 10_000

/** V8 writes its trace into a buffer of C's, which into a pipe would hold it back until four kilobytes are full. */
export function lineByLine({ command, args, environment }: Launch): Launch {
  return { command: "stdbuf", args: ["-oL", command, ...args], environment }
}

/** Megabytes of objects, before and after; whatever is gone after was garbage. */
export type Collection = { readonly before: number; readonly after: number }

const COLLECTION = /Mark-Compact(?: \(.*?\))? ([\d.]+) \([\d.]+\) -> ([\d.]+) \([\d.]+\) MB.*testing/

export function collectionsAsked(trace: string): Collection[] {
  return trace.split("\n").flatMap((line) => {
    const [, before, after] = COLLECTION.exec(line) ?? []
    return before === undefined || after === undefined ? [] : [{ before: Number(before), after: Number(after) }]
  })
}

/** Waits until V8 has told of so many more collections that were asked for; what it told before is there by then as well. */
export async function toldOfMore(server: Server, already: number, count: number): Promise<Collection[]> {
  const limit = Date.now() + TOLD_LIMIT_MS
  for (;;) {
    const told = collectionsAsked(server.output).slice(already)
    if (told.length >= count) return told
    if (Date.now() > limit) throw new Error(`V8 told of ${told.length} collections:\n${server.output.slice(-1000)}`)
    await sleep(20)
  }
}

/** Milliseconds of every major collection that nobody asked for. */
export function majorCollections(trace: string): number[] {
  const lines = trace.split("\n").filter((line) => line.includes("Mark-Compact") && !line.includes("testing"))
  return lines.map((line) => Number(/([\d.]+) \/ [\d.]+ ms/.exec(line)?.[1])).filter(Number.isFinite)
}
