/** A WebSocket with a plug to pull, given to the client in place of the browser's own; frames come compressed. */
import { DeflateWebSocket } from "../../deflate/index.ts"

export type Plug = {
  readonly Socket: new (url: string, protocols: string[]) => DeflateWebSocket
  readonly isOut: () => boolean
  /** Breaks every line at once; until `pushIn`, new ones hang, as they do when a cable is out. */
  readonly pull: () => void
  readonly pushIn: () => void
}

/** A close code of no meaning to the room: for it, the line broke. */
const BROKEN = 3000
const LOST = 1006

export function createPlug(): Plug {
  const lines = new Set<WebSocket>()
  const hanging = new Set<HangingLine>()
  let isOut = false

  const dial = (url: string, protocols: string[]): WebSocket => {
    const line = new WebSocket(url, protocols)
    lines.add(line)
    line.addEventListener("close", () => lines.delete(line))
    return line
  }
  const Line = new Proxy(WebSocket, {
    construct(_target, [url, protocols]: [string, string[]]) {
      if (!isOut) return dial(url, protocols)
      const line = new HangingLine(() => dial(url, protocols))
      hanging.add(line)
      return line
    },
  })
  return {
    Socket: class extends DeflateWebSocket {
      constructor(url: string, protocols: string[]) {
        super(url, protocols, Line)
      }
    },
    isOut: () => isOut,
    pull() {
      isOut = true
      for (const line of lines) line.close(BROKEN, "the plug was pulled")
    },
    pushIn() {
      isOut = false
      for (const line of hanging) line.goThrough()
      hanging.clear()
    },
  }
}

/** An attempt to connect that goes through late, or never. */
class HangingLine {
  onopen: ((event: Event) => void) | null = null
  onmessage: ((event: MessageEvent) => void) | null = null
  onclose: ((event: CloseEvent) => void) | null = null
  onerror: ((event: Event) => void) | null = null
  binaryType: BinaryType = "blob"
  readonly #dial: () => WebSocket
  #line: WebSocket | null = null
  #isGivenUp = false

  constructor(dial: () => WebSocket) {
    this.#dial = dial
  }

  goThrough(): void {
    if (this.#isGivenUp) return
    const line = this.#dial()
    line.binaryType = this.binaryType
    line.onopen = (event) => this.onopen?.(event)
    line.onmessage = (event) => this.onmessage?.(event)
    line.onclose = (event) => this.onclose?.(event)
    line.onerror = (event) => this.onerror?.(event)
    this.#line = line
  }

  get protocol(): string {
    return this.#line?.protocol ?? ""
  }

  send(text: string): void {
    this.#line?.send(text)
  }

  close(code?: number): void {
    this.#line?.close(code)
    if (this.#line !== null) return
    this.#isGivenUp = true
    queueMicrotask(() => this.onclose?.(new CloseEvent("close", { code: LOST })))
  }
}
