/** Who asks: from a token to an identity in one room. */
import type { Settings } from "../config/config.ts"
import type { Identity } from "../core/connection.ts"
import { type Refusal, type Result, refused } from "../protocol/errors.ts"
import { identityIn, tokenKeys, verifyToken } from "../token/token.ts"

/** Without a secret or a key set no token can be verified: then everything is refused, and the operator is told what to set. */
export function unconfigured({ tokenSecrets, jwksUrl }: Settings): Refusal | null {
  if (tokenSecrets.length > 0 || jwksUrl !== null) return null
  return {
    code: "misconfigured",
    message: "no token can be verified: set the secret TOKEN_SECRETS (wrangler secret put TOKEN_SECRETS), or JWKS_URL",
  }
}

export async function identify(token: string | null, room: string, settings: Settings): Promise<Result<Identity>> {
  const missing = unconfigured(settings)
  if (missing !== null) return { ok: false, error: missing }
  if (token === null) {
    return refused("bad_token", "no token: send the subprotocol token.<jwt>, the header Authorization: Bearer <jwt>, or ?token=<jwt>")
  }
  const claims = await verifyToken(token, tokenKeys(settings), Date.now())
  return claims.ok ? identityIn(room, claims.value) : claims
}

/** Null: no such header, or one of another scheme. A malformed one is an empty token, which is refused as any bad one. */
export function bearerOf(request: Request): string | null {
  const authorization = request.headers.get("authorization") ?? ""
  return /^Bearer\b/i.test(authorization) ? (/^Bearer +(\S+)$/i.exec(authorization)?.[1] ?? "") : null
}
