/**
 * A WebSocket client made to be cheap: raw TCP, one shared read buffer, a mask key of zero, and frames handed on as
 * positions in that buffer. A received frame costs tens of nanoseconds, so that the generator is not what is measured.
 */
import { connect, type Socket } from "node:net"
import { inflated } from "./inflation.ts"

/** What all clients of this process moved. */
export const wire = { bytesIn: 0, framesIn: 0, closedByServer: 0, errors: 0 }

const READ_BUFFER = Buffer.allocUnsafe(512 * 1024)

const TEXT = 1
const BINARY = 2
const CLOSE = 8
const PING = 9
const PONG = 10
const LAST_FRAGMENT = 0x80

/** Close code 1000, as a Close frame carries it. */
const NORMAL = Buffer.from([0x03, 0xe8])

export type Handlers = {
  readonly opened: (client: WebSocketClient) => void
  /** A whole text frame: its payload is `bytes` from `start` to `end`, valid only during the call. */
  readonly received: (client: WebSocketClient, bytes: Buffer, start: number, end: number) => void
  readonly closed: (client: WebSocketClient) => void
}

export class WebSocketClient {
  isOpen = false
  /** What came on this socket. */
  bytesIn = 0
  /** Why the upgrade was refused or the line broke. */
  fault: string | null = null
  readonly #handlers: Handlers
  readonly #socket: Socket
  #isUpgraded = false
  #isEnding = false
  /** The beginning of a frame whose end has not come yet. */
  #rest: Buffer | null = null
  /** Fragments of a message whose last one has not come yet. */
  #fragments: Buffer[] = []

  constructor(port: number, path: string, headers: Readonly<Record<string, string>>, handlers: Handlers) {
    this.#handlers = handlers
    this.#socket = connect({
      host: "127.0.0.1",
      port,
      onread: {
        buffer: READ_BUFFER,
        callback: (length) => {
          this.#read(length)
          return true
        },
      },
    })
    this.#socket.setNoDelay(true)
    this.#socket.on("connect", () => this.#socket.write(upgradeRequest(port, path, headers)))
    this.#socket.on("error", (error) => {
      wire.errors++
      this.fault ??= error.message
    })
    this.#socket.on("close", () => {
      if (!this.#isEnding) wire.closedByServer++
      this.isOpen = false
      this.#handlers.closed(this)
    })
  }

  /** `frame` comes from `textFrame`. */
  write(frame: Buffer): void {
    if (this.#socket.writable) this.#socket.write(frame)
  }

  /** Says goodbye with code 1000; the server then ends the line. */
  close(): void {
    this.#isEnding = true
    this.write(clientFrame(CLOSE, NORMAL))
  }

  destroy(): void {
    this.#isEnding = true
    this.#socket.destroy()
  }

  #read(length: number): void {
    wire.bytesIn += length
    this.bytesIn += length
    let bytes = READ_BUFFER
    let end = length
    if (this.#rest !== null) {
      bytes = Buffer.concat([this.#rest, READ_BUFFER.subarray(0, length)])
      end = bytes.length
      this.#rest = null
    }
    const start = this.#isUpgraded ? 0 : this.#upgrade(bytes, end)
    if (start === null) return
    const next = this.#frames(bytes, start, end)
    if (next < end) this.#rest = Buffer.from(bytes.subarray(next, end))
  }

  /** Where the frames begin, or null while the response is not whole, or was a refusal. */
  #upgrade(bytes: Buffer, end: number): number | null {
    const headEnd = bytes.subarray(0, end).indexOf("\r\n\r\n")
    if (headEnd < 0) {
      this.#rest = Buffer.from(bytes.subarray(0, end))
      return null
    }
    const head = bytes.toString("latin1", 0, headEnd)
    if (!head.startsWith("HTTP/1.1 101")) {
      wire.errors++
      this.fault = head.split("\r\n")[0] ?? "no status line"
      this.#socket.destroy()
      return null
    }
    this.#isUpgraded = true
    this.isOpen = true
    this.#handlers.opened(this)
    return headEnd + 4
  }

  /** Handles every whole frame and returns where the first incomplete one begins. */
  #frames(bytes: Buffer, from: number, end: number): number {
    let at = from
    while (end - at >= 2) {
      const first = bytes.readUInt8(at)
      let length = bytes.readUInt8(at + 1) & 0x7f
      let head = 2
      if (length === 126) {
        if (end - at < 4) break
        length = bytes.readUInt16BE(at + 2)
        head = 4
      } else if (length === 127) {
        if (end - at < 10) break
        length = bytes.readUInt32BE(at + 6)
        head = 10
      }
      if (end - at < head + length) break
      const start = at + head
      at = start + length
      const opcode = first & 0x0f
      if (first === (LAST_FRAGMENT | TEXT)) this.#message(bytes, start, at)
      else if (first === (LAST_FRAGMENT | BINARY)) this.#deflated(bytes, start, at)
      else if (opcode === PING) this.write(clientFrame(PONG, bytes.subarray(start, at)))
      else if (opcode === CLOSE) {
        this.#socket.end()
        return end
      } else if (opcode < CLOSE) this.#fragment(bytes.subarray(start, at), (first & LAST_FRAGMENT) !== 0)
    }
    return at
  }

  #fragment(part: Buffer, isLast: boolean): void {
    this.#fragments.push(Buffer.from(part))
    if (!isLast) return
    const whole = Buffer.concat(this.#fragments)
    this.#fragments = []
    this.#message(whole, 0, whole.length)
  }

  #deflated(bytes: Buffer, start: number, end: number): void {
    const text = inflated(bytes, start, end)
    this.#message(text, 0, text.length)
  }

  #message(bytes: Buffer, start: number, end: number): void {
    wire.framesIn++
    this.#handlers.received(this, bytes, start, end)
  }
}

export function textFrame(text: string): Buffer {
  return clientFrame(TEXT, Buffer.from(text))
}

/** Masked, as a client's must be, with the key zero: the payload stands as it is. */
function clientFrame(opcode: number, payload: Buffer): Buffer {
  const length = payload.length
  const head = length < 126 ? 2 : 4
  if (length > 0xffff) throw new RangeError(`a frame of ${length} bytes is more than the generator sends`)
  const frame = Buffer.alloc(head + 4 + length)
  frame.writeUInt8(LAST_FRAGMENT | opcode, 0)
  frame.writeUInt8(0x80 | (head === 2 ? length : 126), 1)
  if (head === 4) frame.writeUInt16BE(length, 2)
  frame.set(payload, head + 4)
  return frame
}

let handshakes = 0

function upgradeRequest(port: number, path: string, headers: Readonly<Record<string, string>>): string {
  const key = Buffer.from(String(handshakes++).padStart(16, "0")).toString("base64")
  const lines = [
    `GET ${path} HTTP/1.1`,
    `Host: 127.0.0.1:${port}`,
    "Upgrade: websocket",
    "Connection: Upgrade",
    "Sec-WebSocket-Version: 13",
    `Sec-WebSocket-Key: ${key}`,
    ...Object.entries(headers).map(([name, value]) => `${name}: ${value}`),
  ]
  return `${lines.join("\r\n")}\r\n\r\n`
}
