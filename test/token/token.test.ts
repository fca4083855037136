import { createHmac, generateKeyPairSync, sign } from "node:crypto"
import fc from "fast-check"
import { describe, expect, it, vi } from "vitest"
import { CAPABILITIES } from "../../src/protocol/capabilities.ts"
import { type Claims, claimsSchema, identityIn, mintToken, verifyToken } from "../../src/token/token.ts"
import { base64url, forge } from "./forge.ts"

// Properties take their time on a busy machine.
vi.setConfig({ testTimeout: 60_000 })

const SECRET = "first-secret-first-secret-first-secret"
const OTHER = "other-secret-other-secret-other-secret"
const NOW_S = 1_760_000_000
const NOW = NOW_S * 1000
const HS256 = { alg: "HS256", typ: "JWT" }

const good = { sub: "anna", exp: NOW_S + 60, info: { name: "Anna" }, rooms: { "*": ["subscribe"] } }

async function claimsOf(jwt: string, secrets: readonly string[] = [SECRET], now = NOW): Promise<Claims> {
  const verified = await verifyToken(jwt, { secrets, keySet: null }, now)
  if (!verified.ok) throw new Error(verified.error.message)
  return verified.value
}

/** What the refusal says; it is a bad_token that quotes neither the token nor a secret. */
async function faultOf(jwt: string, secrets: readonly string[] = [SECRET], now = NOW): Promise<string> {
  const verified = await verifyToken(jwt, { secrets, keySet: null }, now)
  if (verified.ok) throw new Error(`accepted: ${JSON.stringify(verified.value)}`)
  expect(verified.error.code).toBe("bad_token")
  for (const part of [...jwt.split("."), ...secrets].filter((one) => one.length > 8)) expect(verified.error.message).not.toContain(part)
  return verified.error.message
}

const signed = (payload: object | string, secret = SECRET) => forge(HS256, payload, secret)

describe("a token of the service", () => {
  const claims: fc.Arbitrary<Claims> = fc.record({
    // No address can name the two that are left out: SE11.
    sub: fc.string({ unit: "grapheme", minLength: 1, maxLength: 20 }).filter((sub) => sub !== "." && sub !== ".."),
    exp: fc.integer({ min: NOW_S + 1, max: NOW_S + 1_000_000 }),
    info: fc.dictionary(fc.constantFrom("name", "", "constructor", "7"), fc.constantFrom<unknown>(1, "x", null, { deep: [] })),
    rooms: fc.dictionary(fc.stringMatching(/^[A-Za-z0-9_:-]{1,10}\*?$/), fc.subarray([...CAPABILITIES])),
  })

  it("[AU1] says when it is verified what it was minted with", async () => {
    await fc.assert(
      fc.asyncProperty(claims, async (minted) => {
        fc.pre(!("__proto__" in minted.rooms && Object.hasOwn(minted.rooms, "__proto__")))
        expect(await claimsOf(await mintToken(minted, SECRET))).toEqual(minted)
      }),
      { numRuns: 100 },
    )
  })

  it("[AU1] verifies with any of the secrets, in whatever place, and with no other", async () => {
    const jwt = signed(good)
    for (const secrets of [[SECRET], [SECRET, OTHER], [OTHER, SECRET], [OTHER, "third".repeat(8), SECRET]]) {
      expect((await claimsOf(jwt, secrets)).sub).toBe("anna")
    }
    expect(await faultOf(jwt, [OTHER])).toContain("signature")
    expect(await faultOf(jwt, [OTHER, "third".repeat(8)])).toContain("signature")
  })

  it("[AU1] verifies with each of many secrets, and with no other of them, in whatever order they are asked", async () => {
    const secrets = Array.from({ length: 40 }, (_, i) => `${i}-secret`.padEnd(40, "x"))
    for (const [i, secret] of [...secrets, ...secrets].entries()) {
      expect((await claimsOf(signed(good, secret), [secret])).sub).toBe("anna")
      expect(await faultOf(signed(good, secret), [secrets[(i + 1) % secrets.length] ?? ""])).toContain("signature")
    }
  })

  it("[AU1] tells why it is bad also where the first secret is not its own", async () => {
    expect(await faultOf(signed({ ...good, exp: NOW_S - 1 }), [OTHER, SECRET])).toContain("expired")
  })
})

describe("a forged token", () => {
  it("[AU2] with a changed payload, header or signature does not fit", async () => {
    const [header = "", , signature = ""] = signed(good).split(".")
    const payload = base64url(JSON.stringify({ ...good, sub: "root" }))
    expect(await faultOf(`${header}.${payload}.${signature}`)).toContain("signature")
    expect(await faultOf(`${base64url('{"alg":"HS256"}')}.${signed(good).split(".")[1]}.${signature}`)).toContain("signature")
    expect(await faultOf(`${header}.${signed(good).split(".")[1]}.${base64url("x".repeat(32))}`)).toContain("signature")
  })

  it.each(["none", "None", "NONE", "nOnE", ""])("[AU2] of the algorithm %j is refused, with and without a signature", async (alg) => {
    const jwt = forge({ alg, typ: "JWT" }, good, SECRET)
    await faultOf(jwt)
    await faultOf(`${jwt.split(".").slice(0, 2).join(".")}.`)
  })

  it.each(["RS256", "ES256", "PS256", "EdDSA", "HS384", "HS512", "hs256"])(
    "[AU2] of the algorithm %s is refused though its signature fits as HS256",
    async (alg) => {
      expect(await faultOf(forge({ alg, typ: "JWT" }, good, SECRET))).toContain("HS256")
    },
  )

  it("[AU2] really signed with HS512 and the right secret is refused", async () => {
    const parts = `${base64url('{"alg":"HS512"}')}.${base64url(JSON.stringify(good))}`
    expect(await faultOf(`${parts}.${createHmac("sha512", SECRET).update(parts).digest("base64url")}`)).toContain("algorithm")
  })

  it("[AU2] cannot pass a public key off as the secret", async () => {
    const { publicKey, privateKey } = generateKeyPairSync("rsa", { modulusLength: 2048 })
    const pem = publicKey.export({ type: "spki", format: "pem" }).toString()
    await faultOf(forge({ alg: "RS256", typ: "JWT" }, good, pem))
    await faultOf(forge(HS256, good, pem))
    // Not even where an operator took the key for a secret.
    await faultOf(forge({ alg: "RS256", typ: "JWT" }, good, pem), [pem])
    const parts = `${base64url('{"alg":"RS256"}')}.${base64url(JSON.stringify(good))}`
    await faultOf(`${parts}.${sign("sha256", Buffer.from(parts), privateKey).toString("base64url")}`, [pem])
  })

  it("[AU2] that brings its own key is refused", async () => {
    const jwk = { kty: "oct", k: base64url(OTHER) }
    expect(await faultOf(forge({ ...HS256, jwk, kid: "../../dev/null", jku: "https://example.com" }, good, OTHER))).toContain("signature")
  })

  it.each(["", ".", "..", "...", "a.b.c", "x", "a.b.c.d.e", `${base64url("{}")}.${base64url("{}")}.`, "null.null.null", " ", "é.é.é"])(
    "[AU2] is not even a token: %j",
    async (jwt) => {
      await faultOf(jwt)
    },
  )

  it("[AU2] never makes the verifier throw", async () => {
    const part = fc.oneof(
      fc.string(),
      fc.json().map(base64url),
      fc.constantFrom(base64url(JSON.stringify(HS256)), base64url(JSON.stringify(good))),
    )
    await fc.assert(
      fc.asyncProperty(fc.array(part, { maxLength: 5 }), async (parts) => {
        const verified = await verifyToken(parts.join("."), { secrets: [SECRET], keySet: null }, NOW)
        expect(verified).toMatchObject({ ok: false, error: { code: "bad_token" } })
      }),
    )
  })
})

describe("a token's time", () => {
  it("[AU3] ends with exp, to the second, whatever the skew of clocks", async () => {
    const jwt = signed({ ...good, exp: NOW_S })
    expect((await claimsOf(jwt, [SECRET], NOW - 1)).exp).toBe(NOW_S)
    expect(await faultOf(jwt, [SECRET], NOW)).toContain("expired")
    expect(await faultOf(jwt, [SECRET], NOW + 30_000)).toContain("expired")
    expect(await faultOf(jwt, [SECRET], NOW + 3_600_000)).toContain("expired")
  })

  it("[AU3] may begin 60 s from now, and no later", async () => {
    for (const nbf of [NOW_S - 1000, NOW_S, NOW_S + 60]) expect((await claimsOf(signed({ ...good, nbf }))).sub).toBe("anna")
    expect(await faultOf(signed({ ...good, nbf: NOW_S + 61 }))).toContain("nbf")
  })

  it("[AU3] says nothing by iat: whose clock is ahead may mint", async () => {
    expect((await claimsOf(signed({ ...good, iat: NOW_S + 59 }))).sub).toBe("anna")
  })

  it.each([undefined, null, "soon", String(NOW_S + 60), [], {}, true])("[AU3] must have an end that is a number: %j", async (exp) => {
    expect(await faultOf(signed({ ...good, exp }))).toContain("exp")
  })

  it.each(["1e999", "1e308", "1e300", "-1e300"])("[AU3] ends at an instant that can be kept and told, or is refused: %s", async (exp) => {
    const jwt = signed(JSON.stringify({ ...good, exp: 0 }).replace('"exp":0', `"exp":${exp}`))
    const verified = await verifyToken(jwt, { secrets: [SECRET], keySet: null }, NOW)
    const identity = verified.ok ? identityIn("doc-1", verified.value) : verified
    if (identity.ok) expect(JSON.parse(JSON.stringify(identity.value)).expiresAt).toEqual(expect.any(Number))
  })
})

describe("hostile claims", () => {
  it.each([undefined, null, "", ".", "..", 7, [], ["anna"], {}, "a".repeat(257), "é".repeat(129), "😀".repeat(65)])(
    "[AU4] sub: %j",
    async (sub) => {
      expect(await faultOf(signed({ ...good, sub }))).toContain("sub")
    },
  )

  it.each(["a".repeat(256), "é".repeat(128), "😀".repeat(64), "constructor", "\u0000", " ", "../admin", "...", "%2e%2e"])(
    "[AU4] sub may be %j",
    async (sub) => {
      expect((await claimsOf(signed({ ...good, sub }))).sub).toBe(sub)
    },
  )

  it("[SE11] whoever a token may be for can be named in an address", () => {
    const dots = fc.string({ unit: fc.constantFrom(".", "%2e", "/", "\\", "?", "#", "\t", " ", "a"), maxLength: 4 })
    const sub = fc.oneof(fc.string({ unit: "binary", maxLength: 300 }), dots)
    fc.assert(
      fc.property(sub, (member) => {
        if (!claimsSchema.shape.sub.safeParse(member).success) return
        const { pathname } = new URL(`https://rollcall.test/members/${encodeURIComponent(member)}`)
        expect(pathname.split("/").map(decodeURIComponent)).toEqual(["", "members", member])
      }),
    )
  })

  it("[AU4] info is an object of 4,096 bytes of JSON at most, and may be left out", async () => {
    const ofBytes = (bytes: number) => ({ n: "é".repeat((bytes - 8) / 2) })
    expect(Buffer.byteLength(JSON.stringify(ofBytes(4096)))).toBe(4096)
    expect((await claimsOf(signed({ ...good, info: ofBytes(4096) }))).info).toEqual(ofBytes(4096))
    expect(await faultOf(signed({ ...good, info: ofBytes(4098) }))).toMatch(/info.*4096/)
    for (const info of [null, "x", 1, [], [{}], true]) expect(await faultOf(signed({ ...good, info }))).toContain("info")
    expect((await claimsOf(signed({ ...good, info: undefined }))).info).toEqual({})
  })

  it.each([undefined, null, [], "*", { "*": "subscribe" }, { "*": null }, { "*": ["admin"] }, { "*": [1] }, { "*": { 0: "subscribe" } }])(
    "[AU4] rooms: %j",
    async (rooms) => {
      expect(await faultOf(signed({ ...good, rooms }))).toContain("rooms")
    },
  )

  it.each(["", "a b", "a/b", "*a", "a*b", "**", "doc-**", "zoë", `${"a".repeat(128)}*`, "a".repeat(129)])(
    "[AU4] rooms with the pattern %j",
    async (pattern) => {
      expect(await faultOf(signed({ ...good, rooms: { [pattern]: ["subscribe"] } }))).toContain("rooms")
    },
  )

  it.each(["*", "a*", "a".repeat(128), `${"a".repeat(127)}*`, "constructor", "toString", "A-Z_0.9:,;=@~"])(
    "[AU4] rooms may have the pattern %j",
    async (pattern) => {
      expect(await claimsOf(signed({ ...good, rooms: { [pattern]: ["subscribe"] } }))).toMatchObject({
        rooms: { [pattern]: ["subscribe"] },
      })
    },
  )

  it.each([
    '"info":{"__proto__":{"admin":true}}',
    '"info":{"a":{"__proto__":1}}',
    '"rooms":{"__proto__":["subscribe"]}',
    '"__proto__":{"sub":"root"}',
    `"info":{"deep":${"[".repeat(40)}${"]".repeat(40)}}`,
    '"info":{"x":1e999}',
  ])("[AU4] what no frame may say: %s", async (claim) => {
    await faultOf(signed(JSON.stringify(good).replace(/}$/, `,${claim}}`)))
    expect(Object.keys(Object.prototype)).toEqual([])
  })

  it("[AU4] claims that nobody knows are dropped", async () => {
    expect(await claimsOf(signed({ ...good, admin: true, iss: "x", aud: ["y"], jti: 1 }))).toEqual(good)
  })

  it.each(["null", "[]", '"text"', "1", "not json", ""])("[AU4] no claims at all: %s", async (payload) => {
    await faultOf(signed(payload))
  })
})

describe("what a token opens", () => {
  const inRoom = (room: string, rooms: Claims["rooms"]) => identityIn(room, { sub: "anna", exp: NOW_S, info: { name: "Anna" }, rooms })

  it("[AU5] is the room that a pattern covers, with that pattern's grants", () => {
    expect(inRoom("doc-1", { "*": [], "doc-*": ["subscribe", "presence"] })).toEqual({
      ok: true,
      value: { member: "anna", info: { name: "Anna" }, grants: { subscribe: true, presence: true, message: false }, expiresAt: NOW },
    })
  })

  it("[AU5] is no other room: forbidden", () => {
    for (const rooms of [{}, { "doc-2": ["subscribe"] as const }, { "*": ["subscribe"] as const, "doc-1": [] }]) {
      expect(inRoom("doc-1", Object.fromEntries(Object.entries(rooms).map(([name, list]) => [name, [...list]])))).toMatchObject({
        ok: false,
        error: { code: "forbidden" },
      })
    }
  })
})
