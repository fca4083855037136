/** One socket's hearing: every text is judged as it comes, before its client acts on it. */
import { type Entry, frameSchema, Picture, type RoomFrame } from "../whole/wire-frames.ts"
import type { Book, Said } from "./book.ts"
import type { FaultyLine } from "./faulty-line.ts"

const SECRET = /[A-Za-z0-9_-]{24,}/g
const OPERATOR = "operator"
/** Whatever anybody says carries the mark of its room. */
const MARK = /mark-([a-z0-9.-]+)/g

export type Hearing = { readonly member: string; readonly hears: boolean; readonly line: FaultyLine; readonly dialledAt: number }

export class Ear {
  readonly name: string
  readonly member: string
  readonly hears: boolean
  readonly picture = new Picture()
  /** How often each message came. */
  readonly messages = new Map<string, number>()
  readonly reported = new Set<string>()
  /** When it was welcomed. */
  openedAt = Number.POSITIVE_INFINITY
  closedAt = Number.POSITIVE_INFINITY
  /** Presence and messages, until now. */
  heard = 0
  statuses = 0
  askedAt: number
  readonly #book: Book
  readonly #line: FaultyLine
  #session = ""
  #isWelcome = false
  #lastOf = new Map<string, { readonly n: number; readonly sentAt: number }>()

  constructor(book: Book, { member, hears, line, dialledAt }: Hearing) {
    this.#book = book
    this.#line = line
    this.member = member
    this.hears = hears
    this.askedAt = dialledAt
    this.name = `${member}#${book.ears.length}`
  }

  get isWelcome(): boolean {
    return this.#isWelcome
  }

  /** Whether it is told all, at once, and has been for a while. */
  hearsAll(now: number): boolean {
    return this.hears && this.#isWelcome && this.closedAt > now && this.#line.isHealthy
  }

  isFor({ to }: Said): boolean {
    return this.hears && this.#isWelcome && (to === null || to.includes(this.member))
  }

  hear(text: string): void {
    if (text === "pong") return
    this.#checkSecrets(text)
    const parsed = frameSchema.safeParse(JSON.parse(text))
    // The client that is heard through this says so.
    if (!parsed.success) return
    const frame = parsed.data
    this.#book.count("frames heard")
    if (frame.type === "welcome" || frame.type === "sync") this.#whole(frame)
    if (frame.type === "presence") this.#presence(frame)
    if (frame.type === "message") this.#message(frame)
    // The room is done with it, whenever its transport ends.
    if (frame.type === "bye") this.closedAt = Math.min(this.closedAt, Date.now())
  }

  #whole(frame: Extract<RoomFrame, { type: "welcome" | "sync" }>): void {
    if (frame.type === "welcome") {
      this.#isWelcome = true
      this.openedAt = Date.now()
      this.#session = frame.session
    }
    this.picture.replace(frame.present)
    if (!this.hears) {
      if (frame.present.length > 0) this.#book.report("no leak", `${this.name} may not hear and was told of ${frame.present.length}`)
      return
    }
    this.#book.checkRoom(frame.present, this.askedAt, Date.now(), `${frame.type} to ${this.name}`)
  }

  #presence(frame: Extract<RoomFrame, { type: "presence" }>): void {
    this.heard++
    if (frame.enter === undefined && frame.leave === undefined && frame.update === undefined) this.statuses++
    if (!this.hears) this.#book.report("no leak", `${this.name} may not hear and was sent presence`)
    for (const [ref, reason] of frame.leave ?? []) {
      const entry = this.picture.entries.get(ref)
      if (entry !== undefined && this.#line.isHealthy) this.#book.checkLeave(entry, reason, this.name)
    }
    const before = new Map(this.picture.entries)
    this.picture.apply(frame)
    for (const entry of frame.enter ?? []) this.#checkNews(entry)
    for (const ref of Object.keys(frame.update ?? {})) {
      const entry = this.picture.entries.get(Number(ref))
      const life = entry === undefined ? undefined : this.#book.lifeOf(entry)
      if (entry !== undefined && life !== undefined) this.#book.checkData(life, entry.data, `an update to ${this.name}`)
    }
    for (const [ref, status] of Object.entries(frame.status ?? {})) this.#checkStatus(before.get(Number(ref)), status)
  }

  #checkNews(entry: Entry): void {
    this.#book.checkEntry(entry, `an enter to ${this.name}`, this.#line.isHealthy ? Date.now() - this.#book.chronicle.clocks.tick : 0)
  }

  #checkStatus(entry: Entry | undefined, status: Entry["status"]): void {
    const life = entry === undefined ? undefined : this.#book.lifeOf(entry)
    const { clocks } = this.#book.chronicle
    if (life === undefined || status === "active" || !this.#line.isHealthy) return
    const why = life.whyNotAway(Date.now(), clocks, this.#book.late)
    if (why !== null) this.#book.report("no flap", `${this.name} is told that ${this.#book.describe(life)} is away: ${why}`)
  }

  #message(frame: Extract<RoomFrame, { type: "message" }>): void {
    this.heard++
    const { id, n, by } = asMessage(frame.data)
    const said = this.#book.said.get(id)
    this.messages.set(id, (this.messages.get(id) ?? 0) + 1)
    if (!this.hears) this.#book.report("no leak", `${this.name} may not hear and was sent a message`)
    if (said === undefined) {
      this.#book.report("no leak", `${this.name} got a message that nobody here sent: ${JSON.stringify(frame).slice(0, 200)}`)
      return
    }
    if (!this.isFor(said)) this.#book.report("no leak", `${this.name} got the message ${id}, which is for ${said.to?.join()}`)
    if (frame.member !== (said.by === OPERATOR ? null : said.by))
      this.#book.report("no leak", `${id} of ${said.by} came from ${frame.member}`)
    const last = this.#lastOf.get(by)
    // Calls over HTTP that are under way at once have no order.
    const isLater = last !== undefined && last.n >= n && (by !== OPERATOR || (said.takenAt ?? Number.POSITIVE_INFINITY) <= last.sentAt)
    if (isLater) this.#book.report("convergence", `${this.name} got ${id} after a later one of ${by}`)
    if (last === undefined || last.n < n) this.#lastOf.set(by, { n, sentAt: said.sentAt })
  }

  #checkSecrets(text: string): void {
    for (const [, room] of text.matchAll(MARK)) {
      if (room !== this.#book.room) this.#book.report("no leak", `${this.name} was told what was said in ${room}: ${text.slice(0, 300)}`)
    }
    const isWelcome = text.startsWith('{"type":"welcome"')
    for (const [word] of text.matchAll(SECRET)) {
      if (!this.#book.chronicle.sessions.has(word)) continue
      if (!isWelcome || text.split(word).length > 2)
        this.#book.report("no leak", `${this.name} was told a session, not in its welcome alone`)
    }
    if (this.#session !== "" && isWelcome) this.#book.report("bounded", `${this.name} was welcomed twice`)
  }
}

export function asMessage(data: unknown): { id: string; n: number; by: string } {
  if (typeof data !== "object" || data === null) return { id: "?", n: 0, by: "?" }
  const id = "id" in data ? String(data.id) : "?"
  return { id, n: "n" in data ? Number(data.n) : 0, by: "by" in data ? String(data.by) : "?" }
}
