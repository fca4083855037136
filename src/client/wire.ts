/** The edge to the wire: text to frame, room to address, refusal to reason. */
import type { Problem } from "../protocol/errors.ts"
import type { RoomFrame } from "../protocol/frames.ts"
import { GONE, type Millis } from "./machine.ts"
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

const KNOWN = /^(welcome|sync|presence|message|ack|error|heartbeat|expiring|bye)$/

/** Null for `pong`, and for what is no frame, or one of a later version. */
export function decode(data: unknown): RoomFrame | null {
  try {
    const frame: RoomFrame = JSON.parse(String(data))
    // The service selected our subprotocol: what it calls by a name of the contract has the contract's shape.
    return KNOWN.test(frame.type) ? frame : null
  } catch {
    return null
  }
}

/** `url` is the service's base, http or ws, relative to the page where there is one. */
export function connectUrl(url: string, room: string, session: string | null, scheme: "http" | "ws"): string {
  const { href } = new URL(url, globalThis.location?.href)
  const query = session === null ? "" : `?session=${encodeURIComponent(session)}`
  return `${href.replace(/^(http|ws)/, scheme).replace(/[/?#]*$/, "")}/v1/rooms/${encodeURIComponent(room)}/connect${query}`
}

export function subprotocols(token: string): string[] {
  return ["rollcall.v1", `token.${token}`]
}

const PROBLEM = /^urn:rollcall:error:(.*)/

export type Refusal = { readonly status: number; readonly reason: Reason; readonly retryAfter: Millis }

/** Asks the address of an upgrade plainly. Only a problem of the service's own counts: a proxy's page says nothing of the room. */
export async function refusalOf(url: string, token: string): Promise<Refusal> {
  try {
    const response = await fetch(url, { headers: { authorization: `Bearer ${token}` }, cache: "no-store" })
    const problem: Problem = await response.json()
    const [, code] = PROBLEM.exec(problem.type) ?? []
    if (code !== undefined) {
      const retryAfter = Number(response.headers.get("retry-after")) * 1000
      return { status: response.status, reason: { code, message: problem.detail }, retryAfter: retryAfter || 0 }
    }
  } catch {
    // Nobody there, or somebody else.
  }
  return { status: 0, reason: { code: GONE, message: "the service cannot be reached" }, retryAfter: 0 }
}
