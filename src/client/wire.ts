/** The edge to the wire: text to frame, room to address. */
import type { RoomFrame } from "../protocol/frames.ts"
import { isObject } from "./share.ts"

export const PONG = "pong"
const SUBPROTOCOL = "rollcall.v1"

/** Null for what this version does not know: a newer service may say more. */
export function decode(text: string): RoomFrame | null {
  try {
    const value: unknown = JSON.parse(text)
    return isRoomFrame(value) ? value : null
  } catch {
    return null
  }
}

/** The service's frames fit its schemas; here it is only made sure that no other server's answer is taken for one. */
export function isRoomFrame(value: unknown): value is RoomFrame {
  if (!isObject(value)) return false
  const { type, present, heartbeat } = value
  switch (type) {
    case "welcome":
      return typeof value["session"] === "string" && Array.isArray(present) && isObject(heartbeat)
    case "sync":
      return Array.isArray(present)
    case "message":
      return typeof value["event"] === "string"
    case "error":
    case "ack":
    case "presence":
    case "heartbeat":
    case "expiring":
    case "bye":
      return true
    default:
      return false
  }
}

/** `url` is the service's base, http or ws, relative to the page where there is one. */
export function connectUrl(url: string, room: string, session: string | null, scheme: "http" | "ws"): string {
  const base = new URL(url, typeof location === "undefined" ? undefined : location.href)
  base.protocol = base.protocol.replace(/^(http|ws)/, scheme)
  base.pathname = `${base.pathname.replace(/\/$/, "")}/v1/rooms/${encodeURIComponent(room)}/connect`
  if (session !== null) base.searchParams.set("session", session)
  return base.href
}

export function subprotocols(token: string): string[] {
  return [SUBPROTOCOL, `token.${token}`]
}
