/** A line that speaks `rollcall.v1.deflate` for a client that knows `rollcall.v1` alone. */
import { DEFLATE_SUBPROTOCOL } from "../protocol/names.ts"
import { canInflate, inflate } from "./inflate.ts"

/** The part of a WebSocket that is used; browsers, Node, Deno, Workers and the package ws all have it. */
export type Line = {
  binaryType: string
  readonly protocol: string
  onopen: ((event: never) => void) | null
  onmessage: ((event: never) => void) | null
  onclose: ((event: never) => void) | null
  onerror: ((event: never) => void) | null
  send(text: string): void
  close(code?: number, reason?: string): void
}

export type LineConstructor = new (url: string, protocols: string[]) => Line

/** What `onclose` is told: a CloseEvent, or as much of it. */
export type LineEnd = { readonly code: number; readonly reason: string }

/** A frame that could not be inflated. No code of the room's own: the client resumes. */
const CORRUPT = 4007

/** What Cloudflare lets a message be at most, compressed or not. */
const LIMIT_BYTES = 32 * 2 ** 20

/** Not once a frame was corrupt, whosever fault it was: text needs nobody. */
let offers = true

/**
 * Give it to `createClient({ WebSocket: DeflateWebSocket })`, and longer frames from the room come compressed: in a crowd that moves, a
 * third of the bytes. Frames are told in the order in which they came, and the end after all of them. Where the platform cannot inflate,
 * and after a frame that was corrupt (it ends the line with 4007, and the client resumes), all is text as without it.
 */
export class DeflateWebSocket {
  onopen: ((event: Event) => void) | null = null
  onmessage: ((event: MessageEvent) => void) | null = null
  onclose: ((event: LineEnd) => void) | null = null
  onerror: ((event: Event) => void) | null = null
  readonly #line: Line
  /** Frames that are being inflated, and what came after them. */
  #waiting = 0
  #told: Promise<void> = Promise.resolve()
  #isClosed = false

  /** `WebSocket` is what the line is made of: where there is no global one, or another is wanted, give it in a subclass. */
  constructor(url: string, protocols: string[], WebSocket: LineConstructor = globalThis.WebSocket) {
    if (WebSocket === undefined) throw new TypeError("no WebSocket here")
    this.#line = new WebSocket(url, offers && canInflate() ? [DEFLATE_SUBPROTOCOL, ...protocols] : protocols)
    this.#line.binaryType = "arraybuffer"
    this.#line.onopen = (event: Event) => this.onopen?.(event)
    this.#line.onmessage = (event: MessageEvent<string | ArrayBuffer>) => this.#heard(event)
    this.#line.onclose = (event: LineEnd) => this.#inTurn(() => this.onclose?.(event))
    this.#line.onerror = (event: Event) => this.onerror?.(event)
  }

  /** What the service selected: `rollcall.v1.deflate` where frames come compressed. */
  get protocol(): string {
    return this.#line.protocol
  }

  send(text: string): void {
    this.#line.send(text)
  }

  /** Frames that were not told yet are not told any more. */
  close(code?: number, reason?: string): void {
    this.#isClosed = true
    this.#line.close(code, reason)
  }

  #heard(event: MessageEvent<string | ArrayBuffer>): void {
    const { data } = event
    if (typeof data === "string") this.#inTurn(() => this.#tell(event))
    else this.#queue(() => this.#inflated(data))
  }

  async #inflated(data: ArrayBuffer): Promise<void> {
    if (this.#isClosed) return
    let text: string
    try {
      text = await inflate(new Uint8Array(data), LIMIT_BYTES)
    } catch (cause) {
      this.#fail(cause)
      return
    }
    this.#tell(new MessageEvent("message", { data: text }))
  }

  #tell(event: MessageEvent): void {
    if (!this.#isClosed) this.onmessage?.(event)
  }

  #fail(cause: unknown): void {
    if (this.#isClosed) return
    offers = false
    const reason = `a frame could not be inflated: ${cause}`
    this.#line.onclose = null
    this.close(CORRUPT)
    this.onclose?.({ code: CORRUPT, reason })
  }

  /** At once where nothing is before it. */
  #inTurn(tell: () => void): void {
    if (this.#waiting === 0) tell()
    else this.#queue(tell)
  }

  #queue(task: () => unknown): void {
    this.#waiting++
    this.#told = this.#told.then(task).then(
      () => void this.#waiting--,
      (cause) => {
        this.#waiting--
        // A handler's fault is its own: what comes after it is told all the same, and the page hears of it.
        queueMicrotask(() => {
          throw cause
        })
      },
    )
  }
}
