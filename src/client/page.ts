/** What the page and the network do, where there is a page. */

export type Signal = "online" | "offline" | "shown" | "hidden"

const EVENTS: readonly (readonly [type: string, signal: Signal])[] = [
  ["online", "online"],
  ["offline", "offline"],
  ["pageshow", "shown"],
  ["pagehide", "hidden"],
  // It bubbles from the document, and means both ways.
  ["visibilitychange", "shown"],
]

/** Returns the way to stop listening. */
export function watchPage(listener: (signal: Signal) => void): () => void {
  const stop = new AbortController()
  for (const [type, signal] of typeof document === "undefined" ? [] : EVENTS) {
    const said = () => {
      if (signal !== "shown" || !document.hidden) listener(signal)
    }
    addEventListener(type, said, stop)
  }
  return () => stop.abort()
}
