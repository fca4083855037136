/** Virtual time: what is planned happens in order, and at the same instant in the order in which it was planned. */

type Planned = { readonly at: number; readonly order: number; readonly run: () => void }

export class Timeline {
  /** A binary heap: no parent is later than its children. */
  readonly #heap: Planned[] = []
  #order = 0
  now = 0

  after(ms: number, run: () => void): void {
    const planned = { at: this.now + Math.max(0, ms), order: this.#order++, run }
    let i = this.#heap.push(planned) - 1
    while (i > 0) {
      const up = (i - 1) >> 1
      const parent = this.#heap[up]
      if (parent === undefined || !isBefore(planned, parent)) break
      this.#heap[i] = parent
      i = up
    }
    this.#heap[i] = planned
  }

  runUntil(end: number): void {
    for (;;) {
      const next = this.#heap[0]
      if (next === undefined || next.at > end) break
      this.#takeFirst()
      this.now = next.at
      next.run()
    }
    this.now = end
  }

  #takeFirst(): void {
    const last = this.#heap.pop()
    if (last === undefined || this.#heap.length === 0) return
    let i = 0
    for (;;) {
      const left = 2 * i + 1
      const [a, b] = [this.#heap[left], this.#heap[left + 1]]
      const [child, at] = b !== undefined && a !== undefined && isBefore(b, a) ? [b, left + 1] : [a, left]
      if (child === undefined || !isBefore(child, last)) break
      this.#heap[i] = child
      i = at
    }
    this.#heap[i] = last
  }
}

function isBefore(a: Planned, b: Planned): boolean {
  return a.at < b.at || (a.at === b.at && a.order < b.order)
}
