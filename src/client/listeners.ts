/** Who is to be told, and by which handle: a handle lives as long as one of its listeners does. */

export type Listener<Event> = { readonly owner: object; readonly call: (event: Event) => void }

/** One listener's fault is its own: the others are told all the same. */
export function callAll<Event>(listeners: Iterable<Listener<Event>>, event: Event, failed: (cause: unknown) => void): void {
  for (const { call } of [...listeners]) {
    try {
      call(event)
    } catch (cause) {
      failed(cause)
    }
  }
}

/** Where an error of the app's own handler belongs: to the page's error events, else to the console. */
export function report(cause: unknown): void {
  if (typeof reportError === "function") reportError(cause)
  else console.error(cause)
}
