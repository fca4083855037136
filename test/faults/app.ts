/** The public client on a bad line: whatever it hides from its app, what it shows has to be true once it is quiet. */
import { type Client, createClient, type Entry, type Room } from "../../src/client/index.ts"
import { tokenFor } from "../whole/wire-client.ts"
import type { Book } from "./book.ts"
import type { FaultyLine } from "./faulty-line.ts"
import { canonical, type Data, patchedData } from "./life.ts"
import { between, pickBy } from "./random.ts"
import { type AppDeed, TURMOIL_MS } from "./schedule.ts"

export const APP = "app"
/** Its back-off may have grown, and its line may have died in silence. */
const BACK_LIMIT_MS = 12_000

export class App {
  readonly book: Book
  readonly line: FaultyLine
  readonly #client: Client
  readonly #room: Room
  #said: Data | null = null
  #words = 0

  constructor(book: Book, line: FaultyLine) {
    this.book = book
    this.line = line
    book.apps.set(APP, { goneBy: Number.POSITIVE_INFINITY })
    const info = { of: APP, room: book.room }
    const rooms = { [book.room]: ["subscribe", "presence", "message"] }
    this.#client = createClient({ url: line.url, token: () => tokenFor(APP, { info, rooms }), pool: { lingerMs: 0 } })
    this.#room = this.#client.room(book.room)
    this.#room.on("message", () => book.count("messages to apps"))
  }

  /** It is out for good only when an operator closed the room. */
  get isOut(): boolean {
    return this.#room.status === "closed"
  }

  does(deed: AppDeed, [a, b]: readonly [number, number, number]): void {
    if (this.isOut) return
    const word = { mark: `mark-${this.book.room}`, by: APP, n: ++this.#words }
    if (deed === "appEnter") {
      this.#said = word
      this.#room.enter(word)
    }
    if (deed === "appUpdate" && this.#said !== null) {
      const patch = { n: word.n, [pickBy(["x", "y", "z"], a)]: b < 0.3 ? null : word.n }
      this.#said = patchedData(this.#said, patch)
      this.#room.update(patch)
    }
    if (deed === "appLeave" && this.#said !== null) {
      this.#said = null
      this.#room.leave()
    }
    if (deed === "appCut") this.line.cut(a < 0.5 ? "reset" : "end")
    if (deed === "appStall") {
      this.line.stall(pickBy(["up", "down", "both"], a))
      setTimeout(() => this.line.mend(), between(50, TURMOIL_MS / 3, b))
    }
  }

  /** Connected again, as far as it may be. */
  async back(): Promise<void> {
    const until = Date.now() + BACK_LIMIT_MS * this.book.chronicle.clocks.stretch
    while (Date.now() < until && this.#room.status !== "connected" && !this.isOut) await new Promise((resolve) => setTimeout(resolve, 20))
    if (this.isOut) this.book.apps.set(APP, { goneBy: Date.now() })
    if (this.isOut && !this.book.wasClosed) this.book.report("bounded", `the app is out: ${JSON.stringify(this.#room.reason)}`)
  }

  /** Empty when it shows what is true. */
  disagreement(truth: readonly Entry[]): string {
    if (this.isOut) return ""
    const { self, others, status, reason } = this.#room.getSnapshot()
    if (status !== "connected") return `the app is ${status}: ${JSON.stringify(reason)}`
    const theirs = truth.filter(({ connection }) => connection !== self?.connection)
    const mine = truth.find(({ connection }) => connection === self?.connection)
    if (inOrder(others) !== inOrder(theirs)) return `the app sees ${inOrder(others)}, GET presence says ${inOrder(theirs)}`
    if (canonical(mine?.data ?? null) !== canonical(this.#said))
      return `the app said ${canonical(this.#said)} and is shown with ${canonical(mine ?? null)}`
    this.book.count("apps compared")
    return ""
  }

  close(): void {
    this.#client.close()
    this.book.apps.set(APP, { goneBy: Date.now() })
  }
}

function inOrder(entries: readonly Entry[]): string {
  return canonical(entries.toSorted((a, b) => a.ref - b.ref))
}
