/**
 * The Durable Object of one room: socket events, alarms and calls go into the core, and what the core returns is
 * performed. It holds no rule of its own, and everything in memory may vanish at any event: the truth is on the sockets and in the ledger.
 */
import { DurableObject } from "cloudflare:workers"
import type { z } from "zod"
import type { Connection, Millis } from "../core/connection.ts"
import { authorized, type Limits, type Reply, receive } from "../core/conversation.ts"
import { sweepBy } from "../core/liveness.ts"
import { maxWaitingMessages } from "../core/pace.ts"
import { emptyRoster, resumable } from "../core/roster.ts"
import { faultOf } from "../log/fault.ts"
import { log } from "../log/log.ts"
import type { Kick, MembersQuery, messageBodySchema, Occupancy, placementSchema, RoomStats } from "../protocol/admin.ts"
import { CLOSES, type CloseCode, isGoodbye } from "../protocol/close-codes.ts"
import type { Refusal } from "../protocol/errors.ts"
import { PING, PONG } from "../protocol/names.ts"
import { identityIn, tokenKeys, verifyToken } from "../token/token.ts"
import { readAdmission } from "./admission.ts"
import { Alarm } from "./alarm.ts"
import { announcementsOf } from "./announcements.ts"
import { hasNewerInfo } from "./attachment.ts"
import { RoomCounters } from "./counters.ts"
import { destinationsOf } from "./destinations.ts"
import { Ledger } from "./ledger.ts"
import { lineEnded } from "./line-end.ts"
import {
  adminMessage,
  bannedFrom,
  endEverybody,
  kickMember,
  memberDetailOf,
  membersOf,
  occupancyOf,
  placeMember,
  presenceTextOf,
  statsOf,
} from "./operations.ts"
import type { RoomParts } from "./parts.ts"
import { Performer } from "./perform.ts"
import { noPlace, refuseConnect } from "./refuse.ts"
import { restoreRoom } from "./restore.ts"
import { roomSettings } from "./settings.ts"
import { Snapshot } from "./snapshot.ts"
import { Sockets } from "./sockets.ts"
import { sweep } from "./sweep.ts"
import { Traffic } from "./traffic.ts"
import { Turns } from "./turns.ts"
import { expiryNotice, welcomeBack, welcomeFresh } from "./welcome.ts"

/** What a call between objects cannot type, JSON of a stranger's making, goes as text; the Worker checks it against its schema. */
type JsonText = string

/** After an alarm that failed: the runtime's own retries end after six. */
const RETRY_SWEEP_MS = 30_000

export class Room extends DurableObject<Cloudflare.Env> {
  readonly #parts: RoomParts
  readonly #performer: Performer
  readonly #turns = new Turns()

  constructor(ctx: DurableObjectState, env: Cloudflare.Env) {
    super(ctx, env)
    const settings = roomSettings(env)
    const ledger = new Ledger(ctx.storage)
    const counters = new RoomCounters()
    this.#parts = {
      settings,
      roster: emptyRoster(ledger.nextRef()),
      sockets: new Sockets(ctx),
      ledger,
      alarm: new Alarm(ctx.storage),
      snapshot: new Snapshot(),
      traffic: new Traffic(counters),
      counters,
      announcements: announcementsOf(ctx, env["WEBHOOKS"], settings.webhook, counters, ledger.tables),
      background: (work) => void work.catch((error: unknown) => this.#failed("background", error)),
    }
    const now = Date.now()
    const { tallies, effects } = restoreRoom(this.#parts, now)
    this.#parts.announcements?.restore(this.#parts.roster, now)
    this.#performer = new Performer(this.#parts, tallies, destinationsOf(env, settings), ctx.id.name)
    ctx.blockConcurrencyWhile(async () => {
      await this.#parts.alarm.load()
      if (this.#parts.roster.connections.size > 0) await this.#performer.perform(effects, now)
      else this.#performer.announce(now)
    })
  }

  /** An upgrade, or the question why one was refused. Only the Worker can ask. */
  override async fetch(request: Request): Promise<Response> {
    const admission = readAdmission(request)
    const now = Date.now()
    const { identity } = admission
    const banned = bannedFrom(this.#parts, identity.member, now)
    if (banned !== null) return refuseConnect(banned)
    const resumed = admission.resume === null ? null : resumable(this.#parts.roster, admission.resume.connection, identity.member, now)
    const refusal = noPlace(this.#parts, resumed, identity.member)
    if (refusal !== null) return refuseConnect(refusal)
    if (!admission.wantsUpgrade) {
      return refuseConnect({ code: "upgrade_required", message: "this address speaks WebSocket; nothing else is in the way of an upgrade" })
    }
    const { 0: client, 1: server } = new WebSocketPair()
    const effects =
      resumed === null
        ? welcomeFresh(this.#parts, this.#performer, server, admission, now)
        : welcomeBack(this.#parts, server, resumed, admission, now)
    if (resumed === null && this.#parts.roster.connections.size === 1) this.#performer.occupied(now)
    await this.#performer.perform(effects, now)
    const headers = admission.subprotocol === null ? {} : { "sec-websocket-protocol": admission.subprotocol }
    return new Response(null, { status: 101, webSocket: client, headers })
  }

  override async webSocketMessage(socket: WebSocket, raw: string | ArrayBuffer): Promise<void> {
    return this.#told("frame", () => this.#heard(socket, raw))
  }

  async #heard(socket: WebSocket, raw: string | ArrayBuffer): Promise<void> {
    if (!this.#turns.isBusy(socket)) return this.#receive(socket, raw)
    const connection = this.#parts.sockets.connectionOf(socket)
    // What waits is not yet counted by its bucket: a flood behind a slow token is a flood all the same.
    const isFlood = this.#turns.waiting(socket) > 2 * this.#parts.settings.maxFramesPerSecond
    if (connection !== null && isFlood) return this.#refuse(socket, connection, [], 4429, Date.now())
    return this.#turns.after(socket, () => this.#receive(socket, raw))
  }

  async #receive(socket: WebSocket, raw: string | ArrayBuffer): Promise<void> {
    const connection = this.#parts.sockets.connectionOf(socket)
    if (connection === null) return
    if (raw === PING) return void this.#parts.sockets.send(socket, PONG)
    const now = Date.now()
    this.#parts.traffic.received(1, now)
    const step = receive(this.#parts.roster, connection, raw, this.#limits(), now)
    if (step.verify !== null) return this.#turns.begin(socket, this.#reauthorize(socket, step.verify))
    if (step.close !== null) return this.#refuse(socket, connection, step.replies, step.close, now)
    const replies = step.replies.map((reply) => [socket, reply] as const)
    const clocksMoved = step.changes.some(({ kind }) => kind !== "update")
    const lookBy = clocksMoved ? this.#sweepBy(socket, connection) : Number.POSITIVE_INFINITY
    const messages = step.message === null ? [] : [step.message]
    await this.#performer.perform({ touched: [socket], replies, changes: step.changes, messages, lookBy }, now)
  }

  override async webSocketClose(socket: WebSocket, code: number): Promise<void> {
    try {
      await this.#told("close", () => this.#lineEnded(socket, isGoodbye(code)))
    } finally {
      this.#parts.sockets.answerClose(socket, code)
    }
  }

  override async webSocketError(socket: WebSocket): Promise<void> {
    try {
      await this.#told("close", () => this.#lineEnded(socket, false))
    } finally {
      this.#parts.sockets.answerClose(socket, 1011)
    }
  }

  override async alarm(): Promise<void> {
    this.#parts.alarm.wentOff()
    this.#parts.counters.add("alarms")
    try {
      const now = Date.now()
      if (this.#parts.roster.connections.size === 0) {
        // The directory may not know yet: the dead of a crash who only watched left no row, and a report may have failed.
        await this.#performer.perform({}, now)
        await this.#performer.rest(now)
      } else {
        const due = this.#performer.sweepBy
        await this.#performer.perform(due > now ? { lookBy: due } : sweep(this.#parts, this.#performer, now), now)
      }
    } catch (error) {
      this.#failed("alarm", error)
      await this.#parts.alarm.moveTo(Date.now() + RETRY_SWEEP_MS)
    }
  }

  /** What an operator sees of this room; `room` is its name, which the object itself need not know. */
  stats(room: string): RoomStats {
    return statsOf(this.#parts, this.#performer, room, Date.now())
  }

  /** What a member may see without a socket. */
  presence(room: string): JsonText {
    return presenceTextOf(this.#parts, room)
  }

  occupancy(room: string): Occupancy {
    return occupancyOf(this.#parts, room)
  }

  banned(member: string): Refusal | null {
    return bannedFrom(this.#parts, member, Date.now())
  }

  members(query: MembersQuery): JsonText {
    return JSON.stringify(membersOf(this.#parts, query))
  }

  /** `null` as text: nobody of that name is known. */
  member(member: string): JsonText {
    return JSON.stringify(memberDetailOf(this.#parts, member, Date.now()))
  }

  /** Null: placed; what it looks like then, `member` tells. */
  async place(member: string, placement: z.infer<typeof placementSchema>): Promise<Refusal | null> {
    const now = Date.now()
    if (this.#parts.roster.connections.size === 0) this.#performer.occupied(now)
    const { answer, effects } = placeMember(this.#parts, member, placement, now)
    await this.#performer.perform(effects, now)
    return answer
  }

  /** `banMs` null: a kick alone. */
  async kick(member: string, banMs: number | null): Promise<Kick | null> {
    const now = Date.now()
    const { answer, effects } = kickMember(this.#parts, this.#performer, member, banMs, now)
    await this.#performer.perform(effects, now)
    if (answer !== null) log("member_kicked", { room: this.ctx.id.name ?? null, ...answer })
    // A ban in an empty room has to be remembered by its alarm.
    if (banMs !== null && this.#parts.roster.connections.size === 0) await this.#performer.rest(now)
    return answer
  }

  async message(body: z.infer<typeof messageBodySchema>): Promise<void> {
    await this.#performer.perform(adminMessage(this.#parts, body), Date.now())
  }

  /** Everyone out, and nothing stored is left. */
  async close(): Promise<void> {
    await this.#performer.perform(endEverybody(this.#parts, this.#performer), Date.now())
    log("room_closed", { room: this.ctx.id.name ?? null })
    await this.#performer.forget()
  }

  async #reauthorize(socket: WebSocket, verify: { token: string; id: number | undefined }): Promise<void> {
    const { roster, settings, sockets } = this.#parts
    const claims = await verifyToken(verify.token, tokenKeys(settings), Date.now())
    const now = Date.now()
    // It may have gone, or been let go, while its token was looked at.
    const connection = sockets.connectionOf(socket)
    if (connection === null) return
    const identity = claims.ok ? identityIn(sockets.roomOf(socket), claims.value) : claims
    const step = authorized(roster, connection, verify.id, identity, now)
    if (step.close !== null) return this.#refuse(socket, connection, step.replies, step.close, now)
    const replies = [...step.replies, ...expiryNotice(connection, now)].map((reply) => [socket, reply] as const)
    const lookBy = this.#sweepBy(socket, connection)
    await this.#performer.perform(
      { touched: [socket], recorded: hasNewerInfo(connection) ? [connection] : [], replies, changes: step.changes, lookBy },
      now,
    )
  }

  /** One bad frame too many: it is answered, then its connection leaves at once, and its socket is told why it is closed. */
  async #refuse(socket: WebSocket, connection: Connection, replies: readonly Reply[], code: CloseCode, now: Millis): Promise<void> {
    for (const reply of replies) this.#performer.reply(socket, reply)
    await this.#performer.perform(
      { changes: this.#performer.end(connection, CLOSES[code].leave ?? "closed"), closes: [[socket, code]] },
      now,
    )
  }

  async #lineEnded(socket: WebSocket, goodbye: boolean): Promise<void> {
    const now = Date.now()
    const effects = lineEnded(this.#parts, this.#performer, socket, goodbye, now)
    if (effects !== null) await this.#performer.perform(effects, now)
  }

  /** The runtime's own word of what fails is no line of ours; it fails all the same. */
  async #told(doing: "close" | "frame", work: () => Promise<void>): Promise<void> {
    try {
      await work()
    } catch (error) {
      this.#failed(doing, error)
      throw error
    }
  }

  #failed(doing: "alarm" | "background" | "close" | "frame", error: unknown): void {
    this.#parts.counters.add("errors.internal")
    log("room_failed", { room: this.ctx.id.name ?? null, doing, ...faultOf(error) })
  }

  #limits(): Limits {
    const { maxFrameBytes, maxDataBytes, maxFramesPerSecond, pace } = this.#parts.settings
    const waitingMessages = this.#performer.waitingMessages
    return {
      maxFrameBytes,
      maxDataBytes,
      maxFramesPerSecond,
      waitingMessages,
      maxWaitingMessages: maxWaitingMessages(this.#parts.roster.connected, pace),
    }
  }

  #sweepBy(socket: WebSocket, connection: Connection): Millis {
    return sweepBy({ connection, pingedAt: this.#parts.sockets.pingedAt(socket) }, this.#parts.settings.clocks)
  }
}
