/**
 * What a client holds of the room, as far as the room can know: a line loses frames only at its end, so that a client
 * which received as many as were sent holds what they said. Who resumes so, and missed nothing since, need not be sent the room again.
 */
import type { Connection } from "./connection.ts"

/** While some changes of a flush still wait, no version is what the client holds. */
const BETWEEN_VERSIONS = Number.NaN

/** A new line, before its `welcome`, of a client that has had `have` frames. Who may not hear holds nothing of the room. */
export function beginLine(connection: Connection, have: number | null): void {
  connection.told = connection.grants.subscribe ? { frames: have ?? 0, version: BETWEEN_VERSIONS } : null
}

/** A frame of the room was sent, or left out because it held nothing for this view. `version` null: more of the same flush is to come. */
export function tellUpTo(connection: Connection, isSent: boolean, version: number | null): void {
  if (connection.told === null) return
  connection.told = { frames: connection.told.frames + (isSent ? 1 : 0), version: version ?? BETWEEN_VERSIONS }
}

/** Whether a client that has had `have` frames holds the roster of this version. */
export function holds({ told, grants }: Connection, have: number | null, version: number): boolean {
  return told !== null && grants.subscribe && told.frames === have && told.version === version
}
