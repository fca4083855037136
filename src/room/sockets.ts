/** The room's sockets: the only file that touches WebSocket. Which connection a socket speaks for is held weakly. */
import type { Connection, ConnectionId } from "../core/connection.ts"
import { CLOSES, type CloseCode, closeReply } from "../protocol/close-codes.ts"
import type { RoomFrame } from "../protocol/frames.ts"
import { PING, PONG } from "../protocol/names.ts"
import { type Attachment, decodeAttachment, encodeAttachment } from "./attachment.ts"
import type { Carried } from "./counters.ts"
import type { Recipients } from "./recipients.ts"
import type { Tallies } from "./tallies.ts"

/** No connection's id holds a colon, so that the two kinds of tags cannot be taken for each other. */
const ROOM_TAG_PREFIX = "room:"

/** What the runtime accepts for one object, closing ones included; another is an error. */
const MAX_SOCKETS = 32_768

export class Sockets implements Recipients<WebSocket> {
  readonly #ctx: DurableObjectState
  /**
   * Keyed by the socket, whose identity is stable while the object is in memory: entries go with their socket, and
   * no clean-up code exists. Null: a socket that was let go and speaks for nobody.
   */
  readonly #connections = new WeakMap<WebSocket, Connection | null>()

  /** What the room has counted rides on it. */
  #carrier: WebSocket | null = null
  /** What the runtime lists, as long as none comes and none ends: it makes the list anew each time it is asked, and a room asks 40 times a second. */
  #listed: WebSocket[] | null = null
  /** At least as many as there are: not asked for at each connect. */
  #atMost = Number.POSITIVE_INFINITY

  constructor(ctx: DurableObjectState) {
    this.#ctx = ctx
    // Answered without waking the object: an idle room runs no code.
    ctx.setWebSocketAutoResponse(new WebSocketRequestResponsePair(PING, PONG))
  }

  /** All that are open; the runtime lists closing ones too. */
  open(): WebSocket[] {
    this.#listed ??= this.#ctx.getWebSockets()
    return this.#listed.filter(isOpen)
  }

  /** Whether the runtime would take one more. */
  get hasPlace(): boolean {
    if (this.#atMost >= MAX_SOCKETS) this.#atMost = this.#ctx.getWebSockets().length
    return this.#atMost < MAX_SOCKETS
  }

  /**
   * Some open socket that speaks for somebody, the same one as long as it does. The newest of all: when the lines of a
   * crowd break one after the other, in the order in which they opened, it need not be looked for each time.
   */
  carrier(): WebSocket | null {
    const last = this.#carrier
    if (last === null || !this.#speaks(last)) this.#carrier = this.#ctx.getWebSockets().findLast((socket) => this.#speaks(socket)) ?? null
    return this.#carrier
  }

  /** Closing ones too. */
  allOf(connection: ConnectionId): WebSocket[] {
    return this.#ctx.getWebSockets(connection)
  }

  /** The room's name, as long as there is a socket to tell it. */
  get room(): string | null {
    const [socket] = this.#ctx.getWebSockets()
    return socket === undefined ? null : this.roomOf(socket) || null
  }

  roomOf(socket: WebSocket): string {
    const tag = this.#ctx.getTags(socket).find((found) => found.startsWith(ROOM_TAG_PREFIX)) ?? ""
    return tag.slice(ROOM_TAG_PREFIX.length)
  }

  openOf(connection: ConnectionId): WebSocket[] {
    return this.#ctx.getWebSockets(connection).filter(isOpen)
  }

  /** After hibernation: what each socket's attachment says. One that cannot be read is sent away to reconnect. */
  *restore(rate: number, now: number): Generator<{ socket: WebSocket; attachment: Attachment }> {
    for (const socket of this.#ctx.getWebSockets()) {
      const stored: unknown = socket.deserializeAttachment()
      const attachment = decodeAttachment(stored, rate, now)
      this.#connections.set(socket, attachment?.connection ?? null)
      if (attachment !== null) yield { socket, attachment }
      else if (stored !== null && isOpen(socket)) closeSocket(socket, 1012, "the room was upgraded")
    }
  }

  /**
   * What the socket's attachment holds. For a close that wakes the room: its socket is handed to the
   * handler, and was not listed among those that were restored.
   */
  stored(socket: WebSocket, now: number): Attachment | null {
    return decodeAttachment(socket.deserializeAttachment(), 1, now)
  }

  connectionOf(socket: WebSocket): Connection | null {
    return this.#connections.get(socket) ?? null
  }

  pingedAt(socket: WebSocket): number | null {
    return this.#ctx.getWebSocketAutoResponseTimestamp(socket)?.getTime() ?? null
  }

  /** Takes the socket of an upgrade. Its tags are the connection's id and the room's name, which an object is not told when it wakes. */
  accept(socket: WebSocket, connection: Connection, room: string): void {
    this.#ctx.acceptWebSocket(socket, [connection.id, ROOM_TAG_PREFIX + room])
    this.#listed = null
    this.#atMost++
    this.#connections.set(socket, connection)
  }

  /** A socket that throws is closed. */
  send(socket: WebSocket, frame: string | Uint8Array): boolean {
    try {
      socket.send(frame)
      return true
    } catch {
      closeSocket(socket, 1011, "sending failed")
      return false
    }
  }

  /** Whether there was somebody to save. */
  save(socket: WebSocket, tallies: Tallies, counted: Carried | null = null): boolean {
    const connection = this.connectionOf(socket)
    if (connection === null || !isOpen(socket)) return false
    socket.serializeAttachment(encodeAttachment(connection, tallies, counted))
    return true
  }

  /** Whether it is open and speaks for a connection. */
  #speaks(socket: WebSocket): boolean {
    return this.connectionOf(socket) !== null && isOpen(socket)
  }

  /** From now on the socket speaks for nobody, also after hibernation; what it still sends is not looked at. */
  release(socket: WebSocket): void {
    this.#connections.set(socket, null)
    this.#listed = null
    socket.serializeAttachment(null)
  }

  /** Sends it away to reconnect, for a fault that is not its own. */
  abandon(socket: WebSocket): void {
    closeSocket(socket, 1011, "the room could not keep this connection")
  }

  /** Whether it was let go before: then its end is nobody's. */
  isReleased(socket: WebSocket): boolean {
    return this.#connections.get(socket) === null
  }

  /** `bye` first: where the transport is slow to end, it is what the user notices. */
  close(socket: WebSocket, code: CloseCode): void {
    const reason = CLOSES[code].name
    this.send(socket, JSON.stringify({ type: "bye", code, reason } satisfies RoomFrame))
    closeSocket(socket, code, reason)
  }

  /** A peer's close is always answered: the runtime does not. */
  answerClose(socket: WebSocket, code: number): void {
    this.#listed = null
    closeSocket(socket, closeReply(code), "")
  }
}

function isOpen(socket: WebSocket): boolean {
  return socket.readyState === WebSocket.OPEN
}

function closeSocket(socket: WebSocket, code: number, reason: string): void {
  try {
    socket.close(code, reason)
  } catch {
    // Closed already, or dead: there is nobody left to tell.
  }
}
