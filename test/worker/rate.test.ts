/** Connects per client address: with the platform's own binding, with one that fails, and with none. */
import { createExecutionContext } from "cloudflare:test"
import { env } from "cloudflare:workers"
import { describe, expect, it, vi } from "vitest"
import { z } from "zod"
import app from "../../src/worker/index.ts"
import { networkOf } from "../../src/worker/rate.ts"
import { newRoom, stubOf, tokenFor } from "../room/room-client.ts"

/** The real one, which the Worker finds under its own name only where a test puts it there: 3 connects in 60 s. */
const REAL = env["TEST_RATE"]

type Asking = { address?: string; token?: string; room?: string; origin?: string; upgrade?: boolean; limiter?: unknown; origins?: string }

async function ask(asking: Asking): Promise<Response> {
  const { address, room = newRoom(), origin, limiter, origins = "*" } = asking
  const headers = new Headers({ authorization: `Bearer ${asking.token ?? (await tokenFor("anna"))}` })
  if (address !== undefined) headers.set("cf-connecting-ip", address)
  if (origin !== undefined) headers.set("origin", origin)
  if (asking.upgrade === true) headers.set("upgrade", "websocket")
  const request = new Request(`https://rollcall.test/v1/rooms/${room}/connect`, { headers })
  return app.fetch(request, { ...env, ALLOWED_ORIGINS: origins, CONNECT_RATE: limiter }, createExecutionContext())
}

/** The error code, or the status of an answer that is no refusal. */
async function codeOf(asking: Asking): Promise<string | number> {
  const response = await ask(asking)
  if (response.webSocket !== null) {
    response.webSocket.accept()
    response.webSocket.close(1000)
    return response.status
  }
  const { type } = z.object({ type: z.string() }).parse(await response.json())
  return type.split(":").at(-1) ?? ""
}

async function codesOf(count: number, asking: Asking): Promise<(string | number)[]> {
  const codes = []
  for (let i = 0; i < count; i++) codes.push(await codeOf(asking))
  return codes
}

const newAddress = () => `198.51.100.${crypto.randomUUID()}`
const UNLIMITED = Array(5).fill("upgrade_required")

/** Never lets anybody pass, and remembers whom it was asked about. */
function wall(): { keys: string[]; limit: (options: RateLimitOptions) => Promise<RateLimitOutcome> } {
  const keys: string[] = []
  return {
    keys,
    limit: async ({ key }) => {
      keys.push(key)
      return { success: false }
    },
  }
}

describe("with the platform's rate limit", () => {
  it("[RL1] an address that connects too often is 429 too_fast with Retry-After, upgrade or plain, and others are not", async () => {
    const address = newAddress()
    const codes = [...(await codesOf(2, { address, limiter: REAL, upgrade: true })), ...(await codesOf(2, { address, limiter: REAL }))]
    expect(codes.slice(0, 3)).toEqual([101, 101, "upgrade_required"])
    // The platform's windows end with the clock's: two of them may have been met.
    if (codes[3] !== "too_fast") await codesOf(3, { address, limiter: REAL })
    for (const upgrade of [true, false]) {
      const refused = await ask({ address, limiter: REAL, upgrade })
      expect(refused.status).toBe(429)
      expect(refused.headers.get("retry-after")).toBe("10")
      expect(await refused.json()).toMatchObject({ type: "urn:rollcall:error:too_fast", status: 429 })
    }
    expect(await codeOf({ address: newAddress(), limiter: REAL })).toBe("upgrade_required")
  })

  it("[RL1] it is looked at after 400, 401 and 403, and before the room is asked", async () => {
    const { keys, limit } = wall()
    const limiter = { limit }
    const address = newAddress()
    const elsewhere = await tokenFor("anna", { rooms: { other: ["subscribe"] } })
    expect(await codeOf({ address, limiter, room: "a%20b" })).toBe("bad_room")
    expect(await codeOf({ address, limiter, token: "bad" })).toBe("bad_token")
    expect(await codeOf({ address, limiter, token: elsewhere })).toBe("forbidden")
    expect(await codeOf({ address, limiter, origin: "https://evil.example", origins: "https://app.example" })).toBe("bad_origin")
    expect(keys).toEqual([])
    const room = newRoom()
    await stubOf(room).kick("anna", 60_000)
    expect(await codeOf({ address, limiter, room })).toBe("too_fast")
    expect(keys).toEqual([address])
    expect(await codeOf({ address, room })).toBe("banned")
  })
})

describe("the demo", () => {
  it("[RL4] mints for an address as often as it may connect", async () => {
    const mint = async (limiter?: unknown) => {
      const body = JSON.stringify({ member: "anna", name: "Anna", color: "#123456" })
      const request = new Request("https://rollcall.test/demo/token", {
        method: "POST",
        body,
        headers: { "cf-connecting-ip": newAddress() },
      })
      const response = await app.fetch(request, { ...env, DEMO: "on", CONNECT_RATE: limiter }, createExecutionContext())
      await response.text()
      return [response.status, response.headers.get("retry-after")]
    }
    expect([await mint(), await mint(REAL), await mint(wall())]).toEqual([
      [200, null],
      [200, null],
      [429, "10"],
    ])
  })
})

describe("without it", () => {
  it("[RL2] nobody is limited: no binding, no address, or one that fails, which is logged without the address", async () => {
    const { keys, limit } = wall()
    expect(await codesOf(5, { address: newAddress() })).toEqual(UNLIMITED)
    expect(await codesOf(5, { limiter: { limit } })).toEqual(UNLIMITED)
    expect(await codesOf(5, { limiter: { limit }, address: "" })).toEqual(UNLIMITED)
    expect(keys).toEqual([])
    const logged = vi.spyOn(console, "error").mockImplementation(() => undefined)
    try {
      const failing = { limit: () => Promise.reject(new Error("no answer")) }
      const address = newAddress()
      expect(await codeOf({ limiter: failing, address })).toBe("upgrade_required")
      expect(logged.mock.calls).toEqual([[expect.stringContaining("rate_limit_failed")]])
      expect(JSON.stringify(logged.mock.calls)).not.toContain(address)
    } finally {
      logged.mockRestore()
    }
  })

  it("[CF2] what is no binding is refused, by its name", async () => {
    for (const limiter of ["300", 300, {}, null]) {
      const refused = await ask({ limiter })
      expect(refused.status).toBe(500)
      expect(await refused.json()).toMatchObject({ detail: expect.stringMatching(/^CONNECT_RATE .*ratelimits/) })
    }
  })
})

describe("an address", () => {
  it.each([
    ["203.0.113.7", "203.0.113.7"],
    ["::ffff:203.0.113.7", "::ffff:203.0.113.7"],
    ["2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"],
    ["2001:DB8:0001:02::1", "2001:db8:1:2::/64"],
    ["2001:db8::", "2001:db8:0:0::/64"],
    ["2001:db8::7", "2001:db8:0:0::/64"],
    ["::1", "0:0:0:0::/64"],
    ["fe80::1:2:3:4:5", "fe80:0:0:1::/64"],
    ["not an address", "not an address"],
  ])("[RL3] of IPv6 counts with all others of its /64: %s", (address, key) => {
    expect(networkOf(address)).toBe(key)
  })
})
