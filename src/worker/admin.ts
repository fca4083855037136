/** The admin API, behind an admin key: each call is schema in → the room → schema out. */
import { createRoute, z } from "@hono/zod-openapi"
import {
  kickSchema,
  MAX_BAN_MS,
  memberDetailSchema,
  memberPageSchema,
  membersQuerySchema,
  messageBodySchema,
  mintedSchema,
  pageQuerySchema,
  placementSchema,
  roomPageSchema,
  roomStatsSchema,
  roomsQuerySchema,
  tokenBodySchema,
  totalsSchema,
} from "../protocol/admin.ts"
import { jsonFault } from "../protocol/json.ts"
import { claimsSchema, mintToken } from "../token/token.ts"
import { withAdminKey } from "./admin-key.ts"
import { roomStub } from "./app.ts"
import { bodyText } from "./body.ts"
import { listRooms, totalsOf } from "./directory.ts"
import { ADMIN_KEY, answers, describedApp, memberParam, problems, roomParam } from "./openapi.ts"
import { problem, Refused } from "./problem.ts"

export const admin = describedApp()

admin.use(withAdminKey)

/** Bodies are read once here: JSON that is none, or holds what it may not, is told so before any schema looks at it. */
admin.use(async (c, next) => {
  if (c.req.method !== "POST" && c.req.method !== "PUT") return next()
  const { maxFrameBytes } = c.get("settings")
  const text = await bodyText(c.req.raw, maxFrameBytes)
  if (text === null) return problem({ code: "too_large", message: `a body is ${maxFrameBytes} bytes at most` })
  let body: unknown
  try {
    body = JSON.parse(text)
  } catch {
    return problem({ code: "bad_json", message: "the body is not JSON" })
  }
  const fault = jsonFault(body)
  if (fault !== null) return problem({ code: "bad_request", message: `the body: ${fault}` })
  // It is JSON whatever it was called; without this the schema would not look at it.
  const headers = new Headers(c.req.raw.headers)
  headers.set("content-type", "application/json")
  c.req.raw = new Request(c.req.url, { method: c.req.method, headers, body: text })
  return next()
})

/** A name that is not percent-encoded UTF-8 would be taken as it stands, as the name of somebody whom no token can name. */
admin.use("/rooms/:room/members/:member", async (c, next) => {
  const { pathname } = new URL(c.req.url)
  if (!isEncoded(pathname.slice(pathname.lastIndexOf("/") + 1)))
    return problem({ code: "bad_request", message: "member: percent-encoded UTF-8 is allowed" })
  return next()
})

/** Digits alone: an empty value, as of an unset variable in a script, must not lift a ban. */
const banSchema = z
  .string()
  .regex(/^\d+$/, "a whole number of milliseconds is allowed")
  .transform(Number)
  .pipe(z.number().max(MAX_BAN_MS))
  .openapi({ type: "integer", minimum: 0, maximum: MAX_BAN_MS, example: 3_600_000 })

const membersQuery = membersQuerySchema.extend({
  cursor: pageQuerySchema.shape.cursor.openapi({ description: "the `cursor` of the page before" }),
  limit: pageQuerySchema.shape.limit.openapi({ type: "integer", minimum: 1, maximum: 1000, default: 100, example: 100 }),
  heard: membersQuerySchema.shape.heard.openapi({ description: "1: with the last sign of life of each connection" }),
})

const common = { security: ADMIN_KEY, tags: ["admin"] }

admin.openapi(
  createRoute({
    ...common,
    method: "get",
    path: "/rooms",
    operationId: "listRooms",
    summary: "Rooms with somebody in them, by name, and their occupancy",
    request: { query: roomsQuerySchema },
    responses: { 200: answers("a page of rooms", roomPageSchema), ...problems(400, 401, 503) },
  }),
  async (c) => c.json(await listRooms(c, c.req.valid("query")), 200),
)

admin.openapi(
  createRoute({
    ...common,
    method: "get",
    path: "/stats",
    operationId: "getTotals",
    summary: "Totals over all rooms",
    responses: { 200: answers("the totals", totalsSchema), ...problems(401, 503) },
  }),
  async (c) => c.json(await totalsOf(c), 200),
)

admin.openapi(
  createRoute({
    ...common,
    method: "get",
    path: "/rooms/{room}",
    operationId: "getRoom",
    summary: "A room's stats",
    request: { params: roomParam },
    responses: { 200: answers("its stats", roomStatsSchema), ...problems(400, 401, 503) },
  }),
  async (c) => {
    const { room } = c.req.valid("param")
    return c.json(await roomStub(c, room).stats(room), 200)
  },
)

admin.openapi(
  createRoute({
    ...common,
    method: "delete",
    path: "/rooms/{room}",
    operationId: "closeRoom",
    summary: "Close a room: everyone out, nothing stored is left",
    request: { params: roomParam },
    responses: { 204: { description: "closed" }, ...problems(400, 401, 503) },
  }),
  async (c) => {
    await roomStub(c, c.req.valid("param").room).close()
    return c.body(null, 204)
  },
)

admin.openapi(
  createRoute({
    ...common,
    method: "get",
    path: "/rooms/{room}/members",
    operationId: "listMembers",
    summary: "Members with their connections, by name",
    request: { params: roomParam, query: membersQuery },
    responses: { 200: answers("a page of members", memberPageSchema), ...problems(400, 401, 503) },
  }),
  async (c) => {
    const page = await roomStub(c, c.req.valid("param").room).members(c.req.valid("query"))
    return c.json(memberPageSchema.parse(JSON.parse(page)), 200)
  },
)

admin.openapi(
  createRoute({
    ...common,
    method: "get",
    path: "/rooms/{room}/members/{member}",
    operationId: "getMember",
    summary: "A member: present or not, and last seen",
    request: { params: memberParam },
    responses: { 200: answers("the member", memberDetailSchema), ...problems(400, 401, 404, 503) },
  }),
  async (c) => {
    const { room, member } = c.req.valid("param")
    const detail = memberDetailSchema.nullable().parse(JSON.parse(await roomStub(c, room).member(member)))
    if (detail === null) throw unknownMember(member)
    return c.json(detail, 200)
  },
)

admin.openapi(
  createRoute({
    ...common,
    method: "put",
    path: "/rooms/{room}/members/{member}",
    operationId: "placeMember",
    summary: "Be present without a socket, or prolong it",
    request: { params: memberParam, body: { content: { "application/json": { schema: placementSchema } }, required: true } },
    responses: { 200: answers("the member", memberDetailSchema), ...problems(400, 401, 409, 413, 503) },
  }),
  async (c) => {
    const { room, member } = c.req.valid("param")
    const { data, info, ttl } = c.req.valid("json")
    const checked = claimsSchema.shape.info.safeParse(info)
    if (!checked.success) throw new Refused({ code: "too_large", message: `info: ${checked.error.issues[0]?.message}` })
    const stub = roomStub(c, room)
    const refusal = await stub.place(member, { data, info, ttl })
    if (refusal !== null) throw new Refused(refusal)
    return c.json(memberDetailSchema.parse(JSON.parse(await stub.member(member))), 200)
  },
)

admin.openapi(
  createRoute({
    ...common,
    method: "delete",
    path: "/rooms/{room}/members/{member}",
    operationId: "kickMember",
    summary: "Kick a member; with ban, keep it out that many milliseconds (0 lets it in again)",
    request: { params: memberParam, query: z.object({ ban: banSchema.optional() }) },
    responses: { 200: answers("what was ended", kickSchema), ...problems(400, 401, 404, 503) },
  }),
  async (c) => {
    const { room, member } = c.req.valid("param")
    const kicked = await roomStub(c, room).kick(member, c.req.valid("query").ban ?? null)
    if (kicked === null) throw unknownMember(member)
    return c.json(kicked, 200)
  },
)

admin.openapi(
  createRoute({
    ...common,
    method: "post",
    path: "/rooms/{room}/messages",
    operationId: "sendMessage",
    summary: "A message into the room, from nobody",
    request: { params: roomParam, body: { content: { "application/json": { schema: messageBodySchema } }, required: true } },
    responses: { 202: { description: "told to whoever is there" }, ...problems(400, 401, 413, 503) },
  }),
  async (c) => {
    await roomStub(c, c.req.valid("param").room).message(c.req.valid("json"))
    return c.body(null, 202)
  },
)

admin.openapi(
  createRoute({
    ...common,
    method: "post",
    path: "/tokens",
    operationId: "mintToken",
    summary: "Mint a token, for those without a backend at hand",
    request: { body: { content: { "application/json": { schema: tokenBodySchema } }, required: true } },
    responses: { 201: answers("the token", mintedSchema), ...problems(400, 401, 413, 503) },
  }),
  async (c) => {
    const [secret] = c.get("settings").tokenSecrets
    if (secret === undefined) throw new Refused({ code: "misconfigured", message: "no token can be signed: set the secret TOKEN_SECRETS" })
    const { member, info, rooms, ttl } = c.req.valid("json")
    const exp = Math.floor((Date.now() + ttl) / 1000)
    const claims = claimsSchema.safeParse({ sub: member, info, rooms, exp })
    if (!claims.success) {
      const [issue] = claims.error.issues
      const [claim, ...rest] = issue?.path ?? []
      const where = [claim === "sub" ? "member" : claim, ...rest].join(".")
      throw new Refused({ code: "bad_request", message: `${where}: ${issue?.message}` })
    }
    return c.json({ token: await mintToken(claims.data, secret), expiresAt: exp * 1000 }, 201)
  },
)

function unknownMember(member: string): Refused {
  return new Refused({ code: "not_found", message: `the room never saw ${JSON.stringify(member)}, or no longer remembers` })
}

function isEncoded(text: string): boolean {
  try {
    decodeURIComponent(text)
    return true
  } catch {
    return false
  }
}
