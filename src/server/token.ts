/** Tokens for a backend: it knows who its user is, and says so to the room by a token that it signs. */
import { keySetAt } from "../token/key-set.ts"
import { claimsSchema, mintToken as signClaims, verifyToken as verifyJwt } from "../token/token.ts"
import { RollcallError } from "./error.ts"
import type { JsonObject, RoomGrants } from "./types.ts"

/** What the service demands of each of its secrets. */
export const MIN_SECRET_LENGTH = 32

const UNIT_S = { s: 1, m: 60, h: 3600, d: 86_400 } as const

/** Seconds, or text with a unit: `"90s"`, `"15m"`, `"1h"`, `"7d"`. */
export type Lifetime = number | `${number}${"s" | "m" | "h" | "d"}`

/** What a token is minted from. */
export type TokenOptions = {
  /** The first of the service's `TOKEN_SECRETS`: 32 characters at least. */
  readonly secret: string
  /** Who it is for: 1 to 256 bytes. All connections with the same name are one member. */
  readonly member: string
  /** What everybody in the room may know of the member (name, avatar …) and no client can forge: 4,096 bytes of JSON at most. */
  readonly info?: JsonObject
  /** Where it opens what, for example `{ "doc-*": ["subscribe", "presence", "message"] }`. */
  readonly rooms: RoomGrants
  /** How long it holds; an hour if left out. */
  readonly expiresIn?: Lifetime
}

/** What a token is verified with: one of the two, or both. */
export type VerifyOptions = {
  /** One of the service's `TOKEN_SECRETS`, or all of them: they verify HS256. */
  readonly secret?: string | readonly string[]
  /** The service's `JWKS_URL`: its keys verify EdDSA, ES256 and RS256. They are fetched when first needed, and kept for ten minutes. */
  readonly jwks?: string | URL
}

/** What a verified token says. */
export type VerifiedToken = {
  readonly member: string
  readonly info: JsonObject
  readonly rooms: RoomGrants
  /** Milliseconds since 1970. */
  readonly expiresAt: number
}

/**
 * Mints a token (a JWT, HS256) for `createClient({ token })`.
 *
 * @throws RollcallError `bad_request` that names the field which the service would refuse.
 */
export async function mintToken(options: TokenOptions): Promise<string> {
  const { secret, member, info = {}, rooms, expiresIn = "1h" } = options
  if (secret.length < MIN_SECRET_LENGTH) {
    throw new RollcallError("bad_request", `secret: has ${secret.length} characters; ${MIN_SECRET_LENGTH} at least are allowed`)
  }
  const exp = Math.floor(Date.now() / 1000) + secondsOf(expiresIn)
  const claims = claimsSchema.safeParse({ sub: member, info, rooms, exp })
  if (!claims.success) {
    const [issue] = claims.error.issues
    throw new RollcallError("bad_request", `${issue?.path.join(".").replace(/^sub/, "member")}: ${issue?.message}`)
  }
  return signClaims(claims.data, secret)
}

/**
 * Verifies a token as the service does, with any of the secrets (rotation: give the old one as well) or keys.
 *
 * @throws RollcallError `bad_token` that says what is wrong with it and quotes nothing of it; `misconfigured` when
 * there is nothing to verify with, or the key set cannot be fetched.
 */
export async function verifyToken(token: string, options: VerifyOptions): Promise<VerifiedToken> {
  const { secret = [], jwks } = options
  const secrets = typeof secret === "string" ? [secret] : secret
  if (secrets.length === 0 && jwks === undefined)
    throw new RollcallError("misconfigured", "nothing verifies tokens: give a secret, or jwks")
  const keySet = jwks === undefined ? null : keySetAt(String(jwks))
  const verified = await verifyJwt(token, { secrets, keySet }, Date.now())
  if (!verified.ok) throw new RollcallError(verified.error.code, verified.error.message)
  const { sub, info, rooms, exp } = verified.value
  return { member: sub, info, rooms, expiresAt: exp * 1000 }
}

function secondsOf(lifetime: Lifetime): number {
  const [, amount, unit] = /^(\d+(?:\.\d+)?)([smhd])$/.exec(`${lifetime}${typeof lifetime === "number" ? "s" : ""}`) ?? []
  const seconds = isUnit(unit) ? Math.floor(Number(amount) * UNIT_S[unit]) : 0
  if (seconds >= 1) return seconds
  throw new RollcallError(
    "bad_request",
    `expiresIn: is ${JSON.stringify(lifetime)}; seconds, or text such as "90s", "15m", "1h", "7d", are allowed`,
  )
}

function isUnit(unit: string | undefined): unit is keyof typeof UNIT_S {
  return unit !== undefined && unit in UNIT_S
}
