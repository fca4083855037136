/**
 * Frames of the subprotocol `rollcall.v1.deflate`: a text compressed once for all who are told it, where the WebSocket's
 * own compression (permessage-deflate) would compress it for each socket. Raw DEFLATE, RFC 1951.
 */
import { deflateRawSync } from "node:zlib"

/** Shorter texts gain nothing: the tables of a block cost more than they save. In characters. */
export const DEFLATE_FROM = 160

/** A level more saves a few per cent of the bytes and takes twice the time. */
const LEVEL = 1

/** A block that holds its bytes as they are, of 65,535 at most, before others: no more than its head is written. */
const STORED_HEAD_BYTES = 5

export function deflated(text: string): Uint8Array {
  return deflateRawSync(text, { level: LEVEL })
}

/** `head` before a text that is compressed already, as one stream: what differs by reader need not be compressed for each. */
export function withHead(head: string, body: Uint8Array): Uint8Array {
  const bytes = new TextEncoder().encode(head)
  const whole = new Uint8Array(STORED_HEAD_BYTES + bytes.length + body.length)
  const view = new DataView(whole.buffer)
  view.setUint16(1, bytes.length, true)
  view.setUint16(3, ~bytes.length & 0xffff, true)
  whole.set(bytes, STORED_HEAD_BYTES)
  whole.set(body, STORED_HEAD_BYTES + bytes.length)
  return whole
}
