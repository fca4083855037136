/** Raw DEFLATE (RFC 1951) to text, by the platform's own DecompressionStream. */

/** So much is inflated at once: what it can become at worst, a thousand times as much, is held before it is counted. */
const PIECE_BYTES = 16_384

/** Node has the raw format since 20.12, browsers since 2022 and 2023; others, React Native's engine among them, have none at all. */
export function canInflate(): boolean {
  try {
    return new DecompressionStream("deflate-raw") !== null
  } catch {
    return false
  }
}

/** Rejects what is no DEFLATE or no UTF-8, what ends early or goes on after its end, and what becomes more than `limit` bytes. */
export async function inflate(bytes: Uint8Array<ArrayBuffer>, limit: number): Promise<string> {
  const { readable, writable } = new DecompressionStream("deflate-raw")
  const feeding = feed(writable.getWriter(), bytes)
  // Its fault shows in what is read, and may come first.
  feeding.catch(ignore)
  const reader = readable.getReader()
  const decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true })
  let text = ""
  let length = 0
  try {
    for (let part = await reader.read(); !part.done; part = await reader.read()) {
      length += part.value.length
      if (length > limit) throw new RangeError(`more than ${limit} bytes`)
      text += decoder.decode(part.value, { stream: true })
    }
    await feeding
    return text + decoder.decode()
  } catch (cause) {
    reader.cancel(cause).catch(ignore)
    throw cause
  }
}

async function feed(writer: WritableStreamDefaultWriter<BufferSource>, bytes: Uint8Array<ArrayBuffer>): Promise<void> {
  for (let at = 0; at < bytes.length; at += PIECE_BYTES) await writer.write(bytes.subarray(at, at + PIECE_BYTES))
  await writer.close()
}

function ignore(): void {}
