/** Tokens: a JWT, HS256 with one of the service's secrets, or signed by a key of the key set. Verified and minted with jose. */
import { type CryptoKey, decodeProtectedHeader, errors, type JWTPayload, jwtVerify, SignJWT } from "jose"
import { z } from "zod"
import { grantsFor } from "../core/capability.ts"
import type { Identity } from "../core/connection.ts"
import { CAPABILITIES, type Capability } from "../protocol/capabilities.ts"
import { ok, type Result, refused } from "../protocol/errors.ts"
import { isLongerThan, jsonFault } from "../protocol/json.ts"
import { MAX_INFO_BYTES, MAX_MEMBER_BYTES } from "../protocol/names.ts"
import { type KeySet, KeySetUnreachable, keySetAt } from "./key-set.ts"

/** A room's name, or a prefix of one that ends in `*`. */
const ROOM_PATTERN = /^(?:[A-Za-z0-9_\-.:,;=@~]{1,128}|[A-Za-z0-9_\-.:,;=@~]{0,127}\*)$/

/** The last second that a date can hold. */
const LAST_INSTANT_S = 8.64e12

export const claimsSchema = z.object({
  sub: z
    .string()
    .min(1)
    .refine((sub) => sub.isWellFormed(), "half a character is not allowed")
    // An address drops them, escaped or not: nobody could kick or ban such a member.
    .refine((sub) => sub !== "." && sub !== "..", ". and .. are not allowed: no address can name them")
    .refine((sub) => !isLongerThan(sub, MAX_MEMBER_BYTES), `${MAX_MEMBER_BYTES} bytes at most are allowed`),
  exp: z.number().max(LAST_INSTANT_S, "no such instant"),
  info: z
    .looseObject({})
    .refine((info) => !isLongerThan(JSON.stringify(info), MAX_INFO_BYTES), `${MAX_INFO_BYTES} bytes of JSON at most are allowed`)
    .default({}),
  rooms: z.record(
    z.string().regex(ROOM_PATTERN, "a room's name, or a prefix of one that ends in *, is allowed"),
    z.array(z.enum(CAPABILITIES)),
  ),
})

/** `exp` is seconds since 1970, as JWT has it. */
export type Claims = z.infer<typeof claimsSchema>

/** For `nbf` and `iat` alone: an expired token is expired. */
const CLOCK_SKEW_S = 60

/** What verifies tokens. A secret never verifies an asymmetric algorithm, nor a public key HS256: the algorithm decides which is asked. */
export type TokenKeys = { readonly secrets: readonly string[]; readonly keySet: KeySet | null }

/** The keys that the settings name. */
export function tokenKeys({ tokenSecrets, jwksUrl }: { tokenSecrets: readonly string[]; jwksUrl: string | null }): TokenKeys {
  return { secrets: tokenSecrets, keySet: jwksUrl === null ? null : keySetAt(jwksUrl) }
}

/** Of this isolate: a service has a secret or two, but nothing here knows whose settings they are. */
const importedKeys = new Map<string, CryptoKey>()
const MAX_IMPORTED_KEYS = 16

const SECRET_ALGORITHMS = ["HS256"]
const KEY_SET_ALGORITHMS = ["EdDSA", "ES256", "RS256"]

/** Verifies a token at `now` (milliseconds). The refusal says what is wrong with it, and never quotes it. */
export async function verifyToken(jwt: string, keys: TokenKeys, now: number): Promise<Result<Claims>> {
  try {
    const { alg } = decodeProtectedHeader(jwt)
    const verified = alg !== undefined && KEY_SET_ALGORITHMS.includes(alg) ? await byKeySet(jwt, keys, now) : await bySecret(jwt, keys, now)
    return verified.ok ? checkClaims(verified.value, now) : verified
  } catch (error) {
    if (error instanceof KeySetUnreachable) return refused("misconfigured", error.message)
    return refused("bad_token", describe(error, keys))
  }
}

/** What a token says of its bearer in one room, or why it does not open that room. */
export function identityIn(room: string, claims: Claims): Result<Identity> {
  const grants = grantsFor(room, new Map<string, readonly Capability[]>(Object.entries(claims.rooms)))
  if (grants === null) return refused("forbidden", "the token's rooms grant nothing in this room")
  return ok({ member: claims.sub, info: claims.info, grants, expiresAt: claims.exp * 1000 })
}

export function mintToken(claims: Claims, secret: string): Promise<string> {
  const { sub, exp, info, rooms } = claims
  return new SignJWT({ info, rooms })
    .setProtectedHeader({ alg: "HS256", typ: "JWT" })
    .setSubject(sub)
    .setExpirationTime(exp)
    .sign(encodeSecret(secret))
}

/** Each secret in turn: the old ones still verify while tokens are signed by the new one. */
async function bySecret(jwt: string, { secrets }: TokenKeys, now: number): Promise<Result<JWTPayload>> {
  for (const [index, secret] of secrets.entries()) {
    try {
      const { payload } = await jwtVerify(jwt, await secretKey(secret), options(SECRET_ALGORITHMS, now))
      return ok(payload)
    } catch (error) {
      if (error instanceof errors.JWSSignatureVerificationFailed && index < secrets.length - 1) continue
      throw error
    }
  }
  return refused("bad_token", "no secret verifies tokens here; the key set's algorithms do: EdDSA, ES256, RS256")
}

async function byKeySet(jwt: string, { keySet }: TokenKeys, now: number): Promise<Result<JWTPayload>> {
  if (keySet === null) return refused("bad_token", "the token's algorithm is not allowed; HS256 is")
  try {
    const { payload } = await jwtVerify(jwt, keySet.resolve, options(KEY_SET_ALGORITHMS, now))
    return ok(payload)
  } catch (error) {
    if (error instanceof errors.JWKSMultipleMatchingKeys) return byAnyOf(error, jwt, now)
    throw error
  }
}

/** The token names no key, and several fit its algorithm, as while keys rotate: each is tried. */
async function byAnyOf(candidates: errors.JWKSMultipleMatchingKeys, jwt: string, now: number): Promise<Result<JWTPayload>> {
  for await (const key of candidates) {
    try {
      const { payload } = await jwtVerify(jwt, key, options(KEY_SET_ALGORITHMS, now))
      return ok(payload)
    } catch (error) {
      if (!(error instanceof errors.JWSSignatureVerificationFailed)) throw error
    }
  }
  throw new errors.JWSSignatureVerificationFailed()
}

function options(algorithms: string[], now: number) {
  return { algorithms, currentDate: new Date(now), clockTolerance: CLOCK_SKEW_S }
}

function checkClaims(payload: unknown, now: number): Result<Claims> {
  const fault = jsonFault(payload)
  if (fault !== null) return refused("bad_token", `the token's claims: ${fault}`)
  const parsed = claimsSchema.safeParse(payload)
  if (!parsed.success) {
    const issue = parsed.error.issues[0]
    return refused("bad_token", `the token's ${issue?.path.join(".") ?? "claims"}: ${issue?.message ?? "malformed"}`)
  }
  if (parsed.data.exp * 1000 <= now) return refused("bad_token", "the token has expired; get a new one")
  return ok(parsed.data)
}

function describe(error: unknown, { keySet }: TokenKeys): string {
  if (error instanceof errors.JWTExpired) return "the token has expired; get a new one"
  if (error instanceof errors.JWSSignatureVerificationFailed) return "the token's signature does not fit any of the service's keys"
  if (error instanceof errors.JWKSNoMatchingKey) return "the token's key is not in the service's key set"
  if (error instanceof errors.JOSEAlgNotAllowed)
    return `the token's algorithm is not allowed; HS256${keySet === null ? " is" : ", EdDSA, ES256 and RS256 are"}`
  if (error instanceof errors.JWTClaimValidationFailed) return `the token's ${error.claim} is not allowed`
  return "the token is not a well-formed JWT"
}

/** The key of a secret, imported once. The keys themselves are held, and no promise of one: a promise is its request's. */
async function secretKey(secret: string): Promise<CryptoKey> {
  const known = importedKeys.get(secret)
  if (known !== undefined) return known
  const key = await crypto.subtle.importKey("raw", encodeSecret(secret), { name: "HMAC", hash: "SHA-256" }, false, ["verify"])
  if (importedKeys.size >= MAX_IMPORTED_KEYS) importedKeys.clear()
  importedKeys.set(secret, key)
  return key
}

/** The runtimes' types do not agree on what buffer it is of: so each infers its own. */
function encodeSecret(secret: string) {
  return new TextEncoder().encode(secret)
}
