import { createServer } from "node:http"
import { decodeJwt, exportJWK, generateKeyPair, SignJWT } from "jose"
import { describe, expect, it, onTestFinished } from "vitest"
import { MIN_SECRET_LENGTH as SERVICE_MINIMUM } from "../../src/config/config.ts"
import { RollcallError } from "../../src/server/error.ts"
import { type Lifetime, MIN_SECRET_LENGTH, mintToken, verifyToken } from "../../src/server/token.ts"
import { verifyToken as verifyAsTheService } from "../../src/token/token.ts"
import { refusal } from "./refusal.ts"

const secret = "a-secret-of-a-backend-a-secret-of-a-backend"
const older = "an-older-secret-an-older-secret-an-older-secret"
const rooms = { "doc-*": ["subscribe", "presence"], lobby: ["subscribe"] } as const

describe("mintToken", () => {
  it("[SV1] mints what the service verifies, and says in it what was asked for", async () => {
    const token = await mintToken({ secret, member: "anna", info: { name: "Anna" }, rooms, expiresIn: 90 })
    const claims = await verifyAsTheService(token, { secrets: [secret], keySet: null }, Date.now())
    expect(claims).toMatchObject({ ok: true, value: { sub: "anna", info: { name: "Anna" }, rooms } })
    const seconds = (decodeJwt(token).exp ?? 0) - Date.now() / 1000
    expect(seconds).toBeGreaterThan(85)
    expect(seconds).toBeLessThanOrEqual(90)
  })

  const lifetimes: [Lifetime | undefined, number][] = [
    [undefined, 3600],
    [60, 60],
    ["90s", 90],
    ["15m", 900],
    ["1.5h", 5400],
    ["7d", 604_800],
  ]
  it.each(lifetimes)("[SV2] %s is a lifetime of %d seconds", async (expiresIn, seconds) => {
    const before = Math.floor(Date.now() / 1000)
    const token = await mintToken({ secret, member: "anna", rooms, ...(expiresIn === undefined ? {} : { expiresIn }) })
    const after = Math.floor(Date.now() / 1000)
    const { exp } = decodeJwt(token)
    expect(exp).toBeGreaterThanOrEqual(before + seconds)
    expect(exp).toBeLessThanOrEqual(after + seconds)
  })

  const good = { secret, member: "anna", rooms }
  it.each([
    ["secret", { ...good, secret: "short" }],
    ["member", { ...good, member: "" }],
    ["member", { ...good, member: "é".repeat(129) }],
    ["info", { ...good, info: { about: "x".repeat(4096) } }],
    ["rooms", { ...good, rooms: { "no spaces": [] } }],
    ["rooms", { ...good, rooms: { "a*b": [] } }],
    ["expiresIn", { ...good, expiresIn: 0 }],
    ["expiresIn", { ...good, expiresIn: -5 }],
    ["expiresIn", { ...good, expiresIn: Number.POSITIVE_INFINITY }],
    ["expiresIn", { ...good, expiresIn: "1 hour" as Lifetime }],
  ])("[SV3] refuses what the service would, and names it: %s", async (field, options) => {
    const error = await refusal(mintToken(options))
    expect(error).toMatchObject({ code: "bad_request", status: 400 })
    expect(error.detail).toMatch(new RegExp(`^${field}`))
    expect(error.message).not.toContain(secret)
  })

  it("[SV3] demands of a secret what the service demands of its own", () => {
    expect(MIN_SECRET_LENGTH).toBe(SERVICE_MINIMUM)
  })
})

describe("verifyToken", () => {
  it("[SV4] says what the token says, with times in milliseconds", async () => {
    const token = await mintToken({ secret, member: "anna", info: { name: "Anna" }, rooms, expiresIn: "15m" })
    const verified = await verifyToken(token, { secret })
    expect(verified).toEqual({ member: "anna", info: { name: "Anna" }, rooms, expiresAt: (decodeJwt(token).exp ?? 0) * 1000 })
  })

  it("[SV4] accepts any of several secrets", async () => {
    const token = await mintToken({ secret: older, member: "anna", rooms })
    await expect(verifyToken(token, { secret: [secret, older] })).resolves.toMatchObject({ member: "anna" })
  })

  const stranger = (exp: number, claims: Record<string, unknown> = { rooms }) =>
    new SignJWT(claims)
      .setProtectedHeader({ alg: "HS256" })
      .setSubject("anna")
      .setExpirationTime(exp)
      .sign(new TextEncoder().encode(secret))
  const soon = Math.floor(Date.now() / 1000) + 600
  it.each([
    ["another's signature", () => mintToken({ secret: older, member: "anna", rooms }), /signature/],
    ["one that has expired", () => stranger(soon - 1200), /expired/],
    ["claims that do not fit", () => stranger(soon, { rooms: "all" }), /rooms/],
    ["no token at all", async () => "nonsense", /well-formed/],
  ])("[SV4] refuses %s as bad_token, and quotes nothing of it", async (_what, make, why) => {
    const token = await make()
    const error = await refusal(verifyToken(token, { secret }))
    expect(error).toMatchObject({ code: "bad_token", status: 401, name: "RollcallError" })
    expect(error.detail).toMatch(why)
    expect(error.message).not.toContain(token)
    expect(error).toBeInstanceOf(RollcallError)
  })

  it.each([{}, { secret: [] }])("[SV4] with nothing to verify by, it is the caller's configuration that is at fault", async (options) => {
    const token = await mintToken({ secret, member: "anna", rooms })
    expect(await refusal(verifyToken(token, options))).toMatchObject({ code: "misconfigured" })
  })

  it("[SV4] verifies by a key set too, and by its keys alone", async () => {
    const { privateKey, publicKey } = await generateKeyPair("EdDSA", { extractable: true })
    const keys = { keys: [{ ...(await exportJWK(publicKey)), kid: "1", alg: "EdDSA" }] }
    const jwks = await serveJson(keys)
    const sign = (key: CryptoKey) =>
      new SignJWT({ rooms }).setProtectedHeader({ alg: "EdDSA", kid: "1" }).setSubject("anna").setExpirationTime(soon).sign(key)
    expect(await verifyToken(await sign(privateKey), { jwks })).toMatchObject({ member: "anna", rooms })
    const forged = await sign((await generateKeyPair("EdDSA")).privateKey)
    expect(await refusal(verifyToken(forged, { jwks, secret }))).toMatchObject({ code: "bad_token" })
    const byTheSecret = await mintToken({ secret, member: "anna", rooms })
    expect(await refusal(verifyToken(byTheSecret, { jwks }))).toMatchObject({ code: "bad_token" })
    expect(await verifyToken(byTheSecret, { jwks, secret })).toMatchObject({ member: "anna" })
  })
})

/** An address that answers with this until the test is over. */
async function serveJson(body: unknown): Promise<URL> {
  const server = createServer((_request, response) => response.setHeader("content-type", "application/json").end(JSON.stringify(body)))
  await new Promise<void>((resolve) => server.listen(0, "localhost", resolve))
  onTestFinished(() => {
    server.closeAllConnections()
    server.close()
  })
  const address = server.address()
  return new URL(`http://localhost:${typeof address === "object" ? address?.port : 0}/keys`)
}
