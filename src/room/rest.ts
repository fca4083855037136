/** A room in which nobody is left: what it remembers and until when, and how nothing of it stays once that is over. */
import type { Millis } from "../core/connection.ts"
import type { RoomParts } from "./parts.ts"
import type { Tallies } from "./tallies.ts"

/** What remains is when each member was last seen, until its retention ends, and who is banned. `reportBy`: when a report is to be tried again. */
export async function comeToRest(parts: RoomParts, tallies: Tallies, reportBy: Millis, now: Millis): Promise<void> {
  const { ledger, roster } = parts
  const keepUntil = rememberedUntil(parts, now)
  if (keepUntil > now) {
    ledger.markRef(roster.nextRef)
    ledger.putTallies(tallies)
  }
  await sleepUntil(parts, keepUntil, reportBy, now)
}

/** Goes on resting, after something that still had to be done. */
export async function restOn(parts: RoomParts, reportBy: Millis, now: Millis): Promise<void> {
  await sleepUntil(parts, rememberedUntil(parts, now), reportBy, now)
}

/** Nothing is left: no row, no alarm. What is still to be announced outlives the rest: the storage goes once the queue has it. */
export async function forget(parts: RoomParts): Promise<void> {
  const { announcements, ledger } = parts
  if (announcements?.isWaiting === true) ledger.empty()
  else await wipe(parts)
}

function rememberedUntil({ ledger, settings }: RoomParts, now: Millis): Millis {
  ledger.forgetSeen(now - settings.lastSeenRetentionMs)
  const newest = ledger.newestSeen()
  return Math.max(newest === null ? 0 : newest + settings.lastSeenRetentionMs, ledger.lastBanUntil(now))
}

/** What waits to be announced or reported is kept whatever else is forgotten. */
async function sleepUntil(parts: RoomParts, keepUntil: Millis, reportBy: Millis, now: Millis): Promise<void> {
  const { alarm, announcements } = parts
  if (announcements?.isWaiting === true) await alarm.by(Math.min(announcements.lookBy, reportBy))
  else if (reportBy < Number.POSITIVE_INFINITY) await alarm.moveTo(Math.ceil(reportBy))
  else if (keepUntil > now) await alarm.moveTo(keepUntil)
  else await wipe(parts)
}

async function wipe({ alarm, announcements, ledger }: RoomParts): Promise<void> {
  alarm.wentOff()
  announcements?.wiped()
  await ledger.wipe()
}
