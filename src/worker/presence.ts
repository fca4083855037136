/** `GET /v1/rooms/{room}/presence`: the room once, without a socket, for who may subscribe. */
import { createRoute, z } from "@hono/zod-openapi"
import { occupancySchema, presenceSchema } from "../protocol/admin.ts"
import { roomStub } from "./app.ts"
import { bearerOf, identify } from "./identity.ts"
import { answers, describedApp, MEMBER_TOKEN, problems, roomParam } from "./openapi.ts"
import { Refused } from "./problem.ts"

export const presence = describedApp()

presence.openapi(
  createRoute({
    method: "get",
    path: "/{room}/presence",
    operationId: "getPresence",
    summary: "Who is here, once; with view=count the occupancy alone",
    security: MEMBER_TOKEN,
    tags: ["presence"],
    request: { params: roomParam, query: z.object({ view: z.enum(["all", "count"]).default("all"), token: z.string().optional() }) },
    responses: { 200: answers("the room", z.union([presenceSchema, occupancySchema])), ...problems(400, 401, 403, 409, 503) },
  }),
  async (c) => {
    const { room } = c.req.valid("param")
    const { view, token } = c.req.valid("query")
    const identity = await identify(bearerOf(c.req.raw) ?? token ?? null, room, c.get("settings"))
    if (!identity.ok) throw new Refused(identity.error)
    if (!identity.value.grants.subscribe)
      throw new Refused({ code: "forbidden", message: "the token does not grant subscribe in this room" })
    const stub = roomStub(c, room)
    const banned = await stub.banned(identity.value.member)
    if (banned !== null) throw new Refused(banned)
    if (view === "count") return c.json(await stub.occupancy(room), 200)
    return c.json(presenceSchema.parse(JSON.parse(await stub.presence(room))), 200)
  },
)
