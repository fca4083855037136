/** A row of the room's storage, as the arena tells it: `table: {…}`. */
import { z } from "zod"

/** `until`: when its grace or its place ends, in milliseconds since 1970. */
const connectionSchema = z.object({ id: z.string(), line: z.string(), until: z.number().nullable() })
export type StoredConnection = z.infer<typeof connectionSchema>

/** Null: the row of something else. */
export function storedConnection(row: string): StoredConnection | null {
  const [, json] = /^connections: (.*)$/.exec(row) ?? []
  return json === undefined ? null : connectionSchema.parse(JSON.parse(json))
}
