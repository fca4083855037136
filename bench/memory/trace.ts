/** What V8 says of its heap at each full collection that was asked for, in the output of `--trace-gc`. */

/** Megabytes of objects, before and after; whatever is gone after was garbage. */
export type Collection = { readonly before: number; readonly after: number }

const COLLECTION = /Mark-Compact(?: \(.*?\))? ([\d.]+) \([\d.]+\) -> ([\d.]+) \([\d.]+\) MB.*testing/

export function collectionsAsked(trace: string): Collection[] {
  return trace.split("\n").flatMap((line) => {
    const [, before, after] = COLLECTION.exec(line) ?? []
    return before === undefined || after === undefined ? [] : [{ before: Number(before), after: Number(after) }]
  })
}
