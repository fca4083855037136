/** One look at everybody, by the alarm: the core judges, and what it says becomes effects. */
import { type Connection, isConnected, type Millis } from "../core/connection.ts"
import type { Reply } from "../core/conversation.ts"
import { judge, nextSweep, type Watched } from "../core/liveness.ts"
import { type Change, goAway } from "../core/roster.ts"
import { CLOSES, type CloseCode } from "../protocol/close-codes.ts"
import type { Effects } from "./effects.ts"
import type { RoomParts } from "./parts.ts"
import type { Performer } from "./perform.ts"
import { warn } from "./welcome.ts"

type Seen = { readonly socket: WebSocket | null; readonly watched: Watched }

export function sweep(parts: RoomParts, performer: Performer, now: Millis): Effects {
  const { settings, roster } = parts
  const touched: WebSocket[] = []
  const changes: Change[] = []
  const replies: [WebSocket, Reply][] = []
  const closes: [WebSocket, CloseCode][] = []
  for (const { socket, watched } of everybody(parts)) {
    const { connection } = watched
    if (socket === null && isConnected(connection)) {
      // Its transport broke and the runtime did not say so.
      changes.push(...performer.keepForGrace(connection, now).changes)
      continue
    }
    for (const verdict of judge(watched, settings.clocks, now)) {
      if (verdict.kind === "end") changes.push(...performer.end(connection, verdict.reason))
      if (verdict.kind === "away") changes.push(...goAway(roster, connection))
      if (socket === null) continue
      if (verdict.kind === "ask") {
        connection.askedAt = now
        replies.push([socket, { type: "heartbeat" }])
      }
      if (verdict.kind === "warn") replies.push([socket, warn(connection)])
      if (verdict.kind === "close") {
        changes.push(...performer.end(connection, CLOSES[verdict.code].leave))
        closes.push([socket, verdict.code])
      } else touched.push(socket)
    }
  }
  performer.countSweep(count(closes, 4408), count(closes, 4440))
  const watching = Array.from(everybody(parts), ({ watched }) => watched)
  return { isSweep: true, touched, changes, replies, closes, lookBy: nextSweep(watching, settings.clocks, now) }
}

function* everybody({ sockets, roster }: RoomParts): Generator<Seen> {
  const connected = new Set<Connection>()
  for (const socket of sockets.open()) {
    const connection = sockets.connectionOf(socket)
    if (connection === null) continue
    connected.add(connection)
    yield { socket, watched: { connection, pingedAt: sockets.pingedAt(socket) } }
  }
  for (const connection of [...roster.connections.values()]) {
    if (!connected.has(connection)) yield { socket: null, watched: { connection, pingedAt: null } }
  }
}

function count(closes: readonly (readonly [WebSocket, CloseCode])[], code: CloseCode): number {
  return closes.filter(([, closed]) => closed === code).length
}
