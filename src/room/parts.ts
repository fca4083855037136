/** What one room consists of, each part made once, when its object is constructed. */
import type { Settings } from "../config/config.ts"
import type { Roster } from "../core/roster.ts"
import type { Alarm } from "./alarm.ts"
import type { Announcements } from "./announcements.ts"
import type { RoomCounters } from "./counters.ts"
import type { Ledger } from "./ledger.ts"
import type { Snapshot } from "./snapshot.ts"
import type { Sockets } from "./sockets.ts"
import type { Traffic } from "./traffic.ts"

export type RoomParts = {
  readonly settings: Settings
  readonly roster: Roster
  readonly sockets: Sockets
  readonly ledger: Ledger
  readonly alarm: Alarm
  readonly snapshot: Snapshot
  readonly traffic: Traffic
  readonly counters: RoomCounters
  /** Null: webhooks are off. */
  readonly announcements: Announcements | null
  /** Work that no event waits for; what it throws is logged. */
  readonly background: (work: Promise<void>) => void
}
