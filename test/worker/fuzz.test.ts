/** Requests that nobody would write: whatever the route, the name, the query, the headers and the body, a proper answer, never a 500. */
import { createExecutionContext } from "cloudflare:test"
import { env } from "cloudflare:workers"
import fc from "fast-check"
import { expect, it } from "vitest"
import { z } from "zod"
import { ERROR_CODES } from "../../src/protocol/errors.ts"
import app from "../../src/worker/index.ts"
import corpus from "../corpus/requests.json"
import { tokenFor } from "../room/room-client.ts"

type Attack = { method: string; path: string; headers?: Record<string, string>; body?: string }

/** In the corpus and below, these stand for credentials that are good. */
const GOOD: Readonly<Record<string, string>> = { KEY: "test-admin-key", TOKEN: await tokenFor("anna") }
const LIMIT_MS = 10_000
/** For hundreds of requests, on a busy machine. */
const BUSY = { timeout: 60_000 }

const problemSchema = z.strictObject({ type: z.string(), title: z.string().min(1), status: z.int(), detail: z.string().min(1) })

function filledIn(text: string): string {
  return text.replaceAll(/\{(KEY|TOKEN)\}/g, (_, name: string) => GOOD[name] ?? "")
}

function requestOf({ method, path, headers = {}, body }: Attack): Request | null {
  const filled = Object.entries(headers).map(([name, value]): [string, string] => [name, filledIn(value)])
  try {
    const init = { method, headers: filled, ...(body === undefined || method === "GET" || method === "HEAD" ? {} : { body }) }
    return new Request(`https://rollcall.test${filledIn(path)}`, init)
  } catch {
    // What the platform's own parser takes for no request reaches no Worker.
    return null
  }
}

/** The answer is one that docs/protocol.md knows, and comes. */
async function isAnswered(attack: Attack): Promise<void> {
  const request = requestOf(attack)
  if (request === null) return
  let timer: ReturnType<typeof setTimeout> | null = null
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error("no answer")), LIMIT_MS)
  })
  const answer = app.fetch(request, { ...env, DEMO: "on" }, createExecutionContext())
  const response = await Promise.race([answer, late]).finally(() => clearTimeout(timer))
  response.webSocket?.accept()
  response.webSocket?.close(1000)
  const text = await response.text()
  expect(response.status, text).toBeLessThan(500)
  if (response.status < 400 || text === "") return
  const problem = problemSchema.parse(JSON.parse(text))
  expect(problem.status).toBe(response.status)
  expect(ERROR_CODES.map((code) => `urn:rollcall:error:${code}`)).toContain(problem.type)
}

/** A failing example that is shown here belongs into test/corpus/requests.json, where it is tried first from then on. */
function attacks(attack: fc.Arbitrary<Attack>, numRuns: number): Promise<void> {
  return fc.assert(fc.asyncProperty(attack, isAnswered), { numRuns })
}

const ROOM_ROUTES = ["/v1/rooms/ROOM/connect", "/v1/rooms/ROOM/presence"]
const ADMIN_ROUTES = ["/v1/admin/rooms/ROOM", "/v1/admin/rooms/ROOM/members", "/v1/admin/rooms/ROOM/messages", "/v1/admin/tokens"]
const MEMBER_ROUTE = "/v1/admin/rooms/ROOM/members/MEMBER"
const ROUTES = ["/", "/healthz", "/demo/token", "/demo/demo.js", ...ROOM_ROUTES, ...ADMIN_ROUTES, MEMBER_ROUTE]

const piece = fc.constantFrom(
  "%",
  "%00",
  "%2f",
  "%2F..",
  "..",
  ".",
  "/",
  "\\",
  "?",
  "#",
  "&",
  "=",
  "+",
  "a",
  "é",
  "😀",
  "\ud800",
  "%ff",
  "%u0041",
  "__proto__",
  " ",
  "~",
  ";",
  "\t",
)
const odd = fc.oneof(
  fc.array(piece, { maxLength: 8 }).map((parts) => parts.join("")),
  fc.string({ unit: "binary", maxLength: 20 }),
  fc.constant("x".repeat(300)),
)
const name = fc.oneof(
  odd,
  odd.map((text) => encodeURIComponent(text.toWellFormed())),
  fc.constantFrom("r", "constructor", "toString", "a".repeat(128), "a".repeat(129)),
)
const number = fc.oneof(
  fc.constantFrom("", "0", "-1", "1e3", "0x10", "1e999", "NaN", "Infinity", " 1", "1.5", "99999999999999999999", "١", "true", "[]"),
  fc.nat().map(String),
)
const key = fc.constantFrom("cursor", "limit", "ban", "view", "token", "session", "prefix", "__proto__", "constructor", "")
const query = fc
  .array(fc.tuple(key, fc.oneof(number, name)), { maxLength: 5 })
  .map((pairs) => pairs.map(([left, right]) => `${left}=${right}`).join("&"))
const method = fc.constantFrom("GET", "GET", "HEAD", "POST", "PUT", "DELETE", "OPTIONS", "PATCH")
const route = fc
  .tuple(fc.constantFrom(...ROUTES), name, name)
  .map(([path, room, member]) => path.replace("ROOM", () => room).replace("MEMBER", () => member))
const credentials = fc.constantFrom(
  "Bearer {KEY}",
  "Bearer {TOKEN}",
  "bearer {TOKEN}",
  "Bearer ",
  "Bearer {TOKEN}.x",
  "Basic e30=",
  "Bearer é",
  "",
)
const json = fc.oneof(
  fc.json(),
  fc
    .dictionary(fc.constantFrom("event", "data", "to", "member", "info", "rooms", "ttl", "name", "color", "__proto__"), fc.jsonValue())
    .map((body) => JSON.stringify(body)),
)

it.each(corpus)("[SE5] what was found or thought of before is answered: $method $path", async (attack) => {
  await isAnswered(attack)
})

it("[SE5] any name and any query on any route and method, with good credentials", BUSY, async () => {
  const attack = fc.record({
    method,
    path: fc.tuple(route, query).map(([path, asked]) => `${path}?${asked}`),
    authorization: fc.constantFrom("Bearer {KEY}", "Bearer {TOKEN}"),
  })
  await attacks(
    attack.map(({ authorization, ...rest }) => ({ ...rest, headers: { authorization } })),
    400,
  )
})

it("[SE5] any query on the routes that read one", BUSY, async () => {
  const paths = ["/v1/admin/rooms/r/members", "/v1/admin/rooms/r/members/a", "/v1/rooms/r/presence", "/v1/rooms/r/connect"]
  const attack = fc.record({ method: fc.constantFrom("GET", "DELETE"), path: fc.constantFrom(...paths), asked: fc.oneof(query, odd) })
  await attacks(
    attack.map(({ path, asked, ...rest }) => ({
      ...rest,
      path: `${path}?${asked}`,
      headers: { authorization: path.includes("admin") ? "Bearer {KEY}" : "Bearer {TOKEN}" },
    })),
    300,
  )
})

it("[SE5] any body, as JSON of some shape or as text of none", BUSY, async () => {
  const paths = ["/v1/admin/rooms/r/messages", "/v1/admin/rooms/r/members/a", "/v1/admin/tokens", "/demo/token"]
  const attack = fc.record({
    method: fc.constantFrom("POST", "PUT"),
    path: fc.constantFrom(...paths),
    body: fc.oneof(json, odd),
    type: fc.constantFrom("application/json", "text/plain"),
  })
  await attacks(
    attack.map(({ type, ...rest }) => ({ ...rest, headers: { authorization: "Bearer {KEY}", "content-type": type } })),
    300,
  )
})

it("[SE5] any credentials, protocols and upgrades", BUSY, async () => {
  const protocol = fc.constantFrom("rollcall.v1", "token.{TOKEN}", "token.", "token.é", ",", "rollcall.v2", "token.a.b.c", "\u00e9")
  const headers = fc.record(
    {
      authorization: credentials,
      upgrade: fc.constantFrom("websocket", "WebSocket", "h2c", "websocket, h2c", ""),
      "sec-websocket-protocol": fc.array(protocol, { maxLength: 3 }).map((names) => names.join(", ")),
      origin: fc.constantFrom("null", "https://app.example", "", "x", "https://é.example"),
      "content-length": fc.constantFrom("0", "-1", "x", "99999999999"),
      "rollcall-admission": fc.constantFrom("{}", "%7B%7D", "%"),
      "cf-connecting-ip": odd.map((text) => text.replaceAll(/[^ -~]/g, "")),
    },
    { requiredKeys: [] },
  )
  await attacks(fc.record({ method, path: fc.constantFrom(...ROOM_ROUTES).map((path) => path.replace("ROOM", "r")), headers }), 300)
})
