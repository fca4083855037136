/** Tokens of an identity provider, through the whole service: a key server on loopback that rotates, fails and is lied about. */
import { afterAll, beforeAll, describe, expect, it } from "vitest"
import { forge } from "../token/forge.ts"
import { type KeyServer, keyServer, signerOf } from "../token/key-server.ts"
import { askedPlainly } from "./refusals.ts"
import { DEV_SECRET, type Service, startService } from "./service.ts"
import { connect, enter, freshRoom, tokenFor } from "./wire-client.ts"

const signers = [await signerOf("EdDSA", "ed-1"), await signerOf("ES256", "ec-1"), await signerOf("RS256", "rsa-1")] as const
const [edwards, elliptic, rsa] = signers
const stranger = await signerOf("ES256", "ec-1")
const rotated = await signerOf("ES256", "ec-2")

const claims = (more: Record<string, unknown> = {}) => ({
  sub: "anna",
  exp: Math.floor(Date.now() / 1000) + 3600,
  info: { name: "Anna" },
  rooms: { "*": ["subscribe", "presence", "message"] },
  ...more,
})

let keys: KeyServer
let service: Service
beforeAll(async () => {
  keys = await keyServer(null)
  service = await startService({ JWKS_URL: keys.url.href })
})
afterAll(async () => {
  await service.kill()
  await keys[Symbol.asyncDispose]()
})

async function codeOf(token: string): Promise<string> {
  return (await askedPlainly(service, { room: freshRoom(), token })).code
}

const IN = "upgrade_required"

// In this order: each test finds the key set as the one before it left it.
describe.sequential("an identity provider's tokens", () => {
  it("[AU10] are 503 while its keys cannot be had, and open the door at once when they can", async () => {
    const began = Date.now()
    const flood = await Promise.all(Array.from({ length: 20 }, async () => codeOf(await rsa.sign(claims()))))
    expect(new Set(flood)).toEqual(new Set(["misconfigured"]))
    // Once a second, however many come.
    expect(keys.asked).toBeLessThanOrEqual(2 + (Date.now() - began) / 1000)
    expect(await codeOf(await tokenFor("anna"))).toBe(IN)
    keys.answer = signers.map(({ jwk }) => jwk)
    await expect.poll(async () => codeOf(await rsa.sign(claims())), { timeout: 15_000, interval: 300 }).toBe(IN)
  })

  it("[AU1] of EdDSA, ES256 and RS256 connect, enter, and renew themselves by auth", async () => {
    for (const signer of signers) {
      const room = freshRoom()
      const bert = await connect(service, { room, member: "bert" })
      const anna = await enter(service, { room, token: await signer.sign(claims()) }, { x: 1 })
      await bert.until(() => bert.picture.list().length === 1, "her entry")
      expect(bert.picture.list()).toMatchObject([{ member: "anna", info: { name: "Anna" }, data: { x: 1 } }])
      await anna.ask({ type: "auth", token: await elliptic.sign(claims({ rooms: { "*": ["presence"] } })) })
      expect(await anna.refused({ type: "send", event: "e" })).toBe("forbidden")
      expect(await anna.refused({ type: "auth", token: await stranger.sign(claims()) })).toBe("bad_token")
    }
  })

  it("[AU2] forged, mangled or confused are 401, and cost the provider nothing", async () => {
    const asked = keys.asked
    const good = await elliptic.sign(claims())
    const [header = "", payload = "", signature = ""] = good.split(".")
    const forged = Buffer.from(JSON.stringify(claims({ sub: "root" }))).toString("base64url")
    const bad = [
      `${header}.${forged}.${signature}`,
      `${header}.${payload}.`,
      `${header}.${payload}.${Buffer.alloc(64).toString("base64url")}`,
      `${Buffer.from('{"alg":"none"}').toString("base64url")}.${payload}.`,
      await stranger.sign(claims()),
      await edwards.sign(claims(), { kid: "rsa-1" }),
      await elliptic.sign(claims({ exp: Math.floor(Date.now() / 1000) - 1 })),
      forge({ alg: "HS256" }, claims(), JSON.stringify(rsa.jwk)),
      forge({ alg: "RS256", kid: "rsa-1" }, claims(), DEV_SECRET),
      forge({ alg: "ES256", kid: "ec-1", jku: keys.url.href, jwk: stranger.jwk }, claims(), "x"),
    ]
    for (const token of bad) expect(await codeOf(token), token).toBe("bad_token")
    expect(keys.asked).toBe(asked)
  })

  it("[SE9] of keys that nobody knows ask the provider once in 30 s, however many come", async () => {
    const asked = keys.asked
    const unknown = await Promise.all(Array.from({ length: 40 }, async () => codeOf(await rotated.sign(claims()))))
    expect(new Set(unknown)).toEqual(new Set(["bad_token"]))
    expect(keys.asked - asked).toBeLessThanOrEqual(1)
  })

  it("[AU10] are verified on while its address fails", async () => {
    keys.answer = null
    for (const signer of signers) expect(await codeOf(await signer.sign(claims()))).toBe(IN)
  })
})
