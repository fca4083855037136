import { describe, expect, it } from "vitest"
import { faultOf, messageOf } from "../../src/log/fault.ts"
import { mintToken } from "../../src/token/token.ts"

const SECRET = "test-token-secret-test-token-secret"

describe("what went wrong, for the log", () => {
  it("[LG2] holds nothing that looks like a token, a session or a webhook secret", async () => {
    const exp = Math.floor(Date.now() / 1000) + 60
    const token = await mintToken({ sub: "anna", exp, info: {}, rooms: { "*": ["subscribe"] } }, SECRET)
    const webhook = `whsec_${btoa("webhook-secret-webhook-secret-12")}`
    for (const text of [
      token,
      `Unexpected token in ${token.slice(0, 20)}... is not valid JSON`,
      `GET /v1/rooms/r/connect?token=${token}&session=c2VjcmV0c2VjcmV0`,
      `protocol token.${token}`,
      `authorization: Bearer admin-key-admin-key failed`,
      `signing with ${webhook}`,
    ]) {
      const { message, at } = faultOf(new Error(text))
      for (const secret of [token.slice(0, 12), token.split(".")[2] ?? "", "c2VjcmV0", "admin-key", webhook.slice(6)]) {
        expect(`${message} ${at}`).not.toContain(secret)
      }
      expect(messageOf(text)).toBe(message)
    }
    expect(messageOf(new Error("no such table: seen"))).toBe("no such table: seen")
    expect(messageOf("the token is late, the session over")).toBe("the token is late, the session over")
  })

  it("[LG1] is short, on one line, and says where it was thrown", () => {
    const { message, at } = faultOf(new Error("x".repeat(5000)))
    expect(message).toHaveLength(301)
    expect(at).toMatch(/fault\.test\.ts:\d+:\d+/)
    expect(at.length).toBeLessThanOrEqual(301)
    expect(at).not.toContain("\n")
    expect(faultOf("a text")).toEqual({ message: "a text", at: "" })
  })
})
