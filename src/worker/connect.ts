/**
 * `GET /v1/rooms/{room}/connect`: who asks is checked before the room is; it looks at capacity and upgrades. Asked
 * plainly, the same address answers what an upgrade would meet: a browser cannot read a refused upgrade.
 */
import { z } from "@hono/zod-openapi"
import { isAllowedOrigin } from "../config/config.ts"
import { DEFLATE_SUBPROTOCOL, isRoomName, ROOM_NAME_RULE, SUBPROTOCOL, TOKEN_SUBPROTOCOL_PREFIX } from "../protocol/names.ts"
import { VIEW_RULE, viewSchema } from "../protocol/views.ts"
import { admissionRequest } from "../room/admission.ts"
import { isUpgrade, roomStub } from "./app.ts"
import { bearerOf, identify, unconfigured } from "./identity.ts"
import { connectProblems, describedApp, MEMBER_TOKEN, roomParam } from "./openapi.ts"
import { problem } from "./problem.ts"
import { RETRY_AFTER_S, tooManyConnects } from "./rate.ts"
import { isSession, mintSession, sessionKeys } from "./session.ts"

export const connect = describedApp()

// Described alone: its refusals have an order of their own, which a check of the parameters beforehand would upset.
connect.openAPIRegistry.registerPath({
  method: "get",
  path: "/{room}/connect",
  operationId: "connect",
  summary: "The room's WebSocket; asked plainly, the refusal that an upgrade would meet, or 426",
  description: `Subprotocol \`${SUBPROTOCOL}\`. The token comes as a second subprotocol \`${TOKEN_SUBPROTOCOL_PREFIX}<jwt>\`, as Authorization, or as \`?token=\`.`,
  security: MEMBER_TOKEN,
  tags: ["presence"],
  request: {
    params: roomParam,
    query: z.object({
      view: viewSchema.optional(),
      session: z.string().optional().openapi({ description: "resume this session" }),
      have: z
        .string()
        .optional()
        .openapi({ description: "with a session: how many welcome, sync and presence frames came on its lines so far" }),
      token: z.string().optional().openapi({ description: "last resort: it shows in logs" }),
    }),
  },
  responses: {
    101: { description: "the upgrade is made; the first frame is `welcome`" },
    ...connectProblems(400, 401, 403, 409, 426, 429, 503),
  },
})

// The name is whatever stands between, slashes included: a bad one is told so, not lost as an unknown address.
connect.get("/:room{[\\s\\S]*}/connect", async (c) => {
  const settings = c.get("settings")
  const room = c.req.param("room")
  const missing = unconfigured(settings)
  if (missing !== null) return problem(missing)
  if (!isRoomName(room)) return problem({ code: "bad_room", message: ROOM_NAME_RULE })
  const view = viewSchema.safeParse(c.req.query("view") ?? "full")
  if (!view.success) return problem({ code: "bad_request", message: VIEW_RULE })
  const request = c.req.raw
  const offered = subprotocols(request)
  const identity = await identify(tokenOf(request, offered), room, settings)
  if (!identity.ok) return problem(identity.error)
  const origin = request.headers.get("origin")
  if (origin !== null && !isAllowedOrigin(origin, settings.allowedOrigins)) {
    return problem({ code: "bad_origin", message: "pages of this Origin may not connect; ALLOWED_ORIGINS says which may" })
  }
  // Before the room is asked, and so before 409: a storm must not reach it.
  const tooFast = await tooManyConnects(c.env.CONNECT_RATE, request)
  if (tooFast !== null) return problem(tooFast, { retryAfterS: RETRY_AFTER_S })
  const session = c.req.query("session")
  const have = c.req.query("have") ?? ""
  const admission = admissionRequest({
    room,
    identity: identity.value,
    fresh: await mintSession(),
    resume: isSession(session) ? await sessionKeys(session) : null,
    have: /^\d{1,15}$/.test(have) ? Number(have) : null,
    wantsUpgrade: isUpgrade(request),
    subprotocol: [DEFLATE_SUBPROTOCOL, SUBPROTOCOL].find((name) => offered.includes(name)) ?? null,
    view: view.data,
  })
  return roomStub(c, room).fetch(admission)
})

/** The first of the three ways that is used decides, even if its token is bad. */
function tokenOf(request: Request, offered: readonly string[]): string | null {
  const protocol = offered.find((name) => name.startsWith(TOKEN_SUBPROTOCOL_PREFIX))
  if (protocol !== undefined) return protocol.slice(TOKEN_SUBPROTOCOL_PREFIX.length)
  const bearer = bearerOf(request)
  if (bearer !== null) return bearer
  return new URL(request.url).searchParams.get("token")
}

function subprotocols(request: Request): string[] {
  return (request.headers.get("sec-websocket-protocol") ?? "").split(",").map((name) => name.trim())
}
