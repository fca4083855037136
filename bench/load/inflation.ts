/**
 * Frames of `rollcall.v1.deflate`, as text again. A room sends the same bytes to all of its sockets: each is inflated once
 * here, or the generator's own zlib would be what is measured. A real client inflates its own alone.
 */
import { inflateRawSync } from "node:zlib"

type Inflated = { readonly compressed: Buffer; readonly text: Buffer }

/** Of so many rooms, the newest frame; those of one room come to all of its members in a row. */
const REMEMBERED = 8

const recent: Inflated[] = []

export function inflated(bytes: Buffer, start: number, end: number): Buffer {
  const known = recent.find(
    ({ compressed }) => compressed.length === end - start && bytes.compare(compressed, 0, compressed.length, start, end) === 0,
  )
  if (known !== undefined) return known.text
  const compressed = Buffer.from(bytes.subarray(start, end))
  const text = inflateRawSync(compressed)
  recent.unshift({ compressed, text })
  if (recent.length > REMEMBERED) recent.pop()
  return text
}
