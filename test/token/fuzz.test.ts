/** Tokens mangled in every way: never accepted for what they do not say, never a throw, never a request to where they point. */
import fc from "fast-check"
import { createLocalJWKSet } from "jose"
import { describe, expect, it, vi } from "vitest"
import { type TokenKeys, verifyToken } from "../../src/token/token.ts"
import corpus from "../corpus/tokens.json" with { type: "json" }
import { base64url, forge } from "./forge.ts"
import { signerOf } from "./key-server.ts"

const SECRET = "first-secret-first-secret-first-secret"
const NOW = 1_760_000_000_000
const GOOD = { sub: "anna", exp: NOW / 1000 + 60, info: { name: "Anna" }, rooms: { "*": ["subscribe"] } }
const signer = await signerOf("ES256", "ec-1")
const keys: TokenKeys = { secrets: [SECRET], keySet: { resolve: createLocalJWKSet({ keys: [signer.jwk] }) } }
const BY_SECRET = forge({ alg: "HS256", typ: "JWT" }, GOOD, SECRET)
const BY_KEY_SET = await signer.sign(GOOD)

/** For hundreds of tokens, on a busy machine. */
const BUSY = { timeout: 60_000 }

type Outcome = Awaited<ReturnType<typeof verifyToken>>

async function outcomeOf(jwt: string): Promise<Outcome> {
  const outcome = await verifyToken(jwt, keys, NOW)
  if (!outcome.ok) {
    expect(outcome.error.code).toBe("bad_token")
    expect(outcome.error.message).not.toContain(SECRET)
    for (const part of jwt.split(".").filter((text) => text.length > 20)) expect(outcome.error.message).not.toContain(part)
  }
  return outcome
}

/** Refused, or, where what was changed is no part of it (spare bits of base64), what was signed. */
async function saysNothingElse(jwt: string): Promise<void> {
  const outcome = await outcomeOf(jwt)
  if (outcome.ok) expect(outcome.value).toEqual(GOOD)
}

async function isRefused(jwt: string): Promise<void> {
  expect((await outcomeOf(jwt)).ok, jwt).toBe(false)
}

const good = fc.constantFrom(BY_SECRET, BY_KEY_SET)
const algorithm = fc.constantFrom(
  "HS256",
  "hs256",
  "HS384",
  "HS512",
  "ES256",
  "ES384",
  "RS256",
  "PS256",
  "EdDSA",
  "none",
  "NONE",
  "",
  null,
  0,
  ["HS256"],
  { alg: "HS256" },
  undefined,
)
const header = fc.record(
  {
    alg: algorithm,
    typ: fc.constantFrom("JWT", "at+jwt", "", null),
    kid: fc.constantFrom("ec-1", "unknown", "", "../../dev/null", "' OR 1=1 --", "__proto__", null, 7, ["ec-1"]),
    jku: fc.constantFrom("https://evil.example/jwks", "file:///dev/null", 1),
    x5u: fc.constantFrom("https://evil.example/cert", null),
    x5c: fc.constantFrom([], ["AAAA"], "AAAA"),
    jwk: fc.constantFrom({ kty: "oct", k: base64url("evil-secret") }, {}, null),
    crit: fc.constantFrom([], ["exp"], ["b64"], ["unknown"], "alg", null),
    b64: fc.boolean(),
    zip: fc.constant("DEF"),
  },
  { requiredKeys: [] },
)

describe("a mangled token", () => {
  it.each(corpus)("[SE6] that was found or thought of before is refused: $what", async ({ token }) => {
    await isRefused(token)
  })

  it("[SE6] with any character changed, left out, doubled or put in says nothing else than it did", BUSY, async () => {
    const change = fc.tuple(
      fc.nat(),
      fc.constantFrom("change", "drop", "double", "insert"),
      fc.constantFrom(..."AaZz09-_+/=. \n\u0000é".split("")),
    )
    await fc.assert(
      fc.asyncProperty(good, fc.array(change, { minLength: 1, maxLength: 3 }), async (jwt, changes) => {
        let text = jwt
        for (const [where, how, character] of changes) {
          const at = where % text.length
          const kept = { change: "", drop: "", double: text.charAt(at).repeat(2), insert: text.charAt(at) }[how]
          text = text.slice(0, at) + (how === "change" || how === "insert" ? character : "") + kept + text.slice(at + 1)
        }
        await saysNothingElse(text)
      }),
      { numRuns: 600 },
    )
  })

  it("[SE6] with a bit of its bytes flipped is refused", BUSY, async () => {
    await fc.assert(
      fc.asyncProperty(good, fc.constantFrom(0, 1, 2), fc.nat(), fc.nat({ max: 7 }), async (jwt, part, where, bit) => {
        const parts = jwt.split(".").map((text) => Buffer.from(text, "base64url"))
        const bytes = parts[part] ?? Buffer.alloc(1)
        const at = where % bytes.length
        bytes[at] = (bytes[at] ?? 0) ^ (1 << bit)
        await isRefused(parts.map((one) => one.toString("base64url")).join("."))
      }),
      { numRuns: 400 },
    )
  })

  it("[SE6] with any header but its own, unsigned or signed by another, is refused", BUSY, async () => {
    const forged = fc.constantFrom("evil-secret", "", "ec-1", JSON.stringify(signer.jwk), signer.jwk.x ?? "")
    await fc.assert(
      fc.asyncProperty(header, forged, fc.boolean(), async (fields, secret, isSigned) => {
        const jwt = forge(fields, GOOD, secret)
        await isRefused(isSigned ? jwt : `${jwt.split(".").slice(0, 2).join(".")}.`)
      }),
      { numRuns: 400 },
    )
  })

  it("[SE6] points at no key that would be fetched, even when its signature is good", BUSY, async () => {
    const asked = vi.spyOn(globalThis, "fetch")
    try {
      await fc.assert(
        fc.asyncProperty(header, async (fields) => {
          const outcome = await outcomeOf(forge(fields, GOOD, SECRET))
          if (outcome.ok) expect([fields.alg, outcome.value]).toEqual(["HS256", GOOD])
        }),
        { numRuns: 300 },
      )
      expect(asked).not.toHaveBeenCalled()
    } finally {
      asked.mockRestore()
    }
  })

  it("[SE6] with any payload, well signed, is refused or fits what claims are", BUSY, async () => {
    const payload = fc.oneof(
      fc.json(),
      fc.string(),
      fc
        .record(
          {
            sub: fc.jsonValue(),
            exp: fc.oneof(fc.double(), fc.jsonValue()),
            info: fc.jsonValue(),
            rooms: fc.jsonValue(),
            nbf: fc.jsonValue(),
          },
          { requiredKeys: [] },
        )
        .map((claims) => JSON.stringify({ ...GOOD, ...claims })),
    )
    await fc.assert(
      fc.asyncProperty(payload, async (text) => {
        const outcome = await outcomeOf(forge({ alg: "HS256" }, text, SECRET))
        if (!outcome.ok) return
        const { sub, exp, info, rooms } = outcome.value
        expect([typeof sub, typeof exp, typeof info, typeof rooms]).toEqual(["string", "number", "object", "object"])
        expect(Buffer.byteLength(sub)).toBeLessThanOrEqual(256)
        expect(exp * 1000).toBeGreaterThan(NOW)
      }),
      { numRuns: 500 },
    )
  })

  it("[SE6] of any size is refused in time", BUSY, async () => {
    const began = performance.now()
    for (const huge of [
      "a".repeat(1_000_000),
      ".".repeat(1_000_000),
      `${BY_SECRET}${"A".repeat(1_000_000)}`,
      `${"e30".repeat(300_000)}.e30.e30`,
    ])
      await isRefused(huge)
    await isRefused(forge({ alg: "HS256", kid: "k".repeat(1_000_000) }, { ...GOOD, info: { x: "x".repeat(1_000_000) } }, SECRET))
    expect(performance.now() - began).toBeLessThan(10_000)
  })
})
