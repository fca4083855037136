/** Asks again and again while the page is seen; slower while it fails, and never twice at once. */

const MOST_MS = 30_000

export type Poll = { readonly now: () => void; readonly stop: () => void }

export function poll(everyMs: number, ask: () => Promise<void>): Poll {
  let timer: ReturnType<typeof setTimeout> | undefined
  let failures = 0
  let isAsking = false
  let isAskedAgain = false
  let isOver = false

  const now = async (): Promise<void> => {
    clearTimeout(timer)
    if (isOver || document.hidden) return
    if (isAsking) {
      isAskedAgain = true
      return
    }
    isAsking = true
    isAskedAgain = false
    await ask().then(
      () => {
        failures = 0
      },
      () => {
        failures++
      },
    )
    isAsking = false
    if (isAskedAgain) return now()
    if (!isOver) timer = setTimeout(now, Math.min(MOST_MS, everyMs * 2 ** Math.min(failures, 5)))
  }
  const shown = () => void now()
  document.addEventListener("visibilitychange", shown)
  shown()
  return {
    now: shown,
    stop() {
      isOver = true
      clearTimeout(timer)
      document.removeEventListener("visibilitychange", shown)
    },
  }
}
