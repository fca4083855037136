/**
 * Frames of the subprotocol `rollcall.v1.deflate`: a text compressed once for all who are told it, where the WebSocket's
 * own compression (permessage-deflate) would compress it for each socket. Raw DEFLATE, RFC 1951.
 */
import { constants, deflateRawSync } from "node:zlib"

/** Shorter texts gain nothing: the tables of a block cost more than they save. In characters. */
export const DEFLATE_FROM = 160

/** A level more saves a few per cent of the bytes and takes twice the time. */
const LEVEL = 1

/** For what is compressed once and sent to many who come, one after the other. */
const LEVEL_TO_KEEP = 6

/** A block that holds its bytes as they are, of 65,535 at most, before others: no more than its head is written. */
const STORED_HEAD_BYTES = 5

export function deflated(text: string): Uint8Array {
  return deflateRawSync(text, { level: LEVEL })
}

/** A part of one stream: byte by byte the parts can be put together. The last, which changes with each who comes, is not worth much time. */
export function deflatedPart(text: string, isLast: boolean): Uint8Array {
  if (isLast) return deflated(text)
  return deflateRawSync(text, { level: LEVEL_TO_KEEP, finishFlush: constants.Z_SYNC_FLUSH })
}

/** `head` before a text that is compressed already, in parts, as one stream: what differs by reader need not be compressed for each. */
export function withHead(head: string, parts: readonly Uint8Array[]): Uint8Array {
  const bytes = new TextEncoder().encode(head)
  let end = STORED_HEAD_BYTES + bytes.length
  const whole = new Uint8Array(parts.reduce((sum, part) => sum + part.length, end))
  const view = new DataView(whole.buffer)
  view.setUint16(1, bytes.length, true)
  view.setUint16(3, ~bytes.length & 0xffff, true)
  whole.set(bytes, STORED_HEAD_BYTES)
  for (const part of parts) {
    whole.set(part, end)
    end += part.length
  }
  return whole
}
