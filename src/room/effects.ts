/** What an event comes to: perform.ts carries it out. */
import type { Connection, Millis } from "../core/connection.ts"
import type { Reply } from "../core/conversation.ts"
import type { Message } from "../core/outbox.ts"
import type { Change } from "../core/roster.ts"
import type { CloseCode } from "../protocol/close-codes.ts"

export type Effects = {
  /** Sockets that were sent the whole room in their welcome. */
  readonly welcomed?: readonly WebSocket[]
  /** Sockets whose connection changed in whatever way: their attachments are due. */
  readonly touched?: readonly WebSocket[]
  readonly replies?: readonly (readonly [WebSocket, Reply])[]
  readonly changes?: readonly Change[]
  readonly messages?: readonly Message[]
  readonly closes?: readonly (readonly [WebSocket, CloseCode])[]
  /** Connections whose row in the ledger is due, apart from those that entered or left. */
  readonly recorded?: readonly Connection[]
  /** Everybody was looked at. */
  readonly isSweep?: boolean
  /** The alarm must go off by then. */
  readonly lookBy?: Millis
}
