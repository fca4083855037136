import { describe, expect, it } from "vitest"
import { readSettings } from "../../src/config/config.ts"

const SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
const OTHER = "whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD"
const URL_SET = { WEBHOOK_URL: "https://backend.example.com/hooks?key=QZXJ" }

function faultOf(variables: Record<string, unknown>): string {
  const settings = readSettings(variables)
  if (settings.ok) throw new Error("the variables were accepted")
  return settings.error.message
}

describe("webhooks", () => {
  it("[CF8] are off without an address, and signed by every secret with one", () => {
    for (const off of [{}, { WEBHOOK_URL: "" }, { WEBHOOK_SECRET: SECRET }]) {
      expect(readSettings(off)).toMatchObject({ ok: true, value: { webhook: null } })
    }
    const settings = readSettings({ ...URL_SET, WEBHOOK_SECRET: `${SECRET}, ${OTHER}`, WEBHOOK_RETRY_MS: "7" })
    expect(settings).toMatchObject({
      ok: true,
      value: { webhook: { url: URL_SET.WEBHOOK_URL, secrets: [SECRET, OTHER], retryMs: 7, delayMs: 0 } },
    })
  })

  it.each(["https://backend.example.com/", "http://localhost:9000/hooks", "http://127.0.0.1/", "http://[::1]:1/"])(
    "[CF8] may go to %s",
    (url) => {
      expect(readSettings({ WEBHOOK_URL: url, WEBHOOK_SECRET: SECRET }).ok).toBe(true)
    },
  )

  it.each(["http://backend.example.com/", "ftp://localhost/", "QZXJ", "https://QZXJ:x@example.com/", "http://localhost.example.com/"])(
    "[CF8] may not go to %s, which is not quoted",
    (url) => {
      const fault = faultOf({ WEBHOOK_URL: url, WEBHOOK_SECRET: SECRET })
      expect(fault).toMatch(/^WEBHOOK_URL .* allowed/)
      expect(fault).not.toContain("QZXJ")
    },
  )

  it.each([undefined, "", "QZXJ", "whsec_QZXJ", `${SECRET},`, `${SECRET},whsec_QZXJ`, SECRET.slice(0, -1), `whsec_${"QZXJ".repeat(22)}`])(
    "[CF8] need a secret, and %j is none, which is not quoted",
    (secret) => {
      const fault = faultOf({ ...URL_SET, WEBHOOK_SECRET: secret })
      expect(fault).toMatch(/^WEBHOOK_SECRET /)
      expect(fault).not.toContain("QZXJ")
    },
  )
})
