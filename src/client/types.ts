/** The public shapes of `rollcall/client`. Everything that a room hands out is immutable and structurally shared. */
/// <reference lib="esnext.disposable" />
import type { StandardSchemaV1 } from "@standard-schema/spec"
import type { RollcallError } from "./error.ts"

/** An object that JSON can hold. */
export type JsonObject = { [key: string]: unknown }

/** Whether a connection has done something of late (`active`) or is merely connected (`away`). The service decides. */
export type Status = "active" | "away"

/** Why an entry left. `unseen`: it went while this client was not connected, so the reason is not known. */
export type LeaveReason = "left" | "closed" | "lost" | "idle" | "kicked" | "expired" | "room_closed" | "unseen"

/** One present connection: a tab, a device, a bot. The same object as long as nothing in it changed. */
export type Entry<Data extends object = JsonObject, Info extends object = JsonObject> = {
  /** Unguessable, never reused. A good key for a list. */
  readonly connection: string
  readonly ref: number
  readonly member: string
  /** From the member's token: no client can forge it. */
  readonly info: Info
  /** What the connection says about itself. Untrusted, unless the room has a `schema`. */
  readonly data: Data
  readonly status: Status
  /** Milliseconds since 1970. */
  readonly since: number
}

/** This client's own presence. What only the room knows is null until it was told once. */
export type Self<Data extends object = JsonObject, Info extends object = JsonObject> = {
  readonly connection: string | null
  readonly ref: number | null
  readonly member: string | null
  readonly info: Info | null
  /** What the app said last, at once: also before the room has heard it. */
  readonly data: Data
  readonly status: Status
  readonly since: number | null
}

/** Somebody, with all tabs and devices collapsed. */
export type Member<Data extends object = JsonObject, Info extends object = JsonObject> = {
  readonly member: string
  readonly info: Info
  /** Oldest first. */
  readonly connections: readonly Entry<Data, Info>[]
  /** `active` while one of the connections is. */
  readonly status: Status
  /** Of the newest active connection; of the newest one when none is active. */
  readonly data: Data
  /** Whether one of the connections is this client's own. */
  readonly isSelf: boolean
}

/**
 * `connecting` until the first welcome, `reconnecting` after a line was lost, `offline` while the browser says that there is no network
 * and while the room waits for the user to come back; `closed` is final, and `reason` says why.
 */
export type ConnectionStatus = "connecting" | "connected" | "reconnecting" | "offline" | "closed"

/** A close code of the contract or an error code of the service, and a sentence. */
export type Reason = { readonly code: number | string; readonly message: string }

/** What is true now. A new object only when something changed; unchanged parts keep their identity. */
export type Snapshot<Data extends object = JsonObject, Info extends object = JsonObject> = {
  /** Null while this client has not entered: it sees the room, and nobody sees it. */
  readonly self: Self<Data, Info> | null
  /** Every present connection but this client's own, oldest first. */
  readonly others: readonly Entry<Data, Info>[]
  /** Everybody, this client's own member included, oldest first. */
  readonly members: readonly Member<Data, Info>[]
  readonly status: ConnectionStatus
  /** Why the room is not connected; null while it is, and before the first attempt has failed. */
  readonly reason: Reason | null
}

/** A change laid over the data key by key, at the top level only; `null` removes a key. */
export type Patch<Data extends object> = { readonly [K in keyof Data]?: undefined extends Data[K] ? Data[K] | null : Data[K] }

export type MessageOf<
  Data extends object = JsonObject,
  Info extends object = JsonObject,
  Messages extends object = JsonObject,
  Name extends keyof Messages & string = keyof Messages & string,
> = {
  [K in Name]: {
    readonly event: K
    readonly data: Messages[K]
    /** Null when the service's operator sent it. */
    readonly member: string | null
    /** The sender's entry; null when the sender is not present. */
    readonly from: Entry<Data, Info> | null
  }
}[Name]

/** What `room.on` tells. `enter`, `update`, `leave` and `status` are about the others, and after a gap exactly the difference. */
export type RoomEvents<Data extends object = JsonObject, Info extends object = JsonObject, Messages extends object = JsonObject> = {
  enter: { readonly entry: Entry<Data, Info> }
  /** Data or info changed. */
  update: { readonly entry: Entry<Data, Info>; readonly previous: Entry<Data, Info> }
  leave: { readonly entry: Entry<Data, Info>; readonly reason: LeaveReason }
  /** `active` became `away`, or the other way round. */
  status: { readonly entry: Entry<Data, Info>; readonly previous: Entry<Data, Info> }
  message: MessageOf<Data, Info, Messages>
  connection: { readonly status: ConnectionStatus; readonly reason: Reason | null }
  /** Something was refused, or could not be understood. The room goes on unless `status` says otherwise. */
  error: RollcallError
}

export type Unsubscribe = () => void

export type SendOptions = {
  /** Only to the connections of these members. */
  readonly to?: readonly string[]
}

/** What `send` takes after the event's name: its data, which may be left out where it may be undefined, and options. */
export type SendArguments<Data> = undefined extends Data ? [data?: Data, options?: SendOptions] : [data: Data, options?: SendOptions]

/**
 * A handle on a room. All handles of one client on one room share one connection, one picture and one presence; each keeps its own
 * subscriptions, which end with it. After its release, everything throws `released`. Keep it as long as the room is used: a handle that is
 * forgotten, and on which nothing is subscribed, is given back by the garbage collector, with a warning.
 */
export interface Room<Data extends object = JsonObject, Info extends object = JsonObject, Messages extends object = JsonObject> {
  readonly name: string
  readonly self: Self<Data, Info> | null
  readonly others: readonly Entry<Data, Info>[]
  readonly members: readonly Member<Data, Info>[]
  readonly status: ConnectionStatus
  readonly reason: Reason | null
  getSnapshot(): Snapshot<Data, Info>
  /** Become present with this data, which replaces what was said before; `{}` when left out. Works at any time: the latest is told. */
  enter(data?: Data): void
  /** Change the data that was said. Throws `not_entered` before `enter`. Changes are merged, and told at most every 25 ms. */
  update(patch: Patch<Data> | ((old: Data) => Patch<Data>)): void
  /** Stop being present, and go on watching. */
  leave(): void
  /**
   * A message to everybody in the room, this client included, or to `to`. Resolves when the room has taken it; rejects with the room's
   * refusal, with `not_connected` when there is no connection, with `connection_lost` when it broke before the answer.
   */
  send<Name extends keyof Messages & string>(event: Name, ...rest: SendArguments<Messages[Name]>): Promise<void>
  /** Called after every change. */
  subscribe(listener: (snapshot: Snapshot<Data, Info>) => void): Unsubscribe
  /** Called when what `selector` picks has changed, by `Object.is` unless told otherwise. */
  subscribe<Slice>(
    selector: (snapshot: Snapshot<Data, Info>) => Slice,
    listener: (slice: Slice, previous: Slice) => void,
    isEqual?: (a: Slice, b: Slice) => boolean,
  ): Unsubscribe
  on<Name extends keyof RoomEvents>(name: Name, handler: (event: RoomEvents<Data, Info, Messages>[Name]) => void): Unsubscribe
  /** Gives the handle back. The last one of a room closes its connection after the pool's linger. Twice is an error. */
  release(): void
  /** For `using`: releases unless that was done. */
  [Symbol.dispose](): void
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

/** What `client.acquire` gives: a room that is connected, until it is given back. */
export type Lease<R> = { readonly room: R; release(): void; [Symbol.dispose](): void }
