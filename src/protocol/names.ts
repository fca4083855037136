/** The names of the wire contract: rooms, subprotocols and the two bare texts that never wake a room. */

/** 1 to 128 characters; the set is chosen so that a name needs no escaping in a path. */
export const ROOM_NAME = /^[A-Za-z0-9_\-.:,;=@~]{1,128}$/

export const ROOM_NAME_RULE = "a room name is 1 to 128 characters of A-Z a-z 0-9 _ - . : , ; = @ ~"

export const PROTOCOL_VERSION = 1

/** The subprotocol that a client offers and the Worker selects. */
export const SUBPROTOCOL = "rollcall.v1"

/** The same, but longer frames from the room come as binary: their text, compressed by raw DEFLATE (RFC 1951). Selected wherever it is offered. */
export const DEFLATE_SUBPROTOCOL = "rollcall.v1.deflate"

/** A second subprotocol carries the token of a browser, which can set no header: `token.<jwt>`. */
export const TOKEN_SUBPROTOCOL_PREFIX = "token."

/** Bare texts, not JSON: the runtime answers the first with the second while the room sleeps. */
export const PING = "ping"
export const PONG = "pong"

/** A member's name is a token's `sub`: 256 bytes of UTF-8 at most. */
export const MAX_MEMBER_BYTES = 256

/** `info`, as JSON text in UTF-8. */
export const MAX_INFO_BYTES = 4096

export function isRoomName(name: string): boolean {
  return ROOM_NAME.test(name)
}
