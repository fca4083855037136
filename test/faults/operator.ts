/** What comes over HTTP while the clients play: kicks, bans, bots, messages, questions, forged tokens; and rooms that are put to sleep. */
import { z } from "zod"
import { DEV_ADMIN_KEY } from "../whole/service.ts"
import { tokenFor } from "../whole/wire-client.ts"
import { entrySchema, statsSchema } from "../whole/wire-frames.ts"
import type { Book } from "./book.ts"
import { Life } from "./life.ts"
import type { Player } from "./player.ts"
import { between, pickBy } from "./random.ts"
import type { OperatorDeed } from "./schedule.ts"

const presenceSchema = z.strictObject({ room: z.string(), present: z.array(entrySchema) })
const memberSchema = z.object({ member: z.string(), connections: z.array(entrySchema) })
const pageSchema = z.strictObject({ members: z.array(memberSchema), cursor: z.string().nullable() })

type Answer = { readonly status: number; readonly body: unknown }

export class Operator {
  readonly book: Book
  readonly players: readonly Player[]
  #words = 0
  #bots = 0

  constructor(book: Book, players: readonly Player[]) {
    this.book = book
    this.players = players
  }

  async does(deed: OperatorDeed, [a, b, c]: readonly [number, number, number]): Promise<void> {
    if (deed === "evict") await this.book.sleep()
    if (deed === "look") await this.look()
    if (deed === "kick") await this.kick(pickBy(this.players, a), null)
    if (deed === "ban") await this.kick(pickBy(this.players, a), between(100, 900, b))
    if (deed === "place") await this.place(between(300, 1500, a))
    if (deed === "announce") await this.announce(a < 0.4 ? [pickBy(this.players, b).name] : null)
    if (deed === "forge") await this.forge(a, c)
    if (deed === "close") await this.close()
  }

  /** Null: the service was down, and what came of it is not known. */
  async call(method: string, path: string, body?: unknown, token: string = DEV_ADMIN_KEY): Promise<Answer | null> {
    const { arena, clocks } = this.book.chronicle
    const from = Date.now()
    try {
      const response = await fetch(`${arena.url}${path}`, {
        method,
        headers: { authorization: `Bearer ${token}`, ...(body === undefined ? {} : { "content-type": "application/json" }) },
        ...(body === undefined ? {} : { body: JSON.stringify(body) }),
        signal: AbortSignal.timeout(8000 * clocks.stretch),
      })
      const text = await response.text()
      if (response.status >= 500) throw new Error(`${response.status} ${text.slice(0, 200)}`)
      this.book.count("calls")
      return { status: response.status, body: text === "" ? null : JSON.parse(text) }
    } catch (error) {
      if (!arena.wasDown(from, Date.now())) this.book.report("bounded", `${method} ${path} failed: ${String(error)}`)
      return null
    }
  }

  /** The room as a member, as an operator and by its stats. */
  async look(): Promise<void> {
    const { book } = this
    const { room } = book
    const from = Date.now()
    const token = await tokenFor("looker", { rooms: { [room]: ["subscribe"] } })
    const presence = await this.call("GET", `/v1/rooms/${room}/presence`, undefined, token)
    if (presence !== null) book.checkRoom(presenceSchema.parse(presence.body).present, from, Date.now(), "GET presence")
    const again = Date.now()
    const members = await this.call("GET", `/v1/admin/rooms/${room}/members`)
    if (members !== null) {
      const { members: list } = pageSchema.parse(members.body)
      book.checkRoom(
        list.flatMap(({ connections }) => connections),
        again,
        Date.now(),
        "GET members",
      )
    }
    const stats = await this.call("GET", `/v1/admin/rooms/${room}`)
    if (stats !== null) statsSchema.parse(stats.body)
  }

  async kick(player: Player, banMs: number | null): Promise<void> {
    const { book } = this
    const from = Date.now()
    const lives = [...book.lives.values()].filter(({ member }) => member === player.name)
    const known = book.bans.get(player.name)
    if (banMs !== null) {
      book.bans.set(player.name, {
        sureFrom: Number.POSITIVE_INFINITY,
        maybeFrom: Math.min(from, known?.maybeFrom ?? from),
        sureUntil: Number.NEGATIVE_INFINITY,
        maybeUntil: Math.max(from + banMs + 1000, known?.maybeUntil ?? 0),
      })
    }
    const threat = { member: player.name, reason: "kicked" as const, from, to: Number.POSITIVE_INFINITY }
    book.threats.push(threat)
    for (const life of lives) {
      life.allow("kicked", from)
      life.isDoubtful = true
      life.enteredAt = Number.POSITIVE_INFINITY
    }
    const answer = await this.call("DELETE", `/v1/admin/rooms/${book.room}/members/${player.name}${banMs === null ? "" : `?ban=${banMs}`}`)
    const now = Date.now()
    threat.to = now
    if (answer === null) return
    book.count("kicks")
    if (answer.status !== 200 && answer.status !== 404) book.report("bounded", `a kick was answered with ${answer.status}`)
    if (answer.status === 200) for (const life of lives) if (life.welcomedAt < from) life.endsBy(now, "kicked", from)
    const ban = book.bans.get(player.name)
    if (banMs === null || ban === undefined || answer.status !== 200) return
    ban.sureFrom = now
    ban.sureUntil = from + banMs
    ban.maybeUntil = now + banMs
  }

  async place(ttl: number): Promise<void> {
    const { book } = this
    const member = `bot-${this.#bots++}`
    const from = Date.now()
    const life = new Life({ id: member, member, session: "", expiresAt: Number.POSITIVE_INFINITY, isPlaced: true }, from)
    const data = { mark: `mark-${book.room}`, bot: member }
    life.enterSent(data, from)
    life.keptUntil = from + ttl
    life.allow("expired", from + ttl)
    // Known before it is asked for: others are told before the answer is here.
    book.placed.set(member, life)
    const body = { data, info: { of: member, room: book.room }, ttl }
    const answer = await this.call("PUT", `/v1/admin/rooms/${book.room}/members/${member}`, body)
    life.goneBy = Date.now() + ttl
    if (answer === null) return
    if (answer.status !== 200) book.report("bounded", `a placement was answered with ${answer.status}`)
    life.entered(data, Date.now())
  }

  async announce(to: readonly string[] | null): Promise<void> {
    const { book } = this
    const n = ++this.#words
    const id = `operator-${n}`
    const said = { id, by: "operator", to, sentAt: Date.now(), takenAt: null as number | null, wasRefused: false }
    book.said.set(id, said)
    const body = { event: "say", data: { id, n, by: "operator", mark: `mark-${book.room}` }, ...(to === null ? {} : { to }) }
    const answer = await this.call("POST", `/v1/admin/rooms/${book.room}/messages`, body)
    if (answer !== null && answer.status < 300) said.takenAt = Date.now()
    else if (answer !== null) book.report("bounded", `a message was answered with ${answer.status}`)
  }

  /** Tokens that open nothing: another's secret, another room's, one that ended, one without subscribe. */
  async forge(how: number, whose: number): Promise<void> {
    const { room } = this.book
    const { name } = pickBy(this.players, whose)
    const rooms = { [room]: ["subscribe", "presence", "message"] }
    const [token, wanted] = await pickBy(
      [
        async () => [await tokenFor(name, { rooms }, "another-secret-another-secret-another"), 401] as const,
        async () => [await tokenFor(name, { rooms: { [`${room}x`]: ["subscribe"] } }), 403] as const,
        async () => [await tokenFor(name, { rooms, exp: Math.floor(Date.now() / 1000) - 2 }), 401] as const,
        async () => [await tokenFor(name, { rooms: { [room]: ["presence"] } }), 403] as const,
        async () => ["not.a.token", 401] as const,
      ],
      how,
    )()
    const answer = await this.call("GET", `/v1/rooms/${room}/presence`, undefined, token)
    this.book.count("forgeries")
    if (answer !== null && answer.status !== wanted)
      this.book.report("no leak", `a forged token was answered with ${answer.status}, not ${wanted}`)
  }

  async close(): Promise<void> {
    const { book } = this
    const from = Date.now()
    const threat = { member: null, reason: "room_closed" as const, from, to: Number.POSITIVE_INFINITY }
    book.threats.push(threat)
    for (const life of book.everybody()) {
      life.allow("room_closed", from)
      life.isDoubtful = true
      life.enteredAt = Number.POSITIVE_INFINITY
    }
    book.wasClosed = true
    const answer = await this.call("DELETE", `/v1/admin/rooms/${book.room}`)
    threat.to = Date.now()
    if (answer === null) return
    for (const life of book.everybody()) if (life.welcomedAt < from) life.endsBy(threat.to, "room_closed", from)
  }
}
