/** A line that a test holds by its other end. */
import type { LineEnd } from "../../src/deflate/index.ts"

type Data = string | Uint8Array<ArrayBuffer>

export class FakeLine {
  static readonly made: FakeLine[] = []
  binaryType = "blob"
  onopen: ((event: Event) => void) | null = null
  onmessage: ((event: MessageEvent) => void) | null = null
  onclose: ((event: LineEnd) => void) | null = null
  onerror: ((event: Event) => void) | null = null
  readonly sent: string[] = []
  readonly closes: [code?: number, reason?: string][] = []
  readonly url: string
  readonly offered: readonly string[]

  constructor(url: string, protocols: string[]) {
    this.url = url
    this.offered = protocols
    FakeLine.made.push(this)
  }

  get protocol(): string {
    return this.offered[0] ?? ""
  }

  send(text: string): void {
    this.sent.push(text)
  }

  close(...close: [code?: number, reason?: string]): void {
    this.closes.push(close)
  }

  /** A frame comes in. */
  say(data: Data): void {
    this.onmessage?.(new MessageEvent("message", { data: typeof data === "string" ? data : data.slice().buffer }))
  }

  end(code: number, reason = ""): void {
    this.onclose?.({ code, reason })
  }
}
