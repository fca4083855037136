/** What the page and the network do, where there is a page; by the DOM's own names. */

const EVENTS = ["online", "offline", "pageshow", "pagehide", "visibilitychange"] as const

export type PageEvent = (typeof EVENTS)[number]

/** `visibilitychange` is told when the page is visible. Returns the way to stop listening. */
export function watchPage(listener: (event: PageEvent) => void): () => void {
  const stop = new AbortController()
  for (const event of globalThis.document ? EVENTS : []) {
    // It bubbles from the document, and means both ways.
    addEventListener(event, () => (event !== "visibilitychange" || !document.hidden) && listener(event), stop)
  }
  return () => stop.abort()
}
