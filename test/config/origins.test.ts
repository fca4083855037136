import { describe, expect, it } from "vitest"
import { isAllowedOrigin, readSettings } from "../../src/config/config.ts"

function allowed(list: string): readonly string[] {
  const settings = readSettings({ ALLOWED_ORIGINS: list })
  if (!settings.ok) throw new Error(settings.error.message)
  return settings.value.allowedOrigins
}

describe("ALLOWED_ORIGINS", () => {
  it("[CF1] is * when unset: every Origin", () => {
    const settings = readSettings({})
    expect(settings.ok && settings.value.allowedOrigins).toEqual(["*"])
    for (const origin of ["https://example.com", "http://localhost:3000", "null"]) expect(isAllowedOrigin(origin, ["*"])).toBe(true)
  })

  it.each([
    ["https://app.example.com"],
    ["https://app.example.com", "http://localhost:5173", "https://[::1]:8443"],
    ["https://*.example.com"],
    ["https://*.example.com:8443"],
    ["*"],
  ])("[CF1] may be %s", (...list) => {
    expect(allowed(list.join(", "))).toEqual(list)
  })

  it.each([
    "",
    "example.com",
    "https://",
    "https://example.com/",
    "https://example.com/path",
    "https://*",
    "https://*example.com",
    "https://app.*.com",
    "*.example.com",
    "ftp://example.com",
    "https://user@example.com",
    "https://example.com?x",
    "null",
    "**",
    "https://example.com,",
    "https://a b.com",
  ])("[CF2] may not be %j, and the message says what may", (list) => {
    const settings = readSettings({ ALLOWED_ORIGINS: list })
    if (settings.ok) throw new Error("the list was accepted")
    expect(settings.error.message).toMatch(/^ALLOWED_ORIGINS/)
  })

  it("[CF2] says what is allowed", () => {
    const settings = readSettings({ ALLOWED_ORIGINS: "example.com" })
    expect(settings.ok ? "" : settings.error.message).toContain(
      '"example.com"; allowed are *, https://app.example.com and https://*.example.com',
    )
  })
})

describe("an Origin", () => {
  const exact = allowed("https://example.com")

  it("[CF5] is allowed when it stands in the list", () => {
    expect(isAllowedOrigin("https://example.com", exact)).toBe(true)
    expect(isAllowedOrigin("http://localhost:5173", allowed("https://example.com,http://localhost:5173"))).toBe(true)
  })

  it.each([
    "http://example.com",
    "https://example.com:8443",
    "https://www.example.com",
    "https://evilexample.com",
    "https://example.com.evil.com",
    "https://example.co",
    "https://example.com.",
    "https://example.com/",
    "https://example.com@evil.com",
    "example.com",
    "null",
    "*",
    "",
  ])("[CF5] is not allowed for looking like one: %j", (origin) => {
    expect(isAllowedOrigin(origin, exact)).toBe(false)
  })

  it("[CF5] is allowed as a subdomain, at any depth, of a wildcard's domain", () => {
    const wildcard = allowed("https://*.example.com")
    for (const origin of ["https://app.example.com", "https://a.b.example.com"]) expect(isAllowedOrigin(origin, wildcard)).toBe(true)
    expect(isAllowedOrigin("https://app.example.com:8443", allowed("https://*.example.com:8443"))).toBe(true)
  })

  it.each([
    "https://example.com",
    "https://.example.com",
    "http://app.example.com",
    "https://app.example.com:8443",
    "https://evilexample.com",
    "https://app.example.com.evil.com",
    "https://app-example.com",
    "https://evil.com/.example.com",
    "https://evil.com?.example.com",
    "https://evil.com#.example.com",
    "https://evil.com:80/.example.com",
    "https://user@.example.com",
    "null",
    "",
  ])("[CF5] is not allowed for looking like a subdomain: %j", (origin) => {
    expect(isAllowedOrigin(origin, allowed("https://*.example.com"))).toBe(false)
  })

  it("[CF5] is compared as browsers write it, however the list is written", () => {
    expect(isAllowedOrigin("https://app.example.com", allowed("https://App.Example.com"))).toBe(true)
    expect(isAllowedOrigin("https://app.example.com", allowed("https://*.Example.com"))).toBe(true)
    expect(isAllowedOrigin("https://example.com", allowed("https://example.com:443"))).toBe(true)
    expect(isAllowedOrigin("http://example.com", allowed("http://example.com:80"))).toBe(true)
  })

  it("[CF5] is not allowed where nothing is", () => {
    expect(isAllowedOrigin("https://example.com", [])).toBe(false)
  })
})
