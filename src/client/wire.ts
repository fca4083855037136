/** The edge to the wire: text to frame, room to address, refusal to reason. */
import type { Problem } from "../protocol/errors.ts"
import type { RoomFrame as AnyRoomFrame } from "../protocol/frames.ts"
import type { Reason } from "./types.ts"

/** The part of a WebSocket that is used; browsers, Node, Deno, Workers and the package ws all have it. */
export type SocketLike = {
  onmessage: ((event: never) => void) | null
  onclose: ((event: never) => void) | null
  onerror: ((event: never) => void) | null
  send(text: string): void
  close(code?: number): void
}

export type SocketConstructor = new (url: string, protocols: string[]) => SocketLike

/** `count` is for those who ask for that view, which this client does not. */
export type RoomFrame = Exclude<AnyRoomFrame, { type: "count" }>

/** The service selected our subprotocol: what it says has the contract's shapes. Null for `pong`, and for what is no frame. */
export function decode(data: unknown): RoomFrame | null {
  try {
    return JSON.parse(String(data))
  } catch {
    return null
  }
}

/** The frames that are not between the connection and the service alone. */
export type Heard = Exclude<RoomFrame, { type: "bye" | "expiring" | "heartbeat" }>

const HEARD = /^(ack|error|message|presence|sync|welcome)$/

/** A type that a later version of the service adds is nobody's here. */
export function isHeard(frame: RoomFrame): frame is Heard {
  return HEARD.test(frame.type)
}

/** What a refused upgrade is about. */
export type Answer = {
  /** Of HTTP. */
  readonly status: number
  readonly reason: Reason
  /** In milliseconds; 0 or no number where nothing was said. */
  readonly retryAfter: number
}

/** `url` is the service's base, http or ws, relative to the page where there is one. */
export function connectUrl(url: string, room: string, session: string | null, scheme: "http" | "ws"): string {
  const { href } = new URL(url, globalThis.location?.href)
  const query = session ? `?session=${session}` : ""
  return `${href.replace(/^http|^ws/, scheme).replace(/[/?#]*$/, "")}/v1/rooms/${encodeURIComponent(room)}/connect${query}`
}

/** Asks the address of an upgrade plainly. Null: nobody answered who speaks for the service; a proxy's page says nothing of the room. */
export async function refusalOf(url: string, token: string | null): Promise<Answer | null> {
  try {
    const response = await fetch(url, { headers: { authorization: `Bearer ${token}` } })
    const { status, headers } = response
    const { type, detail }: Problem = await response.json()
    const [, code] = type.split("urn:rollcall:error:")
    return code === undefined ? null : { status, reason: { code, message: detail }, retryAfter: Number(headers.get("retry-after")) * 1000 }
  } catch {
    return null
  }
}
