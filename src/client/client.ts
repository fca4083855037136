/** One import: a client of one service, and the rooms that share its pool of connections. */
import { directLink } from "./link.ts"
import { type AcquireOptions, createPool, type Held, type PoolStats } from "./pool.ts"
import { shareRoom } from "./room.ts"
import type { SharedRoom } from "./shared-room.ts"
import { tabLink } from "./tabs.ts"
import type { JsonObject, Lease, Room, RoomOptions } from "./types.ts"
import { connectUrl, type SocketConstructor } from "./wire.ts"

export type { RoomOptions } from "./types.ts"

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
  /**
   * Many tabs of one browser share one connection per room and are one presence, that of the tab which spoke last. They must be the same
   * member; where they may not be, a text that names the member (its id, say) keeps the tabs of others apart. Off unless told otherwise.
   */
  readonly tabs?: boolean | string
  /** Where there is no global one, or another is wanted. */
  readonly WebSocket?: SocketConstructor
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
    options?: RoomOptions<Data> & Partial<AcquireOptions>,
  ): Promise<Lease<Room<Data, Info, Messages>>>
  /** Connects to these rooms ahead of use and stays so, unseen: the first `min` of them. */
  warm(names: readonly string[]): void
  readonly pool: { stats(): PoolStats }
  /** Leaves every room and closes every connection. Final. */
  close(): void
  [Symbol.dispose](): void
}

type Forgotten = { readonly room: string; readonly acquired: Error; readonly release: () => void }

export function createClient(options: ClientOptions): Client {
  const { url, token, tabs = false, WebSocket = globalThis.WebSocket, pool: settings = {} } = options
  const { min = 0, max = 16, lingerMs = 2000, acquireTimeoutMs: timeoutMs = 10_000 } = settings
  const pool = createPool<SharedRoom>({
    min,
    max,
    lingerMs,
    create(name) {
      // Told to who asks for a room, not to a connection that would try it for ever; and not before: a server that renders imports the
      // module in which an app makes its client.
      if (WebSocket === undefined) throw new TypeError("no WebSocket here")
      connectUrl(url, name, null, "ws")
      return shareRoom(name, () => pool.broken(name))
    },
    open(room) {
      const { name } = room
      const get = typeof token === "string" ? () => token : () => token(name)
      const line = { url, room: name, token: get, renewable: typeof token !== "string", WebSocket }
      const shares = tabs && globalThis.navigator?.locks
      room.connect((events) => (shares ? tabLink(`rollcall ${tabs} ${url} ${name}`, line, events) : directLink(line, events)))
    },
    close: (room) => room.close({ code: "closed", message: "the client was closed" }),
    rest: (room) => room.rest(),
    ready: (room, signal) => room.connected(signal),
  })

  const forgotten = new FinalizationRegistry<Forgotten>(({ room, acquired, release }) => {
    if (pool.forgot()) console.warn(`rollcall: a forgotten handle on ${room} is released: ${acquired.stack}`)
    release()
  })
  const unregister = (handle: object) => void forgotten.unregister(handle)

  /** Nothing in here may hold the handle but its owner. */
  function handleOn({ resource, isFirst, release }: Held<SharedRoom>, options: RoomOptions<object>): unknown {
    const handle = resource.handle(options, isFirst, release, unregister)
    forgotten.register(handle, { room: resource.name, acquired: new Error("acquired here"), release }, handle)
    return handle
  }

  return {
    // What the app says its data is cannot be known here: only a schema can check it.
    room: <D extends object, I extends object, M extends object>(name: string, roomOptions: RoomOptions<D> = {}) =>
      handleOn(pool.request(name), roomOptions) as Room<D, I, M>,
    async acquire<D extends object, I extends object, M extends object>(
      name: string,
      acquireOptions: RoomOptions<D> & Partial<AcquireOptions> = {},
    ) {
      const held = await pool.acquire(name, { timeoutMs, ...acquireOptions })
      const room = handleOn(held, acquireOptions) as Room<D, I, M>
      return { room, release: room.release, [Symbol.dispose]: room[Symbol.dispose] }
    },
    warm: pool.warm,
    pool: { stats: pool.stats },
    close: pool.close,
    [Symbol.dispose]: pool.close,
  }
}
