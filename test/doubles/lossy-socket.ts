/** One line to the lossy service. Texts keep their order in each direction, and wait as long as the line lets them. */
import type { LossyService } from "./lossy-service.ts"

type Handler = ((event: never) => void) | null

export class LossySocket {
  onmessage: Handler = null
  onclose: Handler = null
  onerror: Handler = null
  readonly url: URL
  readonly token: string
  /** Texts that the client sent, in order. */
  readonly sent: string[] = []
  /** Whether the client has been told of its end, or has closed it. */
  isOver = false
  /** The code with which the client closed it; null: it did not. */
  closedWith: number | null = null
  readonly #service: LossyService
  readonly #arrivals = { up: 0, down: 0 }
  /** `dead`: nothing comes through any more, and neither side is told. */
  #line: "up" | "dead" | "cut" = "up"
  #isAdmitted = false

  constructor(service: LossyService, url: string, protocols: string[]) {
    const [name, token] = protocols
    if (name !== "rollcall.v1" || token === undefined) throw new Error(`bad subprotocols: ${protocols.join(", ")}`)
    if (/[^\x21-\x7e]/.test(token)) throw new SyntaxError("a subprotocol holds no such characters")
    this.#service = service
    this.url = new URL(url)
    this.token = token.slice("token.".length)
    this.#upwards(() => this.#admit())
  }

  get room(): string {
    return decodeURIComponent(this.url.pathname.split("/").at(-2) ?? "")
  }

  /** Frames of a type that the client sent. */
  frames(type: string): Record<string, unknown>[] {
    return this.sent.flatMap((text) => (text === "ping" ? [] : [JSON.parse(text)])).filter((frame) => frame.type === type)
  }

  send(text: string): void {
    if (this.isOver) throw new Error("send on a socket that was closed")
    this.sent.push(text)
    this.#upwards(() => this.#service.room(this.room).receive(this, text))
  }

  close(code = 1005): void {
    if (code !== 1000 && code !== 1005 && (code < 3000 || code > 4999)) throw new Error(`no client may close with ${code}`)
    if (this.isOver) return
    this.closedWith = code
    this.isOver = true
    this.#upwards(() => this.#service.room(this.room).ended(this, code))
  }

  /** From the room to the client. */
  tell(text: string): void {
    this.#downwards(() => emit(this.onmessage, { data: text }))
  }

  /** After what the room told before. */
  endByRoom(code: number, reason: string): void {
    this.#downwards(() => this.#over(code, reason))
  }

  /** The line breaks, and both sides notice, each in its own time. */
  cut(): void {
    if (this.#line !== "up" || this.isOver) return
    this.#line = "cut"
    if (this.#isAdmitted) this.#later("up", () => this.#service.room(this.room).ended(this, 1006))
    this.#later("down", () => this.#over(1006, ""))
  }

  /** Nothing comes through any more, and nobody is told. */
  die(): void {
    if (this.#line === "up") this.#line = "dead"
  }

  #admit(): void {
    if (this.isOver) return
    if (this.#service.refusal(this.token) !== null) return void this.#later("down", () => this.#over(1006, ""))
    this.#isAdmitted = true
    this.#service.room(this.room).connect(this, this.url.searchParams.get("session"))
  }

  #over(code: number, reason: string): void {
    if (this.isOver) return
    this.isOver = true
    emit(this.onclose, { code, reason })
  }

  #upwards(run: () => void): void {
    this.#later("up", () => {
      if (this.#line === "up") run()
    })
  }

  #downwards(run: () => void): void {
    this.#later("down", () => {
      if (this.#line === "up" && !this.isOver) run()
    })
  }

  #later(direction: "up" | "down", run: () => void): void {
    const at = Math.max(this.#arrivals[direction], Date.now() + this.#service.options.latency())
    this.#arrivals[direction] = at
    setTimeout(run, Math.max(0, at - Date.now()))
  }
}

/** The client declares what it needs of an event, and what it is given here is that. */
function emit(handler: Handler, event: object): void {
  handler?.call(null, event as never)
}
