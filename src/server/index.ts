/**
 * `rollcall/server`: for backends (Node 20 and newer, Deno, Bun, Workers). Mint and verify tokens, call the admin API, verify webhooks.
 *
 * @module
 */
export { type Admin, type AdminOptions, createAdmin } from "./admin.ts"
export { RollcallError, type RollcallErrorCode, RollcallNetworkError } from "./error.ts"
export { type Lifetime, mintToken, type TokenOptions, type VerifiedToken, type VerifyOptions, verifyToken } from "./token.ts"
export type {
  AdminMessage,
  CallOptions,
  Capability,
  Entry,
  ErrorCode,
  Fetch,
  JsonObject,
  Kick,
  LeaveReason,
  Member,
  MemberDetail,
  MemberPage,
  MemberPageOptions,
  MintedToken,
  Occupancy,
  PageOptions,
  Placement,
  Presence,
  RoomGrants,
  RoomPage,
  RoomPageOptions,
  RoomStats,
  RoomSummary,
  TokenRequest,
  Totals,
} from "./types.ts"
export { verifyWebhook, type WebhookEvent, type WebhookHeaders, type WebhookMember, type WebhookRoom } from "./webhook.ts"
