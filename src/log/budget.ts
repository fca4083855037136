/** How many lines an event may write: what goes wrong a thousand times a second must not be written a thousand times. Pure. */

export const LINES = 20
export const WINDOW_MS = 10_000

type Window = { readonly since: number; lines: number; heldBack: number }

export class LogBudget {
  readonly #windows = new Map<string, Window>()

  /** Null: this line is held back. Else it may be written, and so many of its event were held back before it. */
  take(event: string, now: number): number | null {
    const known = this.#windows.get(event)
    const isOver = known === undefined || now < known.since || now - known.since >= WINDOW_MS
    const window = isOver ? { since: now, lines: 0, heldBack: known?.heldBack ?? 0 } : known
    this.#windows.set(event, window)
    if (window.lines >= LINES) {
      window.heldBack++
      return null
    }
    window.lines++
    const { heldBack } = window
    window.heldBack = 0
    return heldBack
  }
}
