/** One import: a client of one service, and the rooms that share its pool of connections. */
import type { StandardSchemaV1 } from "@standard-schema/spec"
import { type Environment, platform, type SocketConstructor } from "./environment.ts"
import { RollcallError } from "./error.ts"
import { Handle } from "./handle.ts"
import { DirectLink } from "./link.ts"
import { type AcquireOptions, Pool, type PoolStats } from "./pool.ts"
import { SharedRoom } from "./room.ts"
import type { JsonObject, Lease, Room } from "./types.ts"
import { validator } from "./validate.ts"
import { connectUrl } from "./wire.ts"

/** A token, or how to get one; asked again whenever a new one is needed. Asked per room, so that a token may cover just one. */
export type TokenSource = string | ((room: string) => string | Promise<string>)

export type ClientOptions = {
  /** Where the service is: `https://presence.example.com`, or relative to the page. */
  readonly url: string
  readonly token: TokenSource
  readonly pool?: {
    /** Connections that stay open although nobody uses them; 0 unless told otherwise. */
    readonly min?: number
    /** Connections at once, at most; 16 unless told otherwise. */
    readonly max?: number
    /** How long a connection stays open after the last release, in milliseconds; 2000 unless told otherwise. */
    readonly lingerMs?: number
    /** How long `acquire` waits unless told otherwise, in milliseconds; 10000 unless told otherwise. */
    readonly acquireTimeoutMs?: number
  }
  /** Many tabs of one browser share one connection per room, and are one presence. Off unless told otherwise. */
  readonly tabs?: boolean
  /** Where there is no global one, or another is wanted. */
  readonly WebSocket?: SocketConstructor
}

export type RoomOptions<Data extends object> = {
  /** Enter at once with this data, unless the room was entered already. */
  readonly initial?: Data
  /**
   * A standard schema (Zod, Valibot, ArkType …) for what others say. An entry whose data is not valid is kept out; one that was valid keeps
   * the last data that was; the room tells an `error` `invalid_data`. The first handle on a room decides.
   */
  readonly schema?: StandardSchemaV1<unknown, Data>
}

export interface Client {
  /**
   * A handle on a room, at once: it connects in the background, or waits for a place in the pool. Data, Info and Messages are what the app
   * says they are; only `schema` checks it.
   */
  room<Data extends object = JsonObject, Info extends object = JsonObject, Messages extends object = JsonObject>(
    name: string,
    options?: RoomOptions<Data>,
  ): Room<Data, Info, Messages>
  /** A room that is connected, or an error: `acquire_timeout`, the signal's reason, or why the room is closed. */
  acquire<Data extends object = JsonObject, Info extends object = JsonObject, Messages extends object = JsonObject>(
    name: string,
    options?: RoomOptions<Data> & AcquireOptions,
  ): Promise<Lease<Room<Data, Info, Messages>>>
  /** Connects to these rooms ahead of use and stays so, unseen: the first `min` of them. */
  warm(names: readonly string[]): void
  readonly pool: { stats(): PoolStats }
  /** Leaves every room and closes every connection. Final. */
  close(): void
  [Symbol.dispose](): void
}

export function createClient(options: ClientOptions): Client {
  return createClientIn(platform(options.WebSocket), options)
}

type Forgotten = { readonly name: string; readonly acquired: Error; readonly release: () => void }

/** The same in surroundings that are given: what tests do. */
export function createClientIn(environment: Environment, options: ClientOptions): Client {
  const { url, token, pool: { min = 0, max = 16, lingerMs = 2000, acquireTimeoutMs = 10_000 } = {} } = options
  // A bad address is told now, not to a connection that would try it for ever.
  connectUrl(url, "room", null, "ws")
  const rooms = new Map<string, SharedRoom>()

  function roomOf(name: string): SharedRoom {
    let room = rooms.get(name)
    if (room === undefined) {
      room = new SharedRoom(name, () => pool.broken(name))
      rooms.set(name, room)
    }
    return room
  }

  const pool = new Pool<SharedRoom>({
    min,
    max,
    lingerMs,
    after: environment.after,
    open(name) {
      const room = roomOf(name)
      const line = {
        url,
        room: name,
        token: () => (typeof token === "string" ? token : token(name)),
        renewable: typeof token !== "string",
        environment,
      }
      room.connect((events) => new DirectLink(line, events))
      return room
    },
    close(room, name) {
      if (rooms.get(name) === room) rooms.delete(name)
      room.close({ code: "closed", message: "the client gave the connection up" })
    },
    rest: (room) => room.say(null),
  })

  const forgotten = new FinalizationRegistry<Forgotten>(({ name, acquired, release }) => {
    console.warn(`rollcall: a handle on the room ${name} was forgotten, and is released now. It was ${acquired.stack ?? "acquired"}`)
    pool.countForgotten()
    release()
  })

  /** Nothing in here may hold the handle but its owner. */
  function handleOn(room: SharedRoom, release: () => void): Handle {
    const handle = new Handle(room, release, unregister)
    forgotten.register(handle, { name: room.name, acquired: new Error("acquired here"), release }, handle)
    return handle
  }

  function unregister(handle: Handle): void {
    forgotten.unregister(handle)
  }

  function open(name: string, { initial, schema }: RoomOptions<object>): Handle {
    const claim = pool.request(name, {
      granted() {},
      failed: (error) => room.close({ code: "closed", message: String(error) }),
    })
    const room = roomOf(name)
    const release = () => {
      claim.release()
      // One that never got a place is in nobody's keeping but ours.
      if (!pool.has(name) && rooms.get(name) === room) rooms.delete(name)
    }
    return prepared(handleOn(room, release), room, initial, schema)
  }

  async function acquire(name: string, options: RoomOptions<object> & AcquireOptions): Promise<Lease<Handle>> {
    const { timeoutMs = acquireTimeoutMs, signal } = options
    const late = new AbortController()
    const cancel = environment.after(timeoutMs, () => late.abort(lateFor(name, timeoutMs)))
    try {
      const either = signal === undefined ? late.signal : AbortSignal.any([signal, late.signal])
      const held = await pool.acquire(name, { signal: either })
      await held.resource.connected(either).catch((error: unknown) => {
        held.release()
        throw error
      })
      const room = prepared(handleOn(held.resource, held.release), held.resource, options.initial, options.schema)
      return { room, release: () => room.release(), [Symbol.dispose]: () => room[Symbol.dispose]() }
    } finally {
      cancel()
    }
  }

  const client: Client = {
    // What the app says its data is cannot be known here: only a schema can check it.
    room: <D extends object, I extends object, M extends object>(name: string, options: RoomOptions<D> = {}) =>
      open(name, options) as unknown as Room<D, I, M>,
    acquire: <D extends object, I extends object, M extends object>(name: string, options: RoomOptions<D> & AcquireOptions = {}) =>
      acquire(name, options) as Promise<unknown> as Promise<Lease<Room<D, I, M>>>,
    warm: (names) => pool.warm(names),
    pool: { stats: () => pool.stats() },
    close: () => pool.close(),
    [Symbol.dispose]: () => pool.close(),
  }
  return client
}

function prepared(handle: Handle, room: SharedRoom, initial: object | undefined, schema: StandardSchemaV1 | undefined): Handle {
  if (schema !== undefined) room.check(validator(schema))
  if (initial !== undefined && !room.hasEntered) handle.enter(initial)
  return handle
}

function lateFor(name: string, timeoutMs: number): RollcallError {
  return new RollcallError("acquire_timeout", `no connection to ${name} within ${timeoutMs} ms`)
}
