/**
 * `GET /v1/rooms/{room}/connect`: who asks is checked before the room is; it looks at capacity and upgrades. Asked
 * plainly, the same address answers what an upgrade would meet: a browser cannot read a refused upgrade.
 */
import { Hono } from "hono"
import { cors } from "hono/cors"
import { isAllowedOrigin } from "../config/config.ts"
import type { Identity } from "../core/connection.ts"
import { type Result, refused } from "../protocol/errors.ts"
import { isRoomName, ROOM_NAME_RULE, SUBPROTOCOL, TOKEN_SUBPROTOCOL_PREFIX } from "../protocol/names.ts"
import { admissionRequest } from "../room/admission.ts"
import { identityIn, verifyToken } from "../token/token.ts"
import { type AppEnv, roomStub } from "./app.ts"
import { problem } from "./problem.ts"
import { mintSession, sessionKeys } from "./session.ts"

const WEBSOCKET = "websocket"

export const connect = new Hono<AppEnv>()

connect.use(async (c, next) => {
  // A 101 takes no more headers, and a WebSocket is not subject to CORS.
  if (isUpgrade(c.req.raw)) return next()
  const allowed = c.get("settings").allowedOrigins
  const origin = (asked: string) => (isAllowedOrigin(asked, allowed) ? asked : null)
  return cors({ origin, allowHeaders: ["authorization"], allowMethods: ["GET"], maxAge: 86_400 })(c, next)
})

// The name is whatever stands between, slashes included: a bad one is told so, not lost as an unknown address.
connect.get("/:room{.*}/connect", async (c) => {
  const settings = c.get("settings")
  const room = c.req.param("room")
  if (settings.tokenSecrets.length === 0) {
    return problem({
      code: "misconfigured",
      message: "no token can be verified: set the secret TOKEN_SECRETS (wrangler secret put TOKEN_SECRETS)",
    })
  }
  if (!isRoomName(room)) return problem({ code: "bad_room", message: ROOM_NAME_RULE })
  const request = c.req.raw
  const offered = subprotocols(request)
  const identity = await identify(tokenOf(request, offered), room, settings.tokenSecrets)
  if (!identity.ok) return problem(identity.error)
  const origin = request.headers.get("origin")
  if (origin !== null && !isAllowedOrigin(origin, settings.allowedOrigins)) {
    return problem({ code: "bad_origin", message: "pages of this Origin may not connect; ALLOWED_ORIGINS says which may" })
  }
  const session = c.req.query("session")
  const admission = admissionRequest({
    room,
    identity: identity.value,
    fresh: await mintSession(),
    resume: session === undefined || session === "" ? null : await sessionKeys(session),
    wantsUpgrade: isUpgrade(request),
    subprotocol: offered.includes(SUBPROTOCOL) ? SUBPROTOCOL : null,
  })
  return roomStub(c, room).fetch(admission)
})

async function identify(token: string | null, room: string, secrets: readonly string[]): Promise<Result<Identity>> {
  if (token === null) {
    return refused("bad_token", "no token: send the subprotocol token.<jwt>, the header Authorization: Bearer <jwt>, or ?token=<jwt>")
  }
  const claims = await verifyToken(token, secrets, Date.now())
  return claims.ok ? identityIn(room, claims.value) : claims
}

/** The first of the three ways that is used decides, even if its token is bad. */
function tokenOf(request: Request, offered: readonly string[]): string | null {
  const protocol = offered.find((name) => name.startsWith(TOKEN_SUBPROTOCOL_PREFIX))
  if (protocol !== undefined) return protocol.slice(TOKEN_SUBPROTOCOL_PREFIX.length)
  const authorization = request.headers.get("authorization")
  if (authorization !== null) return /^Bearer +(\S+)$/i.exec(authorization)?.[1] ?? ""
  return new URL(request.url).searchParams.get("token")
}

function subprotocols(request: Request): string[] {
  return (request.headers.get("sec-websocket-protocol") ?? "").split(",").map((name) => name.trim())
}

function isUpgrade(request: Request): boolean {
  return request.headers.get("upgrade")?.toLowerCase() === WEBSOCKET
}
