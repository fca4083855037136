/** ALLOWED_ORIGINS: which pages may connect, and which may read why they may not. */
import { describe, expect, it } from "vitest"
import { askedPlainly, refusedUpgrade } from "./refusals.ts"
import { serviceForFile } from "./service.ts"
import { connect, freshRoom } from "./wire-client.ts"

const listed = serviceForFile({ ALLOWED_ORIGINS: "https://app.example.com,https://*.example.org,http://localhost:3000" })
const open = serviceForFile()

const ALLOWED = ["https://app.example.com", "https://www.example.org", "https://a-1.example.org", "http://localhost:3000"]
const STRANGE = [
  "https://example.org",
  "http://www.example.org",
  "http://app.example.com",
  "https://other.example.com",
  "https://app.example.com.evil.com",
  "https://www.example.org.evil.com",
  "https://evilexample.org",
  "https://.example.org",
  "https://app.example.com:8443",
  "https://xapp.example.com",
  "http://localhost:3001",
  "http://localhost",
  "null",
  "https://evil.com",
]

/** Whether a page of this Origin may read the answer. */
function mayRead(headers: Headers, origin: string): boolean {
  const allowed = headers.get("access-control-allow-origin")
  return allowed === "*" || allowed === origin
}

describe.concurrent("an allowed Origin", () => {
  it.each(ALLOWED)("[CF5] %s connects, and reads what refuses it", async (origin) => {
    const headers = { origin }
    expect((await connect(listed, { room: freshRoom(), headers })).isOpen).toBe(true)
    for (const asking of [{}, { token: "bad" }, { room: "bad%20room" }, { claims: { rooms: {} } }]) {
      const plain = await askedPlainly(listed, { room: freshRoom(), ...asking, headers })
      expect(mayRead(plain.headers, origin), `${plain.status}`).toBe(true)
    }
  })

  it.each(ALLOWED)("[CN6] %s passes the preflight that Authorization causes", async (origin) => {
    const preflight = await fetch(`${listed.url}/v1/rooms/${freshRoom()}/connect`, {
      method: "OPTIONS",
      headers: { origin, "access-control-request-method": "GET", "access-control-request-headers": "authorization" },
    })
    await preflight.text()
    expect(preflight.ok).toBe(true)
    expect(mayRead(preflight.headers, origin)).toBe(true)
    expect(preflight.headers.get("access-control-allow-headers")?.toLowerCase().split(/, */)).toContain("authorization")
  })

  it("[CN6] may read when to come back", async () => {
    const headers = { origin: ALLOWED[0] ?? "" }
    const room = freshRoom()
    await Promise.all(Array.from({ length: 20 }, () => connect(listed, { room })))
    const plain = await askedPlainly(listed, { room, headers })
    expect(plain).toMatchObject({ status: 429, code: "member_full" })
    expect(plain.headers.get("retry-after")).toMatch(/^\d+$/)
    expect(plain.headers.get("access-control-expose-headers")?.toLowerCase()).toContain("retry-after")
  })

  it("[CN6] one answer is not kept for another Origin", async () => {
    const headers = { origin: ALLOWED[0] ?? "" }
    const plain = await askedPlainly(listed, { room: freshRoom(), headers })
    if (plain.headers.get("access-control-allow-origin") !== "*") expect(plain.headers.get("vary")?.toLowerCase()).toContain("origin")
  })
})

describe.concurrent("another Origin", () => {
  it.each(STRANGE)("[CF5] %s is 403 bad_origin, and reads nothing", async (origin) => {
    const headers = { origin }
    expect(await refusedUpgrade(listed, { room: freshRoom(), headers })).toMatchObject({ status: 403, code: "bad_origin" })
    const plain = await askedPlainly(listed, { room: freshRoom(), headers })
    expect(plain).toMatchObject({ status: 403, code: "bad_origin" })
    expect(mayRead(plain.headers, origin)).toBe(false)
    const preflight = await fetch(`${listed.url}/v1/rooms/${freshRoom()}/connect`, {
      method: "OPTIONS",
      headers: { origin, "access-control-request-method": "GET", "access-control-request-headers": "authorization" },
    })
    await preflight.text()
    expect(mayRead(preflight.headers, origin)).toBe(false)
  })
})

describe.concurrent("no Origin, and any", () => {
  it("[CF5] who sends none is no page, and connects", async () => {
    expect((await connect(listed, { room: freshRoom(), by: "header" })).isOpen).toBe(true)
  })

  it.each([...ALLOWED, ...STRANGE])("[CF1] by default every Origin connects: %s", async (origin) => {
    const headers = { origin }
    expect((await connect(open, { room: freshRoom(), headers })).isOpen).toBe(true)
    const plain = await askedPlainly(open, { room: freshRoom(), token: "bad", headers })
    expect(plain.status).toBe(401)
    expect(mayRead(plain.headers, origin)).toBe(true)
  })
})
