/** Medians of one scenario's runs, server by server. */
import type { Result, ResultOf } from "../load/result.ts"
import type { Run } from "../rounds.ts"
import { median } from "../statistics.ts"
import { TARGETS, type TargetName } from "../target-names.ts"

/** A value that is no number in a run (nobody whole in time) counts as infinite. */
export class Medians<R extends object> {
  readonly #results: ReadonlyMap<TargetName, readonly R[]>

  constructor(results: ReadonlyMap<TargetName, readonly R[]>) {
    this.#results = results
  }

  get targets(): TargetName[] {
    return TARGETS.filter((target) => this.#results.has(target))
  }

  runs(target: TargetName): readonly R[] {
    return this.#results.get(target) ?? []
  }

  /** NaN where the server was not run. */
  of(target: TargetName, pick: (result: R) => number | null): number {
    return median(this.runs(target).map((result) => pick(result) ?? Number.POSITIVE_INFINITY))
  }

  ratio(target: TargetName, reference: TargetName, pick: (result: R) => number | null): number {
    return this.of(target, pick) / this.of(reference, pick)
  }

  /** What no median may hide. */
  worst(target: TargetName, pick: (result: R) => number): number {
    const values = this.runs(target).map(pick)
    return values.length === 0 ? Number.NaN : Math.max(...values)
  }
}

export function mediansOf<K extends Result["kind"]>(runs: readonly Run[], scenario: string, kind: K): Medians<ResultOf<K>> {
  const results = new Map<TargetName, ResultOf<K>[]>()
  const isOfKind = (result: Result): result is ResultOf<K> => result.kind === kind
  for (const { result, target, ...run } of runs) {
    if (run.scenario === scenario && isOfKind(result)) results.set(target, [...(results.get(target) ?? []), result])
  }
  return new Medians(results)
}
