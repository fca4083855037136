/** All members of a run: they connect, and of every frame that reaches one of them is kept what its member has seen. */
import { setTimeout as sleep } from "node:timers/promises"
import type { Adapter, SeqOf } from "../adapters/adapter.ts"
import { seqOf } from "./motion.ts"
import { move } from "./move.ts"
import { lastSeq, newcomer, type Participant } from "./participant.ts"
import { SharedSight, type Sight, type States } from "./seen.ts"
import { Tally } from "./tally.ts"
import { WebSocketClient } from "./websocket.ts"

/** How many upgrades are under way at once. */
const CONNECTING_AT_ONCE = 64
const CONNECT_LIMIT_MS = 20_000

/** One frame in so many is looked at for latencies, of those who are no observers. Prime, so that it is not always the same members'. */
const SAMPLE_EVERY = 101

const WARM_UP = 20
const WARM_UP_MS = 500
const WARM_UP_LIMIT_MS = 5000

/** A state that all are to have. */
type Awaited = { readonly index: number; readonly seq: number; readonly arrivals: Map<Participant, number> }

export class Crowd {
  readonly adapter: Adapter
  readonly participants: Participant[] = []
  readonly tally = new Tally()
  /** How many see everybody. */
  whole = 0
  failed = 0
  readonly #port: number
  #framesToSample = SAMPLE_EVERY
  #awaited: Awaited | null = null
  readonly #seqOf: SeqOf = (index, position) => {
    const member = this.participants[index]
    return member === undefined ? null : seqOf(index, position, lastSeq(member))
  }

  constructor(adapter: Adapter, port: number) {
    this.adapter = adapter
    this.#port = port
  }

  /** As fast as they can, or so many a second. Returns how long it took, in milliseconds. */
  async connect(total: number, roomOf: (index: number) => string, wanted: number, perS = Number.POSITIVE_INFINITY): Promise<number> {
    await this.adapter.prepare(total)
    // Each room begins by itself: the same bytes mean something else in another.
    const roots = new Map<string, SharedSight>()
    for (let index = 0; index < total; index++) {
      const room = roomOf(index)
      const root = roots.get(room) ?? new SharedSight()
      roots.set(room, root)
      this.participants.push(newcomer(index, room, root, wanted))
    }
    return this.reconnect(this.participants, perS)
  }

  /** The same members on new sockets. Returns how long it took, in milliseconds. */
  async reconnect(participants: readonly Participant[], perS = Number.POSITIVE_INFINITY): Promise<number> {
    const start = performance.now()
    const waiting = participants.entries()
    const connectSome = async () => {
      for (const [nth, participant] of waiting) {
        const early = start + (nth * 1000) / perS - performance.now()
        if (early > 0) await sleep(early)
        // The limits of those who came in time keep no process alive.
        await Promise.race([this.#join(participant), sleep(CONNECT_LIMIT_MS, null, { ref: false })])
      }
    }
    await Promise.all(Array.from({ length: CONNECTING_AT_ONCE }, connectSome))
    this.failed = participants.filter(({ isReady }) => !isReady).length
    if (this.failed === participants.length) throw new Error(`nobody got in: ${participants[0]?.socket?.fault ?? "no answer"}`)
    return performance.now() - start
  }

  /** Whether all see everybody within the time. */
  async becomesWhole(limitMs: number): Promise<boolean> {
    const limit = performance.now() + limitMs
    while (this.whole < this.participants.length && performance.now() < limit) await sleep(5)
    return this.whole === this.participants.length
  }

  /** What a member has seen; the same for all who share it. */
  sightOf({ shared, own }: Participant): Sight {
    return this.adapter.sharesFrames ? shared : own
  }

  /** Waits until all of them have the state `seq` of that member; returns when each got it, the member itself left out. */
  async arrivals(index: number, seq: number, limitMs: number, act: () => void): Promise<ReadonlyMap<Participant, number>> {
    const arrivals = new Map<Participant, number>()
    this.#awaited = { index, seq, arrivals }
    act()
    const others = this.participants.length - 1
    const limit = performance.now() + limitMs
    while (arrivals.size < others && performance.now() < limit) await sleep(2)
    this.#awaited = null
    return arrivals
  }

  /** A few come, move and go in a room of their own: what a server takes for its first connection is not what each takes. */
  async warmUp(): Promise<void> {
    const few = new Crowd(this.adapter, this.#port)
    await few.connect(WARM_UP, () => "warm-up", WARM_UP)
    await few.becomesWhole(WARM_UP_LIMIT_MS)
    for (const participant of few.participants) move(few, participant)
    await sleep(WARM_UP_MS)
    few.disperse()
    await sleep(WARM_UP_MS)
  }

  disperse(): void {
    for (const { socket } of this.participants) socket?.destroy()
  }

  #join(participant: Participant): Promise<void> {
    return new Promise((resolve) => {
      const { adapter } = this
      participant.isReady = false
      participant.isReturning = participant.socket !== null
      participant.members = 0
      participant.wholeAt = null
      participant.ready = () => {
        participant.isReady = true
        resolve()
      }
      participant.socket = new WebSocketClient(this.#port, adapter.path(participant), adapter.headers(participant.index), {
        opened: () => {
          if (adapter.isInOnOpen) participant.ready()
        },
        received: (_, bytes, start, end) => this.#received(participant, bytes, start, end),
        closed: () => resolve(),
      })
    })
  }

  #received(participant: Participant, bytes: Buffer, start: number, end: number): void {
    const { adapter } = this
    const statesAt = adapter.received(participant, bytes, start, end)
    if (participant.wholeAt === null && participant.members >= participant.wanted) {
      participant.wholeAt = performance.now()
      this.whole++
    }
    if (statesAt >= 0) this.#told(participant, this.#read(participant, bytes, statesAt, end))
  }

  #read(participant: Participant, bytes: Buffer, start: number, end: number): States {
    const { adapter } = this
    const read = () => adapter.states(participant, bytes, start, end, this.#seqOf)
    if (adapter.sharesFrames) {
      participant.shared = participant.shared.told(bytes, start, end, read)
      return participant.shared.states
    }
    const states = read()
    participant.own.told(states)
    return states
  }

  #told(participant: Participant, states: States): void {
    const { tally } = this
    if (tally.isMeasuring) tally.states += states.length / 2
    if (this.#awaited !== null) noteArrival(this.#awaited, participant, states)
    const isSample = tally.isMeasuring && --this.#framesToSample === 0
    if (isSample) this.#framesToSample = SAMPLE_EVERY
    if (!isSample && !participant.isObserver) return
    for (let i = 0; i < states.length; i += 2) {
      const index = states[i] ?? 0
      const seq = states[i + 1] ?? 0
      if (index !== participant.index) tally.latency(this.participants[index]?.sentAt[seq] ?? Number.NaN)
      if (participant.isObserver) tally.seen(index, seq)
    }
  }
}

function noteArrival({ index, seq, arrivals }: Awaited, participant: Participant, states: States): void {
  if (participant.index === index || arrivals.has(participant)) return
  for (let i = 0; i < states.length; i += 2) {
    if (states[i] === index && (states[i + 1] ?? 0) >= seq) arrivals.set(participant, performance.now())
  }
}
