/** Tokens: a JWT, HS256 with one of the service's secrets. Verified with jose; minted by the first secret. */
import { errors, jwtVerify, SignJWT } from "jose"
import { z } from "zod"
import { grantsFor } from "../core/capability.ts"
import type { Identity } from "../core/connection.ts"
import { CAPABILITIES, type Capability } from "../protocol/capabilities.ts"
import { ok, type Result, refused } from "../protocol/errors.ts"
import { isLongerThan, jsonFault } from "../protocol/json.ts"
import { MAX_INFO_BYTES, MAX_MEMBER_BYTES } from "../protocol/names.ts"

/** A room's name, or a prefix of one that ends in `*`. */
const ROOM_PATTERN = /^(?:[A-Za-z0-9_\-.:,;=@~]{1,128}|[A-Za-z0-9_\-.:,;=@~]{0,127}\*)$/

export const claimsSchema = z.object({
  sub: z
    .string()
    .min(1)
    .refine((sub) => !isLongerThan(sub, MAX_MEMBER_BYTES), `${MAX_MEMBER_BYTES} bytes at most are allowed`),
  exp: z.number(),
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

/** Verifies a token at `now` (milliseconds). The refusal says what is wrong with it, and never quotes it. */
export async function verifyToken(jwt: string, secrets: readonly string[], now: number): Promise<Result<Claims>> {
  for (const [index, secret] of secrets.entries()) {
    try {
      const { payload } = await jwtVerify(jwt, encodeSecret(secret), {
        algorithms: ["HS256"],
        currentDate: new Date(now),
        clockTolerance: CLOCK_SKEW_S,
      })
      return checkClaims(payload, now)
    } catch (error) {
      const isLast = index === secrets.length - 1
      if (error instanceof errors.JWSSignatureVerificationFailed && !isLast) continue
      return refused("bad_token", describe(error))
    }
  }
  return refused("misconfigured", "no secret verifies tokens; set TOKEN_SECRETS")
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

function describe(error: unknown): string {
  if (error instanceof errors.JWTExpired) return "the token has expired; get a new one"
  if (error instanceof errors.JWSSignatureVerificationFailed) return "the token's signature does not fit any of the service's secrets"
  if (error instanceof errors.JOSEAlgNotAllowed) return "the token's algorithm is not allowed; HS256 is"
  if (error instanceof errors.JWTClaimValidationFailed) return `the token's ${error.claim} is not allowed`
  return "the token is not a well-formed JWT"
}

function encodeSecret(secret: string): Uint8Array {
  return new TextEncoder().encode(secret)
}
