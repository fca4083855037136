/** The spelled-out types of `rollcall/server` say the same as the contract's schemas. Compiled, never run. */
import type { z } from "zod"
import type * as schemas from "../../src/protocol/admin.ts"
import type { Capability as ContractCapability } from "../../src/protocol/capabilities.ts"
import type { LeaveReason as ContractReason } from "../../src/protocol/close-codes.ts"
import type { ErrorCode as ContractCode } from "../../src/protocol/errors.ts"
import type * as server from "../../src/server/index.ts"
import type { Equal } from "./equal.ts"

/** Of no interest: who may write to a field that nobody writes to. */
type Plain<T> = T extends readonly (infer Item)[] ? Plain<Item>[] : T extends object ? { -readonly [K in keyof T]: Plain<T[K]> } : T
type Same<Schema, Type> = Equal<Plain<Schema>, Plain<Type>>

export const same: Record<string, true> = {
  stats: true satisfies Same<z.output<typeof schemas.roomStatsSchema>, server.RoomStats>,
  presence: true satisfies Same<z.output<typeof schemas.presenceSchema>, server.Presence>,
  occupancy: true satisfies Same<z.output<typeof schemas.occupancySchema>, server.Occupancy>,
  members: true satisfies Same<z.output<typeof schemas.memberPageSchema>, server.MemberPage>,
  member: true satisfies Same<z.output<typeof schemas.memberDetailSchema>, server.MemberDetail>,
  kick: true satisfies Same<z.output<typeof schemas.kickSchema>, server.Kick>,
  token: true satisfies Same<z.output<typeof schemas.mintedSchema>, server.MintedToken>,
  placement: true satisfies Same<keyof z.input<typeof schemas.placementSchema>, keyof server.Placement>,
  message: true satisfies Same<keyof z.input<typeof schemas.messageBodySchema>, keyof server.AdminMessage>,
  tokenRequest: true satisfies Same<keyof z.input<typeof schemas.tokenBodySchema>, keyof server.TokenRequest>,
  capability: true satisfies Same<ContractCapability, server.Capability>,
  code: true satisfies Same<ContractCode, server.ErrorCode>,
  reason: true satisfies Same<ContractReason, server.LeaveReason>,
}
