/** What the client takes from its platform: web globals alone, the optional ones guarded. Tests put their own in its place. */

/** The part of a WebSocket that is used; browsers, Node, Deno, Workers and the package ws all have it. */
export type SocketLike = {
  onopen: ((event: never) => void) | null
  onmessage: ((event: never) => void) | null
  onclose: ((event: never) => void) | null
  onerror: ((event: never) => void) | null
  send(text: string): void
  close(code?: number): void
}

export type SocketConstructor = new (url: string, protocols: string[]) => SocketLike

export type Signal = "online" | "offline" | "shown" | "hidden"

export type Environment = {
  readonly now: () => number
  readonly random: () => number
  /** Runs once, `ms` from now, unless the returned function was called before. */
  readonly after: (ms: number, run: () => void) => () => void
  readonly Socket: SocketConstructor
  readonly fetch: (url: string, init: RequestInit) => Promise<Response>
  /** What the page and the network do; returns the way to stop listening. */
  readonly watch: (listener: (signal: Signal) => void) => () => void
}

const MAX_TIMER_MS = 2 ** 31 - 1

export function platform(Socket: SocketConstructor | undefined): Environment {
  if (Socket === undefined && globalThis.WebSocket === undefined) {
    throw new TypeError("this platform has no WebSocket: pass one as createClient({ WebSocket })")
  }
  return {
    now: Date.now,
    random: Math.random,
    after(ms, run) {
      const timer = setTimeout(run, Math.min(ms, MAX_TIMER_MS))
      return () => clearTimeout(timer)
    },
    Socket: Socket ?? globalThis.WebSocket,
    fetch: (url, init) => fetch(url, init),
    watch,
  }
}

function watch(listener: (signal: Signal) => void): () => void {
  const stops: (() => void)[] = []
  const listen = (target: EventTarget | undefined, type: string, signal: () => Signal | null) => {
    const handler = () => {
      const said = signal()
      if (said !== null) listener(said)
    }
    target?.addEventListener(type, handler)
    stops.push(() => target?.removeEventListener(type, handler))
  }
  const page = typeof document === "undefined" ? undefined : document
  const frame = typeof window === "undefined" ? undefined : window
  listen(frame, "online", () => "online")
  listen(frame, "offline", () => "offline")
  listen(page, "visibilitychange", () => (page?.visibilityState === "visible" ? "shown" : null))
  listen(frame, "focus", () => "shown")
  listen(frame, "pageshow", () => "shown")
  listen(frame, "pagehide", () => "hidden")
  return () => {
    for (const stop of stops) stop()
  }
}
