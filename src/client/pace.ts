/** At once, after the app's own code has run, when the last time was a tick ago: what one task says is said together. */
import type { Millis } from "./machine.ts"

/** The service's own tick by default: more often than that nobody would see it. */
export const TICK_MS = 25

export type Pace = {
  /** Runs within a tick. */
  soon(): void
  /** Runs now if it was to run at all. */
  flush(): void
  /** Not before `wait` is over. */
  slowDown(wait: Millis): void
  stop(): void
}

export function paced(run: () => void): Pace {
  let timer: ReturnType<typeof setTimeout> | undefined
  let nextAt: Millis = -Infinity

  function soon(): void {
    // A clock that was set back must not silence us for as long.
    const wait = Math.min(1000, nextAt - Date.now())
    timer ??= setTimeout(now, Math.max(0, wait))
    // A hidden page's timers are slow, but not what it is told by others: when the tick is over, nobody waits for the timer.
    if (wait <= 0) queueMicrotask(flush)
  }

  function now(): void {
    stop()
    nextAt = Date.now() + TICK_MS
    run()
  }

  function flush(): void {
    if (timer !== undefined) now()
  }

  function stop(): void {
    clearTimeout(timer)
    timer = undefined
  }

  return {
    soon,
    flush,
    slowDown(wait) {
      stop()
      nextAt = Date.now() + wait
      soon()
    },
    stop,
  }
}
