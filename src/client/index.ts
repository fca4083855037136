/** `rollcall/client`: who is here, and what are they doing? For browsers, Node 22 and later, Workers and Deno. */
export { type Client, type ClientOptions, createClient, type TokenSource } from "./client.ts"
export { type ErrorCode, RollcallError } from "./error.ts"
export type { AcquireOptions, PoolStats } from "./pool.ts"
export type {
  ConnectionStatus,
  Entry,
  JsonObject,
  Lease,
  LeaveReason,
  Member,
  MessageOf,
  Patch,
  Reason,
  Room,
  RoomEvents,
  RoomOptions,
  Self,
  SendArguments,
  SendOptions,
  Snapshot,
  Status,
  Unsubscribe,
} from "./types.ts"
export type { SocketConstructor, SocketLike } from "./wire.ts"
