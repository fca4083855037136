/** A raw client with a line of its own, which keeps the book on its connections, and comes back when it was cut off. */
import type { ClientRequest, IncomingMessage } from "node:http"
import { dial, tokenFor, WireClient } from "../whole/wire-client.ts"
import type { FrameOf } from "../whole/wire-frames.ts"
import type { Book } from "./book.ts"
import { Ear } from "./ear.ts"
import type { FaultyLine } from "./faulty-line.ts"
import { canonical, type Data, Life } from "./life.ts"

export type Role = "all" | "listener" | "speaker"
export type Habit = "pings" | "answers"

const GRANTS: Readonly<Record<Role, readonly string[]>> = {
  all: ["subscribe", "presence", "message"],
  listener: ["subscribe"],
  speaker: ["presence", "message"],
}
const OPEN_LIMIT_MS = 4000
const ANSWER_LIMIT_MS = 6000
const CLOSE_LIMIT_MS = 300
const CLOCKS_APART_MS = 100
/** The code of a close that the other side did not answer. */
const NO_ANSWER = 1006
/** Frames of these types are no activity. */
const PASSIVE = new Set(["pong", "auth", "sync"])

export type Dialled =
  | { readonly client: WireClient; readonly ear: Ear; readonly expiresAt: number }
  | { readonly refusal: number | null; readonly text?: string }

export class Player {
  readonly name: string
  readonly role: Role
  readonly habit: Habit
  readonly book: Book
  readonly line: FaultyLine
  client: WireClient | null = null
  ear: Ear | null = null
  life: Life | null = null
  /** What it wants to be known for; null: to be an observer. */
  wanted: Data | null = null
  /** It does not come back until the end. */
  isGone = false
  /** It says nothing, nor answers. */
  isMute = false
  /** Until then it may be refused for having too many connections. */
  crowdedUntil = Number.NEGATIVE_INFINITY
  /** Close codes that it has asked for. */
  readonly expected = new Set<number>()
  /** The end that comes next is its own doing. */
  isEnding = false
  readonly #timer: NodeJS.Timeout
  /** A dial that was given up may still be answered, and take the session over. */
  #gaveUpAt = Number.NEGATIVE_INFINITY
  #words = 0

  constructor(name: string, role: Role, habit: Habit, book: Book, line: FaultyLine) {
    this.name = name
    this.role = role
    this.habit = habit
    this.book = book
    this.line = line
    this.#timer = setInterval(() => this.#ping(), book.chronicle.clocks.interval * 0.8)
  }

  get isUp(): boolean {
    return this.client?.isOpen === true && this.life !== null
  }

  get canPresence(): boolean {
    return this.role !== "listener"
  }

  stop(): void {
    clearInterval(this.#timer)
    this.client?.socket.terminate()
  }

  nextWord(): number {
    return ++this.#words
  }

  data(more: Data = {}): Data {
    return { mark: `mark-${this.book.room}`, n: this.nextWord(), by: this.name, ...more }
  }

  token(lifetimeMs = 3_600_000, claims: Data = {}): Promise<string> {
    const exp = Math.ceil((Date.now() + lifetimeMs) / 1000)
    const info = { of: this.name, room: this.book.room }
    return tokenFor(this.name, { exp, info, rooms: { [this.book.room]: GRANTS[this.role] }, ...claims })
  }

  /** Up again, as whoever it was if that can be, and present if it wants to be. */
  async comeBack(): Promise<void> {
    const until = Date.now() + OPEN_LIMIT_MS * this.book.chronicle.clocks.stretch
    while (!this.isUp && Date.now() < until) {
      const dialled = await this.dial(this.life?.session ?? null)
      if ("client" in dialled) this.welcomed(dialled)
      else await new Promise((resolve) => setTimeout(resolve, 60))
    }
    if (this.isUp) await this.beWanted()
  }

  /** Says again what the room may have forgotten. */
  async beWanted(): Promise<void> {
    const { life, wanted } = this
    if (life === null || !this.canPresence) return
    if (wanted === null) {
      // A leave that got no answer may not have been heard.
      if (life.goneBy < Number.POSITIVE_INFINITY) return
      life.leaveSent(Date.now())
      if ((await this.ask({ type: "leave" })) !== null) life.left(Date.now())
      return
    }
    const isKnown = life.isCertain && Number.isFinite(life.enteredAt) && canonical(life.possible[0]) === canonical(wanted)
    if (!isKnown) await this.enter(wanted)
  }

  async dial(session: string | null, lifetimeMs?: number, token?: string): Promise<Dialled> {
    const { book, name } = this
    const from = Date.now()
    const used = token ?? (await this.token(lifetimeMs))
    const expiresAt = Math.ceil((from + (lifetimeMs ?? 3_600_000)) / 1000) * 1000
    const asking = {
      room: book.room,
      member: name,
      token: used,
      closeLimitMs: CLOSE_LIMIT_MS * book.chronicle.clocks.stretch,
      ...(session === null ? {} : { session }),
    }
    const socket = await dial({ url: this.line.url }, asking)
    const ear = new Ear(book, { member: name, hears: this.role !== "speaker", line: this.line, dialledAt: from })
    socket.on("message", (raw) => ear.hear(raw.toString()))
    // What breaks shows in the close.
    socket.once("upgrade", (response) => response.socket.on("error", () => {}))
    const client = new WireClient(socket, name)
    const outcome = await new Promise<{ status: number | null; text: string }>((resolve) => {
      const late = setTimeout(() => {
        socket.terminate()
        resolve({ status: null, text: "no answer" })
      }, OPEN_LIMIT_MS * book.chronicle.clocks.stretch)
      const done = (status: number | null, text = "") => {
        clearTimeout(late)
        resolve({ status, text })
      }
      socket.once("unexpected-response", (request: ClientRequest, response: IncomingMessage) => {
        request.on("error", () => {})
        response.socket.on("error", () => {})
        let text = ""
        response.on("data", (chunk: Buffer) => {
          text += chunk.toString()
        })
        response.on("error", () => {})
        response.once("close", () => {
          request.destroy()
          done(response.statusCode ?? null, text)
        })
      })
      socket.once("close", () => done(null))
      socket.on("message", () => done(101))
    })
    if (outcome.status === 101 && client.frames[0]?.type === "welcome" && client.isOpen) {
      book.ears.push(ear)
      return { client, ear, expiresAt }
    }
    ear.closedAt = Date.now()
    if (outcome.status === null || outcome.status === 101) this.#gaveUpAt = from
    // It may have been let in, and cut off before it heard so.
    if (session !== null && session === this.life?.session) this.life.resumeTried(from, Date.now() + this.#longest(), book.chronicle.clocks)
    this.#checkRefusal(outcome, from)
    return { refusal: outcome.status, text: outcome.text }
  }

  /** A connection begins, or goes on. */
  welcomed({ client, ear, expiresAt }: Extract<Dialled, { client: WireClient }>): void {
    const { book } = this
    const { connection, session, resumed, member, ref } = client.welcome
    const now = Date.now()
    const known = book.lives.get(connection)
    if (member !== this.name) book.report("no leak", `${this.name} was welcomed as ${member}`)
    if (book.isSurelyBanned(this.name, ear.askedAt, now)) book.report("no leak", `${this.name} was let in while banned`)
    const { life } = this
    if (resumed) {
      book.count("resumes")
      if (known === undefined || known !== life) book.report("no leak", `${this.name} resumed ${connection}, which is not its own`)
      if (known !== undefined) this.#checkResume(known, ear.askedAt)
    } else {
      if (known !== undefined) book.report("no leak", `${this.name} was given the id ${connection} again, as fresh`)
      if (life !== null) this.#checkFresh(life, now)
      for (const other of book.lives.values()) {
        if (
          other.isConnected &&
          book.ears.some((heard) => heard.picture.entries.get(ref)?.connection === other.id && heard.closedAt > now)
        ) {
          book.report("convergence", `the ref ${ref} of ${book.describe(other)} was given to ${this.name}`)
        }
      }
    }
    if (known === undefined && life !== null) this.#letGo(life)
    this.client = client
    this.ear = ear
    this.isMute = false
    this.isEnding = false
    if (known === undefined) this.life = new Life({ id: connection, member, session, expiresAt, askedAt: ear.askedAt }, now)
    else known.resumed(ear.askedAt, expiresAt)
    if (this.life !== null) {
      book.lives.set(connection, this.life)
      book.threaten(this.life, ear.askedAt)
      // Its welcome was on the way when the room died.
      const kill = book.chronicle.arena.kills.findLast(({ at }) => at >= ear.askedAt)
      if (kill !== undefined) book.crashed(this.life, kill.at)
    }
    book.chronicle.sessions.add(session)
    const mine = this.life
    client.socket.once("close", (code) => mine !== null && this.#ended(client, ear, mine, code))
    client.socket.on("message", (raw) => {
      if (raw.toString() === '{"type":"heartbeat"}' && this.client === client && !this.isMute) this.send({ type: "pong" })
    })
  }

  send(frame: Data): void {
    this.heardAgain()
    this.client?.send(frame)
  }

  /** `ack`, the code of an error, or null: the line ended before an answer. */
  async ask(frame: Data): Promise<string | null> {
    const { client, life } = this
    if (client === null || !client.isOpen) return null
    const at = Date.now()
    this.heardAgain()
    try {
      const answer = await client.request(frame, ANSWER_LIMIT_MS * this.book.chronicle.clocks.stretch)
      this.book.count("answers")
      if (answer.type !== "ack") return answer.code
      if (!PASSIVE.has(String(frame["type"]))) life?.acts(at)
      return "ack"
    } catch (error) {
      // A close is on its way when the room has said goodbye.
      if (client.isOpen && client.all("bye").length === 0)
        this.book.report("bounded", `${this.name} got no answer to ${frame["type"]}, all else ${this.book.late} ms late: ${String(error)}`)
      return null
    }
  }

  async enter(data: Data): Promise<void> {
    const { life } = this
    if (life === null || !this.isUp) return
    this.wanted = data
    life.enterSent(data, Date.now())
    const answer = await this.ask({ type: "enter", data })
    if (answer === "ack") life.entered(data, Date.now())
    else if (answer !== null) this.book.report("bounded", `${this.name} could not enter: ${answer}`)
  }

  /** The line is cut, for the service to see or not. */
  cut(how: "reset" | "end" | "vanish"): void {
    const { life, book } = this
    if (life === null) return
    this.isEnding = true
    if (how === "vanish") {
      this.line.vanish()
      life.lineDied(book.chronicle.clocks)
    } else {
      this.line.cut(how)
      life.lineCut(Date.now(), book.chronicle.clocks, book.late)
    }
    book.ended(life)
    this.client?.socket.terminate()
    life.ending = `${how} by itself at ${Date.now() - book.chronicle.startedAt}`
  }

  heardAgain(): void {
    if (this.client?.isOpen === true && this.line.isHeard) this.life?.hears(Date.now())
  }

  #ping(): void {
    if (this.habit !== "pings" || this.isMute || this.client?.isOpen !== true) return
    this.heardAgain()
    this.client.sendText("ping")
  }

  #longest(): number {
    const { timeout, grace, interval } = this.book.chronicle.clocks
    return timeout + Math.max(grace, interval / 2) + grace
  }

  /** Its session is given up: whatever it was runs out. */
  #letGo(life: Life): void {
    if (life.isConnected) life.lineDied(this.book.chronicle.clocks)
  }

  #checkResume(life: Life, askedAt: number): void {
    const { book } = this
    const { toldGone } = life
    if (toldGone !== null && toldGone.at < askedAt) {
      book.report("no flap", `${book.describe(life)} came back after others were told ${toldGone.reason}`)
    }
    if (life.overBy + book.slackSince(life.overBy) < askedAt && !book.isUnheard(life, askedAt))
      book.report("no ghosts", `${book.describe(life)} was over and was resumed`)
  }

  #checkFresh(life: Life, now: number): void {
    const { book } = this
    const mayEnd = now + book.late >= life.lastHeardAt + book.chronicle.clocks.timeout && life.isConnected
    // The room's clock reads later than this one by as much as anything is late.
    const latest = now + CLOCKS_APART_MS + book.chronicle.arena.pulse.lateSince(life.endedAt)
    const wasIdle = life.endedIdle(book.chronicle.clocks, book.late)
    const isOver =
      life.isDoubtful ||
      mayEnd ||
      wasIdle ||
      latest >= life.keptUntil ||
      life.overBy < now ||
      life.toldGone !== null ||
      now >= life.expiresAt
    if (!isOver)
      book.report("no flap", `${book.describe(life)} could not be resumed, ${Math.round(life.keptUntil - now)} ms before its grace ends`)
  }

  #checkRefusal({ status, text }: { status: number | null; text: string }, from: number): void {
    const { book, name } = this
    const now = Date.now()
    if (status === null || status === 101 || book.chronicle.arena.wasDown(from, now)) return
    book.count("refusals")
    if (status === 409 && book.mayBeBanned(name, from, now)) return
    if (status === 429 && from <= this.crowdedUntil) return
    book.report(status >= 500 ? "bounded" : "no flap", `${name} was refused with ${status}: ${text.slice(0, 200)}`)
  }

  #ended(client: WireClient, ear: Ear, life: Life, code: number): void {
    const now = Date.now()
    ear.closedAt = Math.min(ear.closedAt, now)
    if (this.client !== client) return
    this.client = null
    const bye = client.all("bye")[0]
    if (!this.isEnding || bye !== undefined) life.ending = `${bye?.code ?? code} at ${now - this.book.chronicle.startedAt}`
    if (bye !== undefined) {
      this.#sentAway(life, bye, now)
      return
    }
    const { arena, clocks } = this.book.chronicle
    if (this.isEnding) {
      if (code === NO_ANSWER && life.hasSaidGoodbye) life.goodbyeUnanswered(now, clocks)
      return
    }
    const kill = arena.kills.findLast(({ at, backAt }) => at <= now && now <= backAt + 300)
    if (kill !== undefined) this.book.crashed(life, kill.at)
    else {
      this.book.report("bounded", `${this.book.describe(life)} lost its line (${code}), which nobody had cut`)
      life.lineCut(now, clocks, this.book.late)
    }
  }

  #sentAway(life: Life, { code, reason }: FrameOf<"bye">, now: number): void {
    const { book } = this
    const { clocks } = book.chronicle
    if (code === 4409 && (this.isEnding || this.expected.has(4409))) return
    if (code === 4409 && now - this.#gaveUpAt < 10_000 * clocks.stretch) {
      life.lineCut(this.#gaveUpAt, clocks, book.late)
      return
    }
    const why = (was: Parameters<Life["whyNotLeave"]>[0]) => life.whyNotLeave(was, now, clocks, book.late)
    const fault =
      code === 4401
        ? why("expired")
        : code === 4403
          ? why("kicked")
          : code === 4408
            ? why("lost")
            : code === 4410
              ? why("room_closed")
              : code === 4440
                ? why("idle")
                : this.expected.has(code)
                  ? null
                  : "nobody asked for it"
    if (fault !== null) book.report("bounded", `${book.describe(life)} was sent away with ${code} ${reason}: ${fault}`)
    book.count(`sent away with ${code}`)
    const reasons = { 4401: "expired", 4403: "kicked", 4408: "lost", 4410: "room_closed", 4440: "idle" } as const
    life.endsBy(now, code in reasons ? reasons[code as keyof typeof reasons] : "closed", now - 10_000)
    this.expected.delete(code)
  }
}
