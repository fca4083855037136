/** rollcall/server: for backends. Mint and verify tokens, call the admin API, verify webhooks; no Worker needed. */
export type { Kick, Member, MemberDetail, MemberPage, Occupancy, Presence, RoomStats } from "../protocol/admin.ts"
export type { Capability } from "../protocol/capabilities.ts"
export type { LeaveReason } from "../protocol/close-codes.ts"
export type { ErrorCode } from "../protocol/errors.ts"
export type { Entry, JsonObject } from "../protocol/frames.ts"
export {
  type Admin,
  type AdminMessage,
  type AdminOptions,
  createAdmin,
  type MintedToken,
  type PageOptions,
  type Placement,
  type TokenRequest,
} from "./admin.ts"
export { RollcallError, type RollcallErrorCode, RollcallNetworkError } from "./error.ts"
export type { CallOptions, Fetch } from "./request.ts"
export { type Lifetime, mintToken, type RoomGrants, type TokenOptions, type VerifiedToken, verifyToken } from "./token.ts"
export { verifyWebhook, type WebhookEvent, type WebhookHeaders } from "./webhook.ts"
