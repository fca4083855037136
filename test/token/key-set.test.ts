import { createPublicKey } from "node:crypto"
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest"
import { fetchedFrom, type KeySet, keySetAt } from "../../src/token/key-set.ts"
import { tokenKeys, verifyToken } from "../../src/token/token.ts"
import { forge } from "./forge.ts"
import { keyServer, signerOf } from "./key-server.ts"

const SECRET = "first-secret-first-secret-first-secret"
const START = 1_760_000_000_000
const claims = { sub: "anna", exp: START / 1000 + 86_400, rooms: { "*": ["subscribe"] } }

const rsa = await signerOf("RS256", "rsa-1")
const other = await signerOf("RS256", "rsa-2")
const elliptic = await signerOf("ES256", "ec-1")
const edwards = await signerOf("EdDSA", "ed-1")

beforeEach(() => {
  vi.useFakeTimers({ toFake: ["Date"], now: START })
})

afterEach(() => {
  vi.useRealTimers()
})

/** `anna`, or the refusal's code and message. */
async function verified(jwt: string, keySet: KeySet | null, secrets: readonly string[] = []): Promise<string> {
  const result = await verifyToken(jwt, { secrets, keySet }, Date.now())
  return result.ok ? result.value.sub : `${result.error.code}: ${result.error.message}`
}

describe("a token against the key set", () => {
  it.each([rsa, elliptic, edwards])("[AU1] is verified with $jwk.alg, and with no other key of the set", async (signer) => {
    await using server = await keyServer([rsa.jwk, elliptic.jwk, edwards.jwk])
    const keySet = fetchedFrom(server.url)
    const jwt = await signer.sign(claims)
    expect(await verified(jwt, keySet)).toBe("anna")
    const [header, , signature] = jwt.split(".")
    expect(await verified(`${header}.${jwt.split(".")[1]?.replace(/.$/, "x")}.${signature}`, keySet)).toMatch(/^bad_token/)
    expect(await verified(await (await signerOf("RS256", "rsa-1")).sign(claims), keySet)).toMatch(/^bad_token: .*signature/)
  })

  it("[AU1] stands beside the secrets: each verifies its own algorithms", async () => {
    await using server = await keyServer([rsa.jwk])
    const keySet = fetchedFrom(server.url)
    expect(await verified(await rsa.sign(claims), keySet, [SECRET])).toBe("anna")
    expect(await verified(forge({ alg: "HS256" }, claims, SECRET), keySet, [SECRET])).toBe("anna")
    expect(await verified(forge({ alg: "HS256" }, claims, SECRET), keySet)).toMatch(/^bad_token/)
    expect(await verified(await rsa.sign(claims), null, [SECRET])).toMatch(/^bad_token: .*HS256/)
  })

  it("[AU2] cannot be forged with the public key as a secret, nor with a secret as the key", async () => {
    await using server = await keyServer([
      rsa.jwk,
      { kty: "oct", k: Buffer.from(SECRET).toString("base64url"), kid: "oct-1", alg: "HS256" },
    ])
    const keySet = fetchedFrom(server.url)
    const pem = createPublicKey({ key: { ...rsa.jwk }, format: "jwk" })
      .export({ type: "spki", format: "pem" })
      .toString()
    for (const secret of [pem, pem.trim(), JSON.stringify(rsa.jwk), rsa.jwk.n ?? ""]) {
      for (const alg of ["HS256", "RS256"]) {
        for (const kid of ["rsa-1", "oct-1"])
          expect(await verified(forge({ alg, kid }, claims, secret), keySet, [SECRET])).toMatch(/^bad_token/)
      }
    }
    // A symmetric key in a public set is everybody's: it verifies nothing.
    for (const alg of ["HS256", "RS256"]) expect(await verified(forge({ alg, kid: "oct-1" }, claims, SECRET), keySet)).toMatch(/^bad_token/)
  })

  it("[AU2] is refused with another algorithm of the same key", async () => {
    await using server = await keyServer([rsa.jwk])
    for (const alg of ["PS256", "RS384", "RS512", "none"]) {
      const [, payload, signature] = (await rsa.sign(claims)).split(".")
      const header = Buffer.from(JSON.stringify({ alg, kid: "rsa-1" })).toString("base64url")
      expect(await verified(`${header}.${payload}.${signature}`, fetchedFrom(server.url))).toMatch(/^bad_token/)
    }
  })

  it("[AU4] has its claims checked like any other", async () => {
    await using server = await keyServer([rsa.jwk])
    const keySet = fetchedFrom(server.url)
    expect(await verified(await rsa.sign({ ...claims, sub: "a".repeat(257) }), keySet)).toMatch(/^bad_token: .*sub/)
    expect(await verified(await rsa.sign({ ...claims, exp: START / 1000 }), keySet)).toMatch(/^bad_token: .*expired/)
  })

  it("[AU1] that names no key is verified with each that fits", async () => {
    await using server = await keyServer([rsa.jwk, other.jwk, elliptic.jwk])
    const keySet = fetchedFrom(server.url)
    expect(await verified(await elliptic.sign(claims, { kid: undefined }), keySet)).toBe("anna")
    for (const signer of [rsa, other]) expect(await verified(await signer.sign(claims, { kid: undefined }), keySet)).toBe("anna")
  })
})

describe("the key set", () => {
  it("[AU10] is fetched when it is first needed, and kept for ten minutes", async () => {
    await using server = await keyServer([rsa.jwk])
    const keySet = fetchedFrom(server.url)
    const jwt = await rsa.sign(claims)
    expect(server.asked).toBe(0)
    for (const minutes of [0, 1, 9]) {
      vi.setSystemTime(START + minutes * 60_000)
      expect(await verified(jwt, keySet)).toBe("anna")
    }
    expect(server.asked).toBe(1)
    vi.setSystemTime(START + 601_000)
    expect(await verified(jwt, keySet)).toBe("anna")
    expect(server.asked).toBe(2)
  })

  it("[AU10] is one for all tokens of an address, also when they come at once", async () => {
    await using server = await keyServer([rsa.jwk])
    const { keySet } = tokenKeys({ tokenSecrets: [], jwksUrl: server.url.href })
    expect(keySetAt(server.url.href)).toBe(keySet)
    const jwt = await rsa.sign(claims)
    expect(await Promise.all(Array.from({ length: 20 }, () => verified(jwt, keySet)))).toEqual(Array(20).fill("anna"))
    expect(server.asked).toBe(1)
    expect(tokenKeys({ tokenSecrets: [SECRET], jwksUrl: null })).toEqual({ secrets: [SECRET], keySet: null })
  })

  it("[AU10] is asked again for a key that nobody knows, every 30 s at most", async () => {
    await using server = await keyServer([rsa.jwk])
    const keySet = fetchedFrom(server.url)
    await verified(await rsa.sign(claims), keySet)
    const unknown = await other.sign(claims)
    for (let i = 0; i < 20; i++) expect(await verified(unknown, keySet)).toMatch(/^bad_token: .*key set/)
    expect(server.asked).toBe(1)
    server.answer = [rsa.jwk, other.jwk]
    vi.setSystemTime(START + 31_000)
    expect(await verified(unknown, keySet)).toBe("anna")
    expect(server.asked).toBe(2)
  })

  it("[AU10] is used on while its address fails, and says that it cannot be fetched when it never was", async () => {
    await using server = await keyServer(null)
    const keySet = fetchedFrom(server.url)
    const jwt = await rsa.sign(claims)
    expect(await verified(jwt, keySet)).toMatch(/^misconfigured: .*JWKS_URL/)
    server.answer = [rsa.jwk]
    vi.setSystemTime(START + 1000)
    expect(await verified(jwt, keySet)).toBe("anna")
    for (const broken of [null, "not json", '{"keys":"none"}', "{}"]) {
      server.answer = broken
      vi.setSystemTime(Date.now() + 3_600_000)
      expect(await verified(jwt, keySet)).toBe("anna")
    }
  })

  it("[SE9] is asked at a bounded rate while its address fails, whoever sends what", async () => {
    await using server = await keyServer(null)
    const keySet = fetchedFrom(server.url)
    const jwt = await rsa.sign(claims)
    const flood = (token: string) => Promise.all(Array.from({ length: 30 }, () => verified(token, keySet)))
    expect(await flood(jwt)).toEqual(Array(30).fill(expect.stringMatching(/^misconfigured/)))
    expect(server.asked).toBe(1)
    server.answer = [rsa.jwk]
    vi.setSystemTime(START + 1000)
    expect(await verified(jwt, keySet)).toBe("anna")
    server.answer = null
    vi.setSystemTime(START + 700_000)
    expect(await flood(jwt)).toEqual(Array(30).fill("anna"))
    const forged = await other.sign(claims)
    expect(await flood(forged)).toEqual(Array(30).fill(expect.stringMatching(/^bad_token/)))
    expect(server.asked).toBe(3)
    vi.setSystemTime(START + 730_000)
    expect(await flood(forged)).toEqual(Array(30).fill(expect.stringMatching(/^bad_token/)))
    expect(server.asked).toBe(4)
  })

  it("[SE9] is asked once for a key that many ask for at once, and all of them get it", async () => {
    await using server = await keyServer([rsa.jwk])
    const keySet = fetchedFrom(server.url)
    await verified(await rsa.sign(claims), keySet)
    server.answer = [other.jwk]
    vi.setSystemTime(START + 31_000)
    const rotated = await other.sign(claims)
    expect(await Promise.all(Array.from({ length: 20 }, () => verified(rotated, keySet)))).toEqual(Array(20).fill("anna"))
    expect(server.asked).toBe(2)
  })

  it("[AU10] tells nobody its address", async () => {
    await using server = await keyServer(null)
    expect(await verified(await rsa.sign(claims), fetchedFrom(server.url))).not.toContain(server.url.host)
  })
})
