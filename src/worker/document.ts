/** `/openapi.json`: OpenAPI 3.1 out of the routes' own schemas, made when it is first asked for, and the calls that are about the service itself. */
import { createRoute, type OpenAPIHono, z } from "@hono/zod-openapi"
import type { AppEnv } from "./app.ts"
import { answers, problems } from "./openapi.ts"

export type OpenApiDocument = ReturnType<OpenAPIHono<AppEnv>["getOpenAPI31Document"]>

const INFO = {
  title: "Rollcall",
  version: "1",
  description:
    "Who is here, and what are they doing? Bodies are JSON, times are milliseconds since 1970, and every refusal is an RFC 9457 problem whose type ends in the error code.",
  license: { name: "MIT", identifier: "MIT" },
}

const TAGS = [
  { name: "presence", description: "for clients, with a member's token" },
  { name: "admin", description: "for backends and operators, with an admin key" },
  { name: "service", description: "for whoever asks" },
]

const common = { method: "get" as const, tags: ["service"], security: [] }

/** Adds `/healthz` and `/openapi.json`, and the ways in. Building takes longer than a Worker should take to start, so nothing is built here. */
export function describe(app: OpenAPIHono<AppEnv>): () => OpenApiDocument {
  app.openAPIRegistry.registerComponent("securitySchemes", "adminKey", {
    type: "http",
    scheme: "bearer",
    description: "one of the service's ADMIN_KEYS",
  })
  app.openAPIRegistry.registerComponent("securitySchemes", "memberToken", {
    type: "http",
    scheme: "bearer",
    bearerFormat: "JWT",
    description: "a member's token",
  })
  app.openapi(
    createRoute({
      ...common,
      path: "/healthz",
      operationId: "getHealth",
      summary: "Up, and soundly configured",
      responses: { 200: answers("it is", z.object({ status: z.literal("ok") })), ...problems() },
    }),
    (c) => c.json({ status: "ok" as const }, 200),
  )
  let document: OpenApiDocument | null = null
  const read = () => {
    document ??= app.getOpenAPI31Document({ openapi: "3.1.0", info: INFO, tags: TAGS, servers: [{ url: "/" }] })
    return document
  }
  app.openAPIRegistry.registerPath({
    ...common,
    path: "/openapi.json",
    operationId: "getOpenApi",
    summary: "This document",
    responses: { 200: answers("OpenAPI 3.1", z.looseObject({ openapi: z.string() })), ...problems() },
  })
  app.get("/openapi.json", () => Response.json(read()))
  return read
}
