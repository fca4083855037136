/** After the quiet, when nothing else happens in a room: a line that breaks is noted at once, not by the next look at everybody. */
import type { Book } from "./book.ts"
import type { Player } from "./player.ts"
import { wait } from "./player-deeds.ts"
import { storedConnection } from "./stored-row.ts"

/** What the runtime takes to tell the room, on a machine that is not late. */
const NOTED_MS = 150
const LOOK_EVERY_MS = 15
/** The row may be read a little after it was written. */
const READ_MS = 200

/**
 * One after the other is cut off and comes back. The row that is kept for its grace says when the room noted the end. An end that the
 * runtime keeps to itself is late as well, so these are counted, and their share is judged.
 */
export async function breakInCalm(book: Book, players: readonly Player[]): Promise<void> {
  const { arena, clocks } = book.chronicle
  if (clocks.grace === 0) return
  for (const [i, player] of players.entries()) {
    const { life } = player
    if (player.isGone || !player.isUp || life === null || !player.line.isHealthy) continue
    const at = Date.now()
    player.cut(i % 2 === 0 ? "reset" : "end")
    const allowed = () => NOTED_MS + 2 * arena.pulse.lateSince(at)
    let keptUntil = await graceOf(book, life.id)
    while (keptUntil === null && Date.now() < at + allowed() + READ_MS) {
      await wait(LOOK_EVERY_MS)
      keptUntil = await graceOf(book, life.id)
    }
    if (!arena.wasDown(at, Date.now())) {
      book.count("lines broken in the calm")
      if (keptUntil === null || keptUntil - clocks.grace - at > allowed()) book.count("ends noted late in the calm")
    }
    await player.comeBack()
  }
}

/** Until when it is kept, in milliseconds since 1970, as its row says; null: no row says that its line ended. */
async function graceOf(book: Book, id: string): Promise<number | null> {
  const rows = (await book.chronicle.arena.stored(book.room)).map(storedConnection)
  return rows.find((stored) => stored?.id === id && stored.line === "grace")?.until ?? null
}
