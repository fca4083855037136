/** After the turmoil: every picture is the same and true, nothing runs while nothing happens, and nothing is left of those who left. */
import { z } from "zod"
import { tokenFor } from "../whole/wire-client.ts"
import { type Entry, entrySchema, type Stats, statsSchema } from "../whole/wire-frames.ts"
import type { App } from "./app.ts"
import type { Book } from "./book.ts"
import { leewayOf, silentBound } from "./clocks.ts"
import { canonical, sameEntries } from "./life.ts"
import type { Operator } from "./operator.ts"
import type { Player } from "./player.ts"
import { until, wait } from "./player-deeds.ts"
import { storedConnection } from "./stored-row.ts"

const presenceSchema = z.object({ present: z.array(entrySchema) })
const QUIET_MS = 1300
const QUIETS = 3
const TRIES = 6
const CONVERGED_LIMIT_MS = 30_000
/** Whoever writes on is told so by what follows. */
const SETTLED_LIMIT_MS = 3000
/** What was late lately is late now. */
const LOOKING_BACK_MS = 2000
/** The end of grace, the leave and the deletion are three alarms, one after the other. */
const LATE_MS = 700

/** Everybody is back, and has been told everything. */
export async function converge(book: Book, players: readonly Player[], operator: Operator, app: App | null): Promise<void> {
  const here = players.filter(({ isGone }) => !isGone)
  await Promise.all([...here.map((player) => player.comeBack()), app?.back()])
  // A token that ends soon would end its connection in the middle of the quiet.
  const ends = here.map(({ life }) => life?.expiresAt ?? 0).filter((at) => at < Date.now() + 10_000)
  await wait(Math.max(0, ...ends) + 100 - Date.now())
  const doomed = () =>
    Math.max(
      0,
      ...book
        .everybody()
        .flatMap(({ goneBy, overBy }) => [goneBy, overBy])
        .filter((at) => Number.isFinite(at)),
    )
  await wait(doomed() + book.chronicle.clocks.tick + book.slackSince(doomed()) - Date.now())
  let fault = ""
  let tries = 0
  const limit = Date.now() + CONVERGED_LIMIT_MS * book.chronicle.clocks.stretch
  for (let i = 0; tries < TRIES && Date.now() < limit; i++) {
    for (const player of here) {
      await player.comeBack()
      // Whoever says something now is neither away nor idle, and known for what it says; a machine that takes longer for a look than the
      // clock of away has its quiet once everybody is.
      if (book.chronicle.clocks.idle > 0 && player.wanted !== null && player.canPresence && i % 2 === 0) await player.enter(player.wanted)
      else await player.beWanted()
    }
    await wait((i % 2 === 0 ? 0 : book.chronicle.clocks.away) + 3 * book.chronicle.clocks.tick + 60)
    const before = await presenceOf(book, operator)
    fault = await disagreement(book, here, operator, app, before)
    if (fault === "") break
    // What changed while it was looked at says nothing.
    if (canonical(await presenceOf(book, operator)) === canonical(before)) tries++
    await wait(150)
  }
  book.count("rooms converged")
  if (fault !== "") book.report("convergence", fault)
}

async function presenceOf(book: Book, operator: Operator): Promise<readonly Entry[]> {
  const token = await tokenFor("looker", { rooms: { [book.room]: ["subscribe"] } })
  const answer = await operator.call("GET", `/v1/rooms/${book.room}/presence`, undefined, token)
  return presenceSchema.parse(answer?.body).present
}

/** Empty: none. Else who disagrees with whom. */
async function disagreement(
  book: Book,
  players: readonly Player[],
  operator: Operator,
  app: App | null,
  truth: readonly Entry[],
): Promise<string> {
  for (const player of players) {
    const { ear, client } = player
    if (ear === null || client === null || !player.isUp) return `${player.name} is not connected`
    if (!ear.hears) continue
    if (!sameEntries(ear.picture.list(), truth)) {
      return `the picture of ${ear.name} is ${canonical(ear.picture.list())}, GET presence says ${canonical(truth)}`
    }
    ear.askedAt = Date.now()
    if ((await player.ask({ type: "sync" })) === "ack" && !sameEntries(ear.picture.list(), truth)) {
      return `sync says ${canonical(ear.picture.list())} to ${ear.name}, GET presence ${canonical(truth)}`
    }
  }
  const appFault = app?.disagreement(truth) ?? ""
  if (appFault !== "") return appFault
  const shown = new Map(truth.map((entry) => [entry.connection, entry]))
  for (const player of players) {
    const { life, wanted } = player
    const entry = life === null ? undefined : shown.get(life.id)
    if (life === null || !player.canPresence) continue
    const isPresent = Number.isFinite(life.enteredAt)
    if (isPresent !== (entry !== undefined))
      return `${book.describe(life)} is ${entry === undefined ? "not " : ""}shown in ${canonical(truth)}`
    if (entry !== undefined && wanted !== null && canonical(entry.data) !== canonical(wanted)) {
      return `${book.describe(life)} said ${canonical(wanted)} and is shown with ${canonical(entry.data)}`
    }
    if (entry !== undefined) shown.delete(life.id)
  }
  const rest = [...shown.values()].filter(({ member }) => !book.placed.has(member) && !book.apps.has(member))
  if (rest.length > 0) return `nobody knows of ${canonical(rest)}`
  const stats = await statsOf(book, operator)
  const connections = players.length + (app === null || app.isOut ? 0 : 1)
  const members = new Set(truth.map(({ member }) => member)).size
  if (stats !== null && (stats.connections !== connections || stats.members !== members)) {
    return `stats tell ${stats.connections} connections and ${stats.members} members, there are ${connections} and ${members}`
  }
  return ""
}

type Quiet = {
  readonly from: number
  readonly elapsed: number
  readonly slept: boolean
  readonly before: Stats
  readonly after: Stats
  readonly rowsBefore: readonly string[]
  readonly rowsAfter: readonly string[]
  /** Who was told something. */
  readonly told: readonly Player[]
}

/** Nobody says a thing but pings and answers to heartbeats. A machine too late for these has no quiet: then everybody comes back, for another. */
export async function stayQuiet(book: Book, players: readonly Player[], operator: Operator, sleeps: boolean): Promise<void> {
  for (let tries = 1; ; tries++) {
    const quiet = await aQuiet(book, players, operator, sleeps)
    if (quiet === null) return
    const { before, after, from } = quiet
    // Whoever is sent away as idle is in the plan.
    const isDisturbed =
      (book.chronicle.clocks.idle === 0 && before.connections !== after.connections) || before.liveness.lost !== after.liveness.lost
    if (!isDisturbed || !mayLose(book, from)) return judgeQuiet(book, players, quiet)
    book.count("quiets that were none")
    // How many were quiet is asked in the end.
    if (tries === QUIETS) return
    await Promise.all(players.filter(({ isGone }) => !isGone).map((player) => player.comeBack()))
  }
}

/** Null: the service was not there to tell. */
async function aQuiet(book: Book, players: readonly Player[], operator: Operator, sleeps: boolean): Promise<Quiet | null> {
  const { arena } = book.chronicle
  await settledRows(book)
  const from = Date.now()
  const before = await statsOf(book, operator)
  const heard = players.map(({ ear }) => (ear === null ? 0 : ear.heard - ear.statuses))
  const rowsBefore = await arena.stored(book.room)
  const slept = sleeps && (await book.sleep())
  await wait(QUIET_MS * book.chronicle.clocks.stretch)
  const rowsAfter = await arena.stored(book.room)
  const told = players.filter(({ ear }, i) => ear !== null && ear.heard - ear.statuses !== heard[i])
  // Last, and the first thing was this too: whoever was lost in between shows.
  const after = await statsOf(book, operator)
  const elapsed = Date.now() - from
  const past = Date.now() - LATE_MS * book.chronicle.clocks.stretch - book.slackSince(from)
  const leftover = rowsAfter.filter((row) => isOver(book, row, past))
  if (leftover.length > 0) book.report("nothing left", `rows of connections that are over: ${leftover.join("; ")}`)
  if (before === null || after === null) return null
  return { from, elapsed, slept, before, after, rowsBefore, rowsAfter, told }
}

function judgeQuiet(book: Book, players: readonly Player[], quiet: Quiet): void {
  const { clocks } = book.chronicle
  const { from, elapsed, slept, before, after, rowsBefore, rowsAfter, told } = quiet
  book.count("quiet rooms")
  const onlyPing = players.every(({ habit, isGone }) => habit === "pings" || isGone) && book.apps.size === 0
  const gap = onlyPing ? Math.min(clocks.timeout - clocks.interval, silentBound(clocks)) : leewayOf(clocks)
  const allowed = Math.ceil(elapsed / gap) + 1 + (clocks.idle > 0 ? 2 * players.length : 0)
  const sweeps = after.liveness.sweeps - before.liveness.sweeps
  if (sweeps > allowed) book.report("free when idle", `${sweeps} sweeps in ${elapsed} ms of quiet; ${allowed} are allowed`)
  if (clocks.idle === 0 && before.connections !== after.connections) {
    book.report(
      "no ghosts",
      `${before.connections} connections became ${after.connections} while nothing happened: ${players.map((player) => (player.life === null ? "" : `${book.describe(player.life)} ${player.isUp}`))}`,
    )
  } else if (after.connections > 0 && after.liveness.lost !== before.liveness.lost && !mayLose(book, from))
    book.report("no ghosts", "somebody was lost who pinged or answered")
  const wakeups = after.wakeups - before.wakeups
  // An empty room begins its counts anew.
  if (after.connections > 0 && after.since === before.since && wakeups !== (slept ? 1 : 0))
    book.report(
      "free when idle",
      `${wakeups} wake-ups, ${slept ? "one sleep" : "no sleep"}, in ${elapsed} ms of quiet: ${JSON.stringify(before)} became ${JSON.stringify(after)}`,
    )
  // A bot's end may fall into it; a clock of away or idle too.
  const isStill = clocks.away === 0 && clocks.idle === 0 && !rowsBefore.some((row) => /"line":"(grace|placed)"/.test(row))
  if (isStill && canonical(rowsBefore) !== canonical(rowsAfter)) {
    book.report(
      "free when idle",
      `wrote while quiet: ${rowsBefore.filter((row) => !rowsAfter.includes(row))} became ${rowsAfter.filter((row) => !rowsBefore.includes(row))}`,
    )
  }
  if (isStill && told.length > 0) {
    book.report("free when idle", `${told.map(({ name }) => name)} were told something while nothing happened`)
  }
  if (after.connections > 0 && after.liveness.nextAlarmAt === null) book.report("no ghosts", "no alarm is set while somebody is there")
}

/** Everybody goes, in whatever way; then the storage has to be empty. */
export async function leaveNothing(book: Book, players: readonly Player[], operator: Operator, ends: readonly number[]): Promise<void> {
  const { clocks } = book.chronicle
  for (const [i, player] of players.entries()) {
    const how = ends[i] ?? 0
    if (!player.isUp) continue
    if (how < 0.15) player.cut("vanish")
    else if (how < 0.45) player.cut("reset")
    else {
      player.life?.saidGoodbye(Date.now())
      if (player.life !== null) book.ended(player.life)
      player.isEnding = true
      player.client?.socket.close(1000)
    }
    player.isGone = true
  }
  await until(() => players.every(({ client }) => client?.isOpen !== true))
  const lives = book
    .everybody()
    .flatMap(({ goneBy, overBy }) => [goneBy, overBy])
    .filter((at) => Number.isFinite(at))
  const bans = [...book.bans.values()].map(({ maybeUntil }) => maybeUntil)
  const empty = Math.max(Date.now(), ...lives)
  const due = Math.max(empty + clocks.retention, ...bans) + clocks.tick
  let left = await leftAfter(book, due)
  const unheard = book.everybody().filter((life) => left.length > 0 && book.isUnheard(life, Date.now()))
  if (unheard.length > 0) left = await leftAfter(book, Math.max(...unheard.map((life) => life.foundBySilence(clocks))) + clocks.retention)
  book.count("rooms left")
  if (left.length > 0) {
    const last = book.everybody().filter((life) => Math.max(life.goneBy, life.overBy) > empty - 4000)
    const who = last.map((life) => book.describe(life)).join()
    const now = Date.now() - book.chronicle.startedAt
    return book.report(
      "nothing left",
      `${Date.now() - due} ms after the last retention, at ${now}, there is ${left.join("; ")}; left of late: ${who}`,
    )
  }
  const stats = await statsOf(book, operator)
  if (stats !== null && (stats.members > 0 || stats.connections > 0 || stats.liveness.nextAlarmAt !== null)) {
    book.report("nothing left", `the stats still tell ${JSON.stringify(stats)}`)
  }
  for (const { name } of players) {
    const answer = await operator.call("GET", `/v1/admin/rooms/${book.room}/members/${name}`)
    if (answer !== null && answer.status !== 404) book.report("nothing left", `${name} is still remembered: ${JSON.stringify(answer.body)}`)
  }
}

/** What is stored when nothing should be any more: awaited from then on for as long as alarms may be late. */
async function leftAfter(book: Book, due: number): Promise<string[]> {
  await wait(due - Date.now())
  let left: string[] = []
  do {
    left = await book.chronicle.arena.stored(book.room)
    if (left.length > 0) await wait(100)
  } while (left.length > 0 && Date.now() < due + LATE_MS * book.chronicle.clocks.stretch + book.slackSince(due))
  return left
}

/** What is stored, once that does not change any more: what the directory is told may wait for so long, and is written. */
async function settledRows(book: Book): Promise<void> {
  const { arena, clocks } = book.chronicle
  await wait(clocks.report + book.slackSince(Date.now()))
  const limit = Date.now() + SETTLED_LIMIT_MS * clocks.stretch
  let rows = await arena.stored(book.room)
  for (;;) {
    await wait(2 * clocks.report + book.slackSince(Date.now() - LOOKING_BACK_MS))
    const now = await arena.stored(book.room)
    if (canonical(rows) === canonical(now) || Date.now() > limit) return
    rows = now
  }
}

/** The room's question, its way and the answer's may each be late; or an end that only its silence tells. */
function mayLose(book: Book, from: number): boolean {
  const { arena, clocks } = book.chronicle
  const spare = clocks.timeout - clocks.interval - leewayOf(clocks)
  if (3 * arena.pulse.lateSince(from - clocks.timeout) > spare) return true
  return book.everybody().some((life) => book.isUnheard(life, from))
}

/** The row of a connection that was over before that: its end should have taken it along, whoever else is still there. */
function isOver(book: Book, row: string, before: number): boolean {
  const stored = storedConnection(row)
  if (stored === null) return false
  const { id, line, until: end } = stored
  if (line === "grace" && end !== null && end < before) return true
  const life = book.lives.get(id)
  return life !== undefined && Math.max(life.goneBy, life.overBy) < before && !book.isUnheard(life, before)
}

async function statsOf(book: Book, operator: Operator): Promise<Stats | null> {
  const answer = await operator.call("GET", `/v1/admin/rooms/${book.room}`)
  return answer === null ? null : statsSchema.parse(answer.body)
}
