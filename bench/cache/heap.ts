/** The collections of V8's heap, from its own trace. */

/** Milliseconds of every major collection that was not forced, in the output of `--trace-gc`. */
export function majorCollections(trace: string): number[] {
  const lines = trace.split("\n").filter((line) => line.includes("Mark-Compact") && !line.includes("testing"))
  return lines.map((line) => Number(/([\d.]+) \/ [\d.]+ ms/.exec(line)?.[1])).filter(Number.isFinite)
}
