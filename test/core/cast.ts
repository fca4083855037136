/** Who plays in the tests of the core: identities, and connections of a roster. */
import type { Connection, Identity } from "../../src/core/connection.ts"
import { type Change, enter, open, present, type Roster } from "../../src/core/roster.ts"
import type { Result } from "../../src/protocol/errors.ts"
import type { JsonObject } from "../../src/protocol/frames.ts"

export const FAR = 4_000_000_000_000
export const RATE = 1000
export const MAX_DATA = 8192

export function identityOf(member: string, over: Partial<Identity> = {}): Identity {
  return { member, info: { name: member }, grants: { subscribe: true, presence: true, message: true }, expiresAt: FAR, ...over }
}

/** A connection that is an observer; its id is made of its member's name and its ref. */
export function join(roster: Roster, member: string, over: Partial<Identity> = {}, now = 0): Connection {
  return open(roster, `${member}-${roster.nextRef}`, identityOf(member, over), RATE, now)
}

export function enterAs(roster: Roster, member: string, data: JsonObject = {}, now = 0): Connection {
  const connection = join(roster, member, {}, now)
  const entered = enter(roster, connection, data, MAX_DATA, now)
  if (!entered.ok) throw new Error(entered.error.message)
  return connection
}

/** What was done; a refusal fails the test. */
export function done(result: Result<Change[]>): Change[] {
  if (!result.ok) throw new Error(result.error.message)
  return result.value
}

/** Of those present. */
export function refs(roster: Roster): number[] {
  return Array.from(present(roster), ({ ref }) => ref)
}
