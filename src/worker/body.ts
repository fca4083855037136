/** A request's body, of which no more is held than it may be long. */

/** Its text, or null: it is longer than `maxBytes`. What is too much is read to its end all the same, so that the answer is heard, and let go. */
export async function bodyText(request: Request, maxBytes: number): Promise<string | null> {
  const parts: Uint8Array[] = []
  let bytes = 0
  for await (const part of request.body ?? []) {
    bytes += part.length
    if (bytes <= maxBytes) parts.push(part)
    else parts.length = 0
  }
  return bytes <= maxBytes ? new TextDecoder().decode(await new Blob(parts).arrayBuffer()) : null
}
