/** What `client.room` and `client.acquire` hand out: one user's hold on a room that many may share. */
import { withoutNulls } from "../core/patch.ts"
import { RollcallError } from "./error.ts"
import { asJson } from "./outgoing.ts"
import type { SharedRoom } from "./room.ts"
import type {
  ConnectionStatus,
  Entry,
  JsonObject,
  Member,
  Reason,
  Room,
  RoomEvents,
  Self,
  SendOptions,
  Snapshot,
  Unsubscribe,
} from "./types.ts"

type Selector = (snapshot: Snapshot) => unknown
type SliceListener = (slice: unknown, previous: unknown) => void

export class Handle implements Room {
  readonly #room: SharedRoom
  readonly #release: () => void
  readonly #released: (handle: Handle) => void
  #isOut = true

  /** `released` is told before `release` is done. */
  constructor(room: SharedRoom, release: () => void, released: (handle: Handle) => void) {
    this.#room = room
    this.#release = release
    this.#released = released
  }

  get name(): string {
    return this.#room.name
  }

  get self(): Self | null {
    return this.getSnapshot().self
  }

  get others(): readonly Entry[] {
    return this.getSnapshot().others
  }

  get members(): readonly Member[] {
    return this.getSnapshot().members
  }

  get status(): ConnectionStatus {
    return this.getSnapshot().status
  }

  get reason(): Reason | null {
    return this.getSnapshot().reason
  }

  getSnapshot(): Snapshot {
    return this.#held.snapshot
  }

  enter(data: object = {}): void {
    this.#held.say(withoutNulls(asJson(data)))
  }

  update(patch: object | ((old: JsonObject) => object)): void {
    this.#held.update(patch)
  }

  leave(): void {
    this.#held.say(null)
  }

  async send(event: string, data?: unknown, options: SendOptions = {}): Promise<void> {
    await this.#held.send(event, data, options.to)
  }

  subscribe(first: Selector, listener?: SliceListener, isEqual: (a: unknown, b: unknown) => boolean = Object.is): Unsubscribe {
    const room = this.#held
    if (listener === undefined) return room.subscribe(this, () => first(room.snapshot))
    let slice = first(room.snapshot)
    return room.subscribe(this, () => {
      const previous = slice
      const next = first(room.snapshot)
      if (isEqual(next, previous)) return
      slice = next
      listener(next, previous)
    })
  }

  on<Name extends keyof RoomEvents>(name: Name, handler: (event: RoomEvents[Name]) => void): Unsubscribe {
    return this.#held.on(this, name, handler)
  }

  release(): void {
    const room = this.#held
    this.#isOut = false
    room.forget(this)
    this.#released(this)
    this.#release()
  }

  [Symbol.dispose](): void {
    if (this.#isOut) this.release()
  }

  get #held(): SharedRoom {
    if (this.#isOut) return this.#room
    throw new RollcallError("released", `this handle on ${this.#room.name} was released already`)
  }
}
