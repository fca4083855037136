/** All members of a run: they connect, and every frame that reaches one of them is counted, and some are decoded. */
import { setTimeout as sleep } from "node:timers/promises"
import { type Adapter, memberKey } from "../adapters/adapter.ts"
import type { Participant } from "./participant.ts"
import { Tally } from "./tally.ts"
import { WebSocketClient } from "./websocket.ts"

/** How many upgrades are under way at once. */
const CONNECTING_AT_ONCE = 64
const CONNECT_LIMIT_MS = 20_000

/** One frame in so many is decoded, of those who are no observers. */
const SAMPLE_EVERY = 100

export class Crowd {
  readonly adapter: Adapter
  readonly participants: Participant[] = []
  readonly tally = new Tally()
  /** How many see everybody. */
  whole = 0
  failed = 0
  readonly #port: number
  #framesToSample = SAMPLE_EVERY

  constructor(adapter: Adapter, port: number) {
    this.adapter = adapter
    this.#port = port
  }

  /** Returns how long it took, in milliseconds. */
  async connect(total: number, roomOf: (index: number) => string, wanted: number): Promise<number> {
    await this.adapter.prepare(total)
    const start = performance.now()
    let next = 0
    const connectSome = async () => {
      while (next < total) {
        const index = next++
        await Promise.race([this.#join(index, roomOf(index), wanted), sleep(CONNECT_LIMIT_MS)])
      }
    }
    await Promise.all(Array.from({ length: CONNECTING_AT_ONCE }, connectSome))
    this.failed = this.participants.filter(({ isReady }) => !isReady).length
    if (this.failed === total) throw new Error(`nobody got in: ${this.participants[0]?.socket?.fault ?? "no answer"}`)
    return performance.now() - start
  }

  disperse(): void {
    for (const { socket } of this.participants) socket?.destroy()
  }

  #join(index: number, room: string, wanted: number): Promise<void> {
    return new Promise((resolve) => {
      const participant: Participant = {
        index,
        room,
        key: memberKey(index),
        wanted,
        socket: null,
        ready: () => {
          participant.isReady = true
          resolve()
        },
        isReady: false,
        isObserver: false,
        members: 0,
        wholeAt: null,
        seq: 0,
      }
      this.participants[index] = participant
      participant.socket = new WebSocketClient(this.#port, this.adapter.path(room, index), this.adapter.headers(index), {
        opened: () => {
          if (this.adapter.isInOnOpen) participant.ready()
        },
        received: (_, bytes, start, end) => this.#received(participant, bytes, start, end),
        closed: () => resolve(),
      })
    })
  }

  #received(participant: Participant, bytes: Buffer, start: number, end: number): void {
    const { adapter, tally } = this
    const states = adapter.received(participant, bytes, start, end)
    if (participant.wholeAt === null && participant.members >= participant.wanted) {
      participant.wholeAt = performance.now()
      this.whole++
    }
    if (states === 0) return
    if (tally.isMeasuring) tally.states += states
    if (participant.isObserver) {
      adapter.decode(participant, bytes, start, end, (member, seq, sentAt) => {
        tally.latency(sentAt)
        tally.seen(participant, member, seq)
      })
    } else if (tally.isMeasuring && --this.#framesToSample === 0) {
      this.#framesToSample = SAMPLE_EVERY
      adapter.decode(participant, bytes, start, end, (_, __, sentAt) => tally.latency(sentAt))
    }
  }
}
