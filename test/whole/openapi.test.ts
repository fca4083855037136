/** The service's own description, and whether the service is as it says. */
import { readFileSync } from "node:fs"
import { Validator } from "@seriousme/openapi-schema-validator"
import { describe, expect, it } from "vitest"
import { z } from "zod"
import { DEV_ADMIN_KEY, serviceForFile } from "./service.ts"
import { enter, freshRoom, tokenFor } from "./wire-client.ts"

const service = serviceForFile()

const responseSchema = z.object({
  description: z.string().min(1),
  content: z.record(z.string(), z.object({ schema: z.record(z.string(), z.unknown()) })).optional(),
})
const operationSchema = z.object({
  operationId: z.string(),
  summary: z.string().min(1),
  tags: z.array(z.string()),
  security: z.array(z.record(z.string(), z.array(z.string()))),
  responses: z.record(z.string(), responseSchema),
})
const documentSchema = z.looseObject({
  openapi: z.literal("3.1.0"),
  paths: z.record(z.string(), z.record(z.enum(["get", "put", "post", "delete"]), operationSchema.optional())),
  components: z.looseObject({ schemas: z.record(z.string(), z.unknown()), securitySchemes: z.record(z.string(), z.unknown()) }),
})
type Document = z.infer<typeof documentSchema>

async function documentHere(): Promise<Document> {
  const response = await fetch(`${service.url}/openapi.json`)
  expect(response.headers.get("content-type")).toMatch(/^application\/json/)
  return documentSchema.parse(await response.json())
}

function operations({ paths }: Document): { call: string; operation: z.infer<typeof operationSchema> }[] {
  return Object.entries(paths).flatMap(([path, methods]) =>
    Object.entries(methods).flatMap(([method, operation]) =>
      operation === undefined ? [] : [{ call: `${method.toUpperCase()} ${path}`, operation }],
    ),
  )
}

/** The calls of the table, without those that the page itself says are not built yet. */
function contract(): string[] {
  const page = readFileSync(new URL("../../docs/protocol.md", import.meta.url), "utf8")
  const http = page.slice(page.indexOf("\n## HTTP"), page.indexOf("\n## Tokens"))
  const callsIn = (text: string) => Array.from(text.matchAll(/`((?:GET|PUT|POST|DELETE) [^`?]+)/g), ([, call = ""]) => call)
  const missing = new Set(http.split("\n").flatMap((line) => (line.startsWith("Not built yet") ? callsIn(line) : [])))
  const rows = http.split("\n").flatMap((line) => (line.startsWith("| `") ? callsIn(line.split("|")[1] ?? "") : []))
  expect(rows.length).toBeGreaterThan(10)
  return rows.filter((call) => !missing.has(call))
}

type Asked = { call: string; path: string; headers?: Record<string, string>; body?: unknown; status: number }

describe("/openapi.json", () => {
  it("[AP1] is valid OpenAPI 3.1, and names every call once", async () => {
    const document = await documentHere()
    const validator = new Validator()
    expect(await validator.validate({ ...document })).toEqual({ valid: true })
    expect(validator.version).toBe("3.1")
    expect(await new Validator().validate({ ...document, paths: { "/x": { get: { responses: 1 } } } })).toMatchObject({ valid: false })
    const ids = operations(document).map(({ operation }) => operation.operationId)
    expect(new Set(ids).size).toBe(ids.length)
    expect(Object.keys(document.components.securitySchemes).sort()).toEqual(["adminKey", "memberToken"])
  })

  it("[AP2] holds every call of the contract, and no other", async () => {
    const document = await documentHere()
    const described = operations(document).map(({ call }) => call)
    expect(described.sort()).toEqual([...contract(), "GET /v1/rooms/{room}/connect"].sort())
  })

  it("[AP3] names the refusals that a call may meet, and none that it cannot", async () => {
    const said = new Map(operations(await documentHere()).map(({ call, operation }) => [call, operation.responses]))
    expect(said.get("GET /v1/rooms/{room}/connect")?.["503"]?.description).toBe("The room is full; or: The service is not configured")
    expect(said.get("GET /v1/rooms/{room}/presence")?.["503"]?.description).toBe("The service is not configured")
    expect(said.get("GET /v1/rooms/{room}/presence")?.["403"]?.description).toBe("The token does not allow this")
  })

  it("[AP3] says what the service answers: each answer fits the schema of its call and status", async () => {
    const document = await documentHere()
    const room = freshRoom()
    const anna = await enter(service, { room, member: "anna" }, { x: 1 })
    const admin = { authorization: `Bearer ${DEV_ADMIN_KEY}` }
    const member = { authorization: `Bearer ${await tokenFor("anna")}` }
    const rooms = "/v1/admin/rooms/{room}"
    const asked: Asked[] = [
      { call: "GET /healthz", path: "/healthz", status: 200 },
      { call: "GET /openapi.json", path: "/openapi.json", status: 200 },
      { call: "GET /v1/rooms/{room}/connect", path: `/v1/rooms/${room}/connect`, headers: member, status: 426 },
      { call: "GET /v1/rooms/{room}/connect", path: "/v1/rooms/a%20b/connect", headers: member, status: 400 },
      { call: "GET /v1/rooms/{room}/connect", path: `/v1/rooms/${room}/connect`, status: 401 },
      { call: "GET /v1/rooms/{room}/connect", path: `/v1/rooms/${room}/connect?view=count`, headers: member, status: 426 },
      { call: "GET /v1/rooms/{room}/connect", path: `/v1/rooms/${room}/connect?view=x`, headers: member, status: 400 },
      { call: "GET /v1/rooms/{room}/presence", path: `/v1/rooms/${room}/presence`, headers: member, status: 200 },
      { call: "GET /v1/rooms/{room}/presence", path: `/v1/rooms/${room}/presence?view=count`, headers: member, status: 200 },
      { call: "GET /v1/rooms/{room}/presence", path: `/v1/rooms/${room}/presence?view=x`, headers: member, status: 400 },
      { call: `GET ${rooms}`, path: `/v1/admin/rooms/${room}`, headers: admin, status: 200 },
      { call: `GET ${rooms}`, path: `/v1/admin/rooms/${room}`, status: 401 },
      { call: `GET ${rooms}/members`, path: `/v1/admin/rooms/${room}/members?limit=1`, headers: admin, status: 200 },
      { call: `GET ${rooms}/members`, path: `/v1/admin/rooms/${room}/members?limit=0x10`, headers: admin, status: 400 },
      { call: `GET ${rooms}/members`, path: `/v1/admin/rooms/${room}/members?heard=1`, headers: admin, status: 200 },
      { call: `GET ${rooms}/members`, path: `/v1/admin/rooms/${room}/members?heard=yes`, headers: admin, status: 400 },
      { call: "GET /v1/admin/rooms", path: "/v1/admin/rooms?limit=1000", headers: admin, status: 200 },
      { call: "GET /v1/admin/rooms", path: "/v1/admin/rooms?prefix=a%20b", headers: admin, status: 400 },
      { call: "GET /v1/admin/rooms", path: "/v1/admin/rooms", status: 401 },
      { call: "GET /v1/admin/stats", path: "/v1/admin/stats", headers: admin, status: 200 },
      { call: "GET /v1/admin/stats", path: "/v1/admin/stats", status: 401 },
      { call: "GET /metrics", path: "/metrics", headers: admin, status: 200 },
      { call: "GET /metrics", path: "/metrics", status: 401 },
      { call: `PUT ${rooms}/members/{member}`, path: `/v1/admin/rooms/${room}/members/bot`, headers: admin, body: {}, status: 200 },
      { call: `PUT ${rooms}/members/{member}`, path: `/v1/admin/rooms/${room}/members/%ff`, headers: admin, body: {}, status: 400 },
      { call: `GET ${rooms}/members/{member}`, path: `/v1/admin/rooms/${room}/members/bot`, headers: admin, status: 200 },
      { call: `GET ${rooms}/members/{member}`, path: `/v1/admin/rooms/${room}/members/nobody`, headers: admin, status: 404 },
      { call: `POST ${rooms}/messages`, path: `/v1/admin/rooms/${room}/messages`, headers: admin, body: { event: "e" }, status: 202 },
      { call: `DELETE ${rooms}/members/{member}`, path: `/v1/admin/rooms/${room}/members/bot?ban=60000`, headers: admin, status: 200 },
      { call: `PUT ${rooms}/members/{member}`, path: `/v1/admin/rooms/${room}/members/bot`, headers: admin, body: {}, status: 409 },
      { call: "POST /v1/admin/tokens", path: "/v1/admin/tokens", headers: admin, body: { member: "a", rooms: { "*": [] } }, status: 201 },
      { call: "POST /v1/admin/tokens", path: "/v1/admin/tokens", headers: admin, body: { member: "x".repeat(20_000) }, status: 413 },
      { call: `DELETE ${rooms}`, path: `/v1/admin/rooms/${room}`, headers: admin, status: 204 },
    ]
    for (const one of asked) await fits(document, one)
    // A call that is added later is asked here too.
    expect([...new Set(asked.map(({ call }) => call))].sort()).toEqual(
      operations(document)
        .map(({ call }) => call)
        .sort(),
    )
    expect((await anna.ended()).code).toBe(4410)
  })
})

async function fits(document: Document, { call, path, headers = {}, body, status }: Asked): Promise<void> {
  const [method = ""] = call.split(" ")
  const response = await fetch(service.url + path, { method, headers, ...(body === undefined ? {} : { body: JSON.stringify(body) }) })
  const text = await response.text()
  expect([call, response.status, text]).toEqual([call, status, text])
  const said = operations(document).find((one) => one.call === call)?.operation.responses[status]
  if (said === undefined) throw new Error(`${call} ${status} is not described`)
  const [type] = (response.headers.get("content-type") ?? "").split(";")
  if (said.content === undefined) {
    expect(text).toBe("")
    return
  }
  const schema = said.content[type ?? ""]?.schema
  if (schema === undefined) throw new Error(`${call} ${status}: ${type} is not described`)
  const local: unknown = JSON.parse(
    JSON.stringify({ ...schema, $defs: document.components.schemas }).replaceAll("#/components/schemas/", "#/$defs/"),
  )
  const parsed = z
    .fromJSONSchema(z.record(z.string(), z.unknown()).parse(local))
    .safeParse(/json$/.test(type ?? "") ? JSON.parse(text) : text)
  expect([call, status, parsed.error?.issues ?? []]).toEqual([call, status, []])
}
