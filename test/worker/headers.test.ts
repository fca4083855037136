/** What browsers are told by every answer. */
import { createExecutionContext } from "cloudflare:test"
import { env, exports } from "cloudflare:workers"
import { describe, expect, it } from "vitest"
import app from "../../src/worker/index.ts"
import { tokenFor } from "../room/room-client.ts"

const KEY = { authorization: "Bearer test-admin-key" }

function ask(method: string, path: string, headers: Record<string, string> = {}, body?: string): Promise<Response> {
  const init = body === undefined ? { method, headers } : { method, headers, body }
  return exports.default.fetch(`https://rollcall.test${path}`, init)
}

describe("every answer", () => {
  it("[SE1] is neither sniffed, framed, kept, nor told to the next page, whatever its route and status", async () => {
    const token = { authorization: `Bearer ${await tokenFor("anna")}` }
    const answers = [
      [200, await ask("GET", "/healthz")],
      [200, await ask("HEAD", "/healthz")],
      [404, await ask("GET", "/")],
      [404, await ask("POST", "/demo/token", {}, "{}")],
      [404, await ask("DELETE", "/nowhere")],
      [400, await ask("GET", "/v1/rooms/a%20b/connect")],
      [401, await ask("GET", "/v1/rooms/r/connect")],
      [426, await ask("GET", "/v1/rooms/r/connect", token)],
      [200, await ask("GET", "/v1/rooms/r/presence", token)],
      [401, await ask("GET", "/v1/rooms/r/presence")],
      [204, await ask("OPTIONS", "/v1/rooms/r/presence", { origin: "https://app.example", "access-control-request-method": "GET" })],
      [401, await ask("GET", "/v1/admin/rooms/r")],
      [200, await ask("GET", "/v1/admin/rooms/r", KEY)],
      [400, await ask("POST", "/v1/admin/tokens", KEY, "{")],
      [201, await ask("POST", "/v1/admin/tokens", KEY, '{"member":"a","rooms":{"*":[]}}')],
      [202, await ask("POST", "/v1/admin/rooms/r/messages", KEY, '{"event":"e"}')],
      [204, await ask("DELETE", "/v1/admin/rooms/r", KEY)],
    ] as const
    for (const [status, response] of answers) {
      expect([response.url, response.status]).toEqual([response.url, status])
      expect(Object.fromEntries(response.headers)).toMatchObject({
        "x-content-type-options": "nosniff",
        "cache-control": "no-store",
        "content-security-policy": "default-src 'none'; frame-ancestors 'none'",
        "cross-origin-resource-policy": "same-origin",
        "referrer-policy": "no-referrer",
      })
      await response.text()
    }
  })

  it("[SE1] a page runs and asks nothing but what its own origin serves", async () => {
    for (const path of ["/", "/demo/demo.js", "/demo/demo.css", "/demo/nothing.js", "/console", "/console/console.js", "/docs"]) {
      const request = new Request(`https://rollcall.test${path}`)
      const response = await app.fetch(request, { ...env, DEMO: "on" }, createExecutionContext())
      await response.text()
      const policy = response.headers.get("content-security-policy") ?? ""
      const allowed = policy.split("; ").flatMap((directive) => directive.split(" ").slice(1))
      expect(policy).toMatch(/^default-src 'none'; script-src 'self';/)
      expect(policy).toContain("frame-ancestors 'none'")
      expect(new Set(allowed)).toEqual(new Set(["'none'", "'self'", "data:"]))
      expect(response.headers.get("cross-origin-opener-policy")).toBe("same-origin")
      expect(response.headers.get("x-content-type-options")).toBe("nosniff")
    }
  })

  it("[SE2] may be read by pages of the allowed Origins under /v1/rooms alone, and never with credentials", async () => {
    const origin = "https://app.example"
    const token = await tokenFor("anna")
    const mayRead = async (method: string, path: string, headers: Record<string, string>) => {
      const response = await ask(method, path, { origin, ...headers })
      await response.text()
      expect(response.headers.has("access-control-allow-credentials")).toBe(false)
      return response.headers.get("access-control-allow-origin")
    }
    for (const path of ["connect", "presence"]) {
      expect(await mayRead("GET", `/v1/rooms/r/${path}`, { authorization: `Bearer ${token}` })).toBe(origin)
    }
    const preflight = { "access-control-request-method": "GET", "access-control-request-headers": "authorization" }
    for (const path of ["/v1/admin/rooms/r", "/v1/admin/tokens", "/healthz", "/demo/token", "/", "/nowhere"]) {
      expect(await mayRead("GET", path, KEY), path).toBeNull()
      expect(await mayRead("OPTIONS", path, preflight), path).toBeNull()
    }
  })
})

describe("an admin key", () => {
  it("[SE3] is compared whole: no prefix, no case, no other scheme, no place but the header", async () => {
    const bad = ["test-admin-ke", "test-admin-key1", "TEST-ADMIN-KEY", "", "test-admin-key,test-admin-key", "test", "\u00ff"]
    for (const key of bad) expect((await ask("GET", "/v1/admin/rooms/r", { authorization: `Bearer ${key}` })).status, key).toBe(401)
    for (const scheme of ["Basic", "Token", "BearerX"]) {
      expect((await ask("GET", "/v1/admin/rooms/r", { authorization: `${scheme} test-admin-key` })).status, scheme).toBe(401)
    }
    for (const path of ["?key=test-admin-key", "?token=test-admin-key", "?authorization=Bearer%20test-admin-key"]) {
      expect((await ask("GET", `/v1/admin/rooms/r${path}`)).status, path).toBe(401)
    }
    expect((await ask("GET", "/v1/admin/rooms/r", { cookie: "authorization=Bearer test-admin-key" })).status).toBe(401)
    expect((await ask("GET", "/v1/admin/rooms/r", { authorization: `Bearer ${await tokenFor("anna")}` })).status).toBe(401)
    expect((await ask("GET", "/v1/admin/rooms/r", KEY)).status).toBe(200)
  })

  it("[SE3] guards every address under /v1/admin, whatever the method, also those that are not there", { timeout: 20_000 }, async () => {
    const paths = ["", "/", "/rooms", "/rooms/r", "/rooms/r/members", "/rooms/r/members/a", "/rooms/r/messages", "/tokens", "/stats", "/x"]
    for (const path of paths) {
      for (const method of ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"]) {
        const status = (await ask(method, `/v1/admin${path}`)).status
        expect(status, `${method} ${path}`).toBe(401)
      }
    }
  })
})
