/**
 * What a RoomProvider has of its room: at most one handle at a time, and those below who look at it. Knows nothing of React. Before the
 * provider is mounted, on a server and after it is gone there is no handle, and nobody is here.
 */
import {
  type Client,
  type JsonObject,
  RollcallError,
  type Room,
  type RoomOptions,
  type Snapshot,
  type Unsubscribe,
} from "../client/index.ts"

/** A room without the right to give it back, which is its provider's. */
export type HeldRoom<Data extends object = JsonObject, Info extends object = JsonObject, Messages extends object = JsonObject> = Omit<
  Room<Data, Info, Messages>,
  "release" | typeof Symbol.dispose
>

const NOBODY: Snapshot<never, never> = Object.freeze({
  self: null,
  others: Object.freeze([]),
  members: Object.freeze([]),
  status: "connecting",
  reason: null,
})

type Follower<Followed> = { readonly follow: (room: Followed) => Unsubscribe; stop: Unsubscribe | null }

export class RoomStore<Data extends object = JsonObject, Info extends object = JsonObject, Messages extends object = JsonObject> {
  readonly #client: Client
  readonly #name: string
  readonly #followers = new Set<Follower<Room<Data, Info, Messages>>>()
  #room: Room<Data, Info, Messages> | null = null
  #holds = 0
  #asked: ((room: Room<Data, Info, Messages> | null) => void)[] = []

  constructor(client: Client, name: string) {
    this.#client = client
    this.#name = name
  }

  /**
   * The first hold acquires the room. The end of the last one gives it back, unless it is held anew within the same task: what StrictMode
   * does to every effect, and a tree that is mounted elsewhere, cost the room nothing.
   */
  hold(options: RoomOptions<Data>): () => void {
    if (this.#room === null) this.#acquire(options)
    this.#holds++
    return () => {
      this.#holds--
      queueMicrotask(() => {
        if (this.#holds === 0) this.#release()
      })
    }
  }

  readonly getRoom = (): HeldRoom<Data, Info, Messages> | null => this.#room

  readonly getSnapshot = (): Snapshot<Data, Info> => this.#room?.getSnapshot() ?? NOBODY

  readonly getServerSnapshot = (): Snapshot<Data, Info> => NOBODY

  readonly subscribe = (listener: () => void): Unsubscribe => this.follow((room) => room.subscribe(listener), listener)

  /** Runs `follow` with the handle there is, and with each that comes, until it is told to stop. `changed` hears of the latter. */
  follow(follow: (room: Room<Data, Info, Messages>) => Unsubscribe, changed?: () => void): Unsubscribe {
    const follower: Follower<Room<Data, Info, Messages>> = {
      follow: (room) => {
        const stop = follow(room)
        changed?.()
        return stop
      },
      stop: this.#room === null ? null : follow(this.#room),
    }
    this.#followers.add(follower)
    return () => {
      this.#followers.delete(follower)
      follower.stop?.()
    }
  }

  /** Without a room nobody is there to be changed: after the provider has gone, a late call does nothing. */
  readonly update: Room<Data, Info, Messages>["update"] = (patch) => this.#ask((room) => room?.update(patch))

  readonly send: Room<Data, Info, Messages>["send"] = (event, ...rest) =>
    new Promise((resolve, reject) => {
      this.#ask((room) => {
        if (room === null) reject(new RollcallError("released", `the room ${this.#name} is not mounted: nothing was sent`))
        else room.send(event, ...rest).then(resolve, reject)
      })
    })

  /** Layout effects of children run before their provider's: what they ask waits for it, within the task. */
  #ask(run: (room: Room<Data, Info, Messages> | null) => void): void {
    this.#asked.push(run)
    if (this.#room !== null) this.#answer(this.#room)
    else queueMicrotask(() => this.#answer(null))
  }

  #answer(room: Room<Data, Info, Messages> | null): void {
    const asked = this.#asked
    this.#asked = []
    const faults: unknown[] = []
    for (const run of asked) {
      try {
        run(room)
      } catch (fault) {
        // One's fault is its own: what others asked is done all the same.
        faults.push(fault)
      }
    }
    if (faults.length > 0) throw faults[0]
  }

  #acquire(options: RoomOptions<Data>): void {
    const room = this.#client.room<Data, Info, Messages>(this.#name, options)
    this.#room = room
    this.#answer(room)
    for (const follower of this.#followers) follower.stop = follower.follow(room)
  }

  #release(): void {
    const room = this.#room
    this.#room = null
    room?.release()
  }
}
