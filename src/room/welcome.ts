/** The first frame on every connection, fresh or resumed. */
import type { Connection, Millis } from "../core/connection.ts"
import { isConnected } from "../core/connection.ts"
import { EXPIRY_NOTICE_MS, sweepBy } from "../core/liveness.ts"
import { crowdedOut, open, resume } from "../core/roster.ts"
import { beginLine, holds, tellUpTo } from "../core/told.ts"
import { grantedView } from "../core/view.ts"
import type { RoomFrame } from "../protocol/frames.ts"
import { DEFLATE_SUBPROTOCOL, PROTOCOL_VERSION } from "../protocol/names.ts"
import type { Admission } from "./admission.ts"
import { hasNewerInfo } from "./attachment.ts"
import type { Effects } from "./effects.ts"
import type { RoomParts } from "./parts.ts"
import type { Performer } from "./perform.ts"
import { sendRoom } from "./whole-room.ts"

export function welcomeFresh(parts: RoomParts, performer: Performer, socket: WebSocket, admission: Admission, now: Millis): Effects {
  const { fresh, identity } = admission
  const crowded = crowdedOut(parts.roster, identity.member, parts.settings.capacity)
  const changes = crowded.flatMap((connection) => performer.end(connection, "closed"))
  const connection = open(parts.roster, fresh.connection, identity, parts.settings.maxFramesPerSecond, now)
  putOnLine(parts, connection, admission)
  parts.sockets.accept(socket, connection, admission.room)
  welcome(parts, socket, connection, admission, fresh.session, "fresh", now)
  return { ...ready(parts, socket, connection, now), changes }
}

/** The same connection on a new socket. The old one, if it is still there, is closed; the room sees nothing of it. */
export function welcomeBack(parts: RoomParts, socket: WebSocket, connection: Connection, admission: Admission, now: Millis): Effects {
  const { roster, sockets, ledger, settings } = parts
  const superseded = sockets.openOf(connection.id)
  for (const old of sockets.allOf(connection.id)) sockets.release(old)
  const wasInGrace = !isConnected(connection)
  const { view } = connection
  parts.counters.add("resumes")
  const changes = resume(roster, connection, admission.identity, settings.maxFramesPerSecond, now)
  putOnLine(parts, connection, admission)
  sockets.accept(socket, connection, admission.room)
  const isCurrent = connection.view === view && holds(connection, admission.have, roster.version)
  welcome(parts, socket, connection, admission, admission.resume?.session ?? "", isCurrent ? "unchanged" : "resumed", now)
  if (connection.entry === null && wasInGrace) ledger.drop(connection.id)
  const isDue = connection.entry !== null && (wasInGrace || hasNewerInfo(connection))
  return {
    ...ready(parts, socket, connection, now),
    recorded: isDue ? [connection] : [],
    changes,
    closes: superseded.map((old) => [old, 4409] as const),
  }
}

/** How its socket is spoken to, which each line settles anew. The connection itself is counted already. */
function putOnLine({ roster, settings }: RoomParts, connection: Connection, { view, subprotocol }: Admission): void {
  connection.view = grantedView(view, roster.connected - 1, settings.maxFullViews)
  connection.deflates = subprotocol === DEFLATE_SUBPROTOCOL
}

/** `expiring`, at once when a token has no more than the notice left. */
export function expiryNotice(connection: Connection, now: Millis): RoomFrame[] {
  return connection.warned || connection.expiresAt - EXPIRY_NOTICE_MS > now ? [] : [warn(connection)]
}

export function warn(connection: Connection): RoomFrame {
  connection.warned = true
  return { type: "expiring", at: connection.expiresAt }
}

function welcome(
  parts: RoomParts,
  socket: WebSocket,
  connection: Connection,
  { room, have }: Admission,
  session: string,
  line: "fresh" | "resumed" | "unchanged",
  now: Millis,
): void {
  const { interval, timeout } = parts.settings.clocks
  const { id, ref, member } = connection
  const head = {
    type: "welcome",
    protocol: PROTOCOL_VERSION,
    room,
    connection: id,
    ref,
    member,
    session,
    resumed: line !== "fresh",
    heartbeat: { interval, timeout },
    ...(connection.view === "full" ? {} : { view: connection.view }),
  }
  beginLine(connection, have)
  if (line === "unchanged") {
    tellUpTo(connection, true, parts.roster.version)
    parts.sockets.send(socket, JSON.stringify(head))
  } else sendRoom(parts, socket, connection, JSON.stringify(head).slice(0, -1))
  parts.traffic.sent(1, now)
}

function ready(parts: RoomParts, socket: WebSocket, connection: Connection, now: Millis): Effects {
  const notice = expiryNotice(connection, now)
  const pingedAt = parts.sockets.pingedAt(socket)
  return {
    welcomed: [socket],
    touched: [socket],
    replies: notice.map((frame) => [socket, frame] as const),
    lookBy: sweepBy({ connection, pingedAt }, parts.settings.clocks),
  }
}
