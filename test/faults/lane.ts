/** One seed: two rooms, their clients and their operator; the turmoil, then the quiet in which everything must agree, then the end. */
import { App } from "./app.ts"
import type { Arena } from "./arena.ts"
import { Book, type Chronicle, type Tally, type Violation } from "./book.ts"
import { breakInCalm } from "./calm.ts"
import type { Clocks } from "./clocks.ts"
import { FaultyLine } from "./faulty-line.ts"
import { Operator } from "./operator.ts"
import { type Habit, Player, type Role } from "./player.ts"
import { DEEDS, wait } from "./player-deeds.ts"
import { PLAYERS, type Schedule, type Step, TURMOIL_MS } from "./schedule.ts"
import { converge, leaveNothing, stayQuiet } from "./settle.ts"

const WATCH_EVERY_MS = 60

const ROLES: readonly Role[] = ["all", "all", "all", "listener", "speaker", "all"]
const HABITS: readonly Habit[] = ["pings", "answers", "pings", "pings", "pings", "answers"]

export class Lane {
  readonly schedule: Schedule
  readonly violations: Violation[] = []
  readonly books: readonly Book[]
  readonly players: Player[] = []
  readonly #chronicle: Chronicle
  readonly #operators: Operator[] = []
  /** The public client, in the main room; where idle is short it would be sent away, and wait for its user. */
  #app: App | null = null

  constructor(schedule: Schedule, arena: Arena, clocks: Clocks, sessions: Set<string>, tally: Tally) {
    this.schedule = schedule
    this.#chronicle = { seed: schedule.seed, startedAt: Date.now(), clocks, arena, sessions, violations: this.violations, tally }
    this.books = [new Book(`s${schedule.seed}.main`, this.#chronicle), new Book(`s${schedule.seed}.side`, this.#chronicle)]
  }

  /** Some do not come back: they have to go from every picture by themselves. */
  crashed(at: number): void {
    for (const [i, player] of this.players.entries()) if (player.isUp && this.schedule.stayAway[i] === true) player.isGone = true
    for (const book of this.books) for (const life of book.everybody()) life.isPlaced ? undefined : book.crashed(life, at)
  }

  async run(): Promise<void> {
    const { arena } = this.#chronicle
    for (let i = 0; i < PLAYERS; i++) {
      // The last one is alone in the other room, under a name that the first room knows too.
      const book = this.books[i === PLAYERS - 1 ? 1 : 0]
      if (book === undefined) throw new Error("there are two rooms")
      const name = i === PLAYERS - 1 ? "p0" : `p${i}`
      this.players.push(new Player(name, ROLES[i] ?? "all", HABITS[i] ?? "pings", book, await FaultyLine.to(arena.url)))
    }
    const [main] = this.books
    if (main !== undefined && this.#chronicle.clocks.idle === 0) this.#app = new App(main, await FaultyLine.to(arena.url))
    for (const book of this.books) this.#operators.push(new Operator(book, this.#of(book)))
    const watch = setInterval(() => {
      for (const book of this.books) book.watch()
    }, WATCH_EVERY_MS)
    try {
      await this.#turmoil()
      for (const { line } of [...this.players, ...(this.#app === null ? [] : [this.#app])]) line.mend()
      await Promise.all(this.books.map((book, i) => this.#settle(book, this.#operators[i])))
    } finally {
      clearInterval(watch)
      for (const player of this.players) player.stop()
      this.#app?.close()
      await Promise.all([...this.players.map(({ line }) => line.close()), this.#app?.line.close()])
    }
  }

  async #turmoil(): Promise<void> {
    const { startedAt, clocks } = this.#chronicle
    const at = (step: Step) => wait(startedAt + step.at * clocks.stretch - Date.now())
    const players = this.players.map(async (player, i) => {
      const others = this.players.filter((other) => other !== player)
      for (const step of this.schedule.players[i] ?? []) {
        await at(step)
        if (player.isGone) continue
        await this.#guarded(`${player.name} ${step.deed}`, async () => {
          if (!player.isUp) await player.comeBack()
          await DEEDS[step.deed](player, step.dice, others)
          // It was on its way back when it was decided that it stays away.
          if (player.isGone && player.isUp) player.cut("vanish")
        })
      }
      player.isMute = false
    })
    const operator = this.schedule.operator.map(async (step, i) => {
      await at(step)
      await this.#guarded(`operator ${step.deed}`, async () => this.#operators[i % 5 === 0 ? 1 : 0]?.does(step.deed, step.dice))
    })
    const app = this.schedule.app.map(async (step) => {
      await at(step)
      await this.#guarded(`app ${step.deed}`, async () => this.#app?.does(step.deed, step.dice))
    })
    await Promise.all([...players, ...operator, ...app])
    await wait(startedAt + TURMOIL_MS * clocks.stretch - Date.now())
  }

  async #settle(book: Book, operator: Operator | undefined): Promise<void> {
    if (operator === undefined) return
    const players = this.#of(book)
    const app = this.#app?.book === book ? this.#app : null
    await this.#guarded("settling", async () => {
      await converge(book, players, operator, app)
      await stayQuiet(book, players, operator, this.schedule.sleepsWhenQuiet)
      book.checkMessages()
      await breakInCalm(book, players)
      app?.close()
      await leaveNothing(book, players, operator, this.schedule.ends)
    })
  }

  #of(book: Book): Player[] {
    return this.players.filter((player) => player.book === book)
  }

  async #guarded(what: string, deed: () => Promise<void>): Promise<void> {
    try {
      await deed()
    } catch (error) {
      this.books[0]?.report("bounded", `${what} failed: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}`)
    }
  }
}
