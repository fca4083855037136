/** What the page and the network do, where there is a page; by the DOM's own names. */

const EVENTS = ["online", "offline", "pageshow", "pagehide", "visibilitychange", "freeze", "resume"] as const

export type PageEvent = (typeof EVENTS)[number]

/** `visibilitychange` is told when the page is visible. Returns the way to stop listening. */
export function watchPage(listener: (event: PageEvent) => void): () => void {
  const stop = new AbortController()
  // Some are the document's own: on their way to it they pass the window.
  const options = { capture: true, signal: stop.signal }
  for (const event of globalThis.document ? EVENTS : []) {
    addEventListener(event, () => (event !== "visibilitychange" || !document.hidden) && listener(event), options)
  }
  return () => stop.abort()
}
