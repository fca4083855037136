import fc from "fast-check"
import { describe, expect, it, vi } from "vitest"
import { MIN_SECRET_LENGTH, NUMBERS, readSettings, type Settings, type Variables } from "../../src/config/config.ts"
import { MAX_INFO_BYTES, MAX_MEMBER_BYTES } from "../../src/protocol/names.ts"

// Properties take their time on a busy machine.
vi.setConfig({ testTimeout: 60_000 })

const SECRET = "s".repeat(32)

/** The contract's table: each number's default, and where the settings have it. */
const TABLE: [string, number, (settings: Settings) => number][] = [
  ["HEARTBEAT_INTERVAL_MS", 30_000, ({ clocks }) => clocks.interval],
  ["HEARTBEAT_TIMEOUT_MS", 90_000, ({ clocks }) => clocks.timeout],
  ["AWAY_AFTER_MS", 300_000, ({ clocks }) => clocks.awayAfter],
  ["IDLE_TIMEOUT_MS", 1_800_000, ({ clocks }) => clocks.idleAfter],
  ["GRACE_MS", 10_000, ({ graceMs }) => graceMs],
  ["TICK_MS", 25, ({ pace }) => pace.tickMs],
  ["FANOUT_PER_SECOND", 20_000, ({ pace }) => pace.fanoutPerSecond],
  ["MAX_CONNECTIONS", 10_000, ({ capacity }) => capacity.maxConnections],
  ["MAX_CONNECTIONS_PER_MEMBER", 20, ({ capacity }) => capacity.maxConnectionsPerMember],
  ["MAX_FULL_VIEWS", 32_768, ({ maxFullViews }) => maxFullViews],
  ["REPORT_MS", 1000, ({ reportMs }) => reportMs],
  ["DIRECTORY_SHARDS", 4, ({ directoryShards }) => directoryShards],
  ["DIRECTORY_SHARDS_BEFORE", 0, ({ directoryShardsBefore }) => directoryShardsBefore],
  ["MAX_DATA_BYTES", 8192, ({ maxDataBytes }) => maxDataBytes],
  ["MAX_FRAME_BYTES", 16_384, ({ maxFrameBytes }) => maxFrameBytes],
  ["MAX_FRAMES_PER_SECOND", 60, ({ maxFramesPerSecond }) => maxFramesPerSecond],
  ["LAST_SEEN_RETENTION_MS", 2_592_000_000, ({ lastSeenRetentionMs }) => lastSeenRetentionMs],
  ["WEBHOOK_RETRY_MS", 5000, ({ webhookTimes }) => webhookTimes.retryMs],
  ["WEBHOOK_DELAY_MS", 0, ({ webhookTimes }) => webhookTimes.delayMs],
]

/** Those that the contract turns off with 0, or that mean something at 0. */
const MAY_BE_ZERO = [
  "AWAY_AFTER_MS",
  "IDLE_TIMEOUT_MS",
  "GRACE_MS",
  "TICK_MS",
  "MAX_FULL_VIEWS",
  "DIRECTORY_SHARDS_BEFORE",
  "LAST_SEEN_RETENTION_MS",
  "WEBHOOK_RETRY_MS",
  "WEBHOOK_DELAY_MS",
]

function settingsOf(variables: Variables): Settings {
  const settings = readSettings(variables)
  if (!settings.ok) throw new Error(settings.error.message)
  return settings.value
}

function faultOf(variables: Variables): string {
  const settings = readSettings(variables)
  if (settings.ok) throw new Error("the variables were accepted")
  expect(settings.error.code).toBe("misconfigured")
  return settings.error.message
}

describe("numbers", () => {
  it("[CF1] are the contract's, no more and no fewer", () => {
    expect(Object.keys(NUMBERS).sort()).toEqual(TABLE.map(([name]) => name).sort())
  })

  it.each(TABLE)("[CF1] have their default when unset: %s", (_name, value, read) => {
    expect(read(settingsOf({}))).toBe(value)
  })

  it.each(TABLE)("[CF1] are what they are set to, as text or as a number: %s", (name, value, read) => {
    // The heartbeat's two depend on each other; both bear this step.
    const set = Math.abs(value - 1)
    expect([read(settingsOf({ [name]: String(set) })), read(settingsOf({ [name]: set }))]).toEqual([set, set])
  })

  it.each(TABLE)("[CF2] are refused when they are no whole number in range: %s", (name) => {
    for (const bad of [" ", "abc", "1e3", "0x10", "-1", "1.5", "10 ", "+5", "5s", "1_000", "NaN", "Infinity", "99999999999999999999"]) {
      const fault = faultOf({ [name]: bad })
      expect(fault).toContain(name)
      expect(fault).toContain(JSON.stringify(bad))
      expect(fault).toMatch(/from \d+ to \d+ is allowed/)
    }
    for (const bad of [null, true, -1, 1.5, Number.NaN, {}, []]) expect(faultOf({ [name]: bad })).toContain(name)
  })

  it.each(TABLE)("[CF2] do not fall back silently when they are set to nothing: %s", (name) => {
    expect(faultOf({ [name]: "" })).toContain(name)
  })

  it.each(TABLE)("[CF2] may be 0 where that means something, and nowhere else: %s", (name) => {
    expect(readSettings({ [name]: "0" }).ok).toBe(MAY_BE_ZERO.includes(name))
  })

  it("[CF2] are allowed at both ends of their range, and refused beyond", () => {
    const pair = { HEARTBEAT_INTERVAL_MS: 50, HEARTBEAT_TIMEOUT_MS: 604_800_000 }
    for (const [name, { min, max }] of Object.entries(NUMBERS)) {
      for (const end of [min, max]) expect(readSettings({ ...pair, [name]: String(end) }).ok).toBe(true)
      for (const beyond of [min - 1, max + 1]) expect(faultOf({ ...pair, [name]: beyond })).toContain(`from ${min} to ${max}`)
    }
  })

  it("[CF2] are told of all at once", () => {
    const fault = faultOf({ TICK_MS: "soon", GRACE_MS: "long", TOKEN_SECRETS: "short" })
    for (const name of ["TICK_MS", "GRACE_MS", "TOKEN_SECRETS"]) expect(fault).toContain(name)
  })

  it("[CF2] other bindings are nobody's business", () => {
    expect(readSettings({ ROOM: { get: () => null }, PATH: "/bin", heartbeat_interval_ms: "x" }).ok).toBe(true)
  })
})

describe("the heartbeat's clocks", () => {
  it("[CF4] have a timeout of at least twice the interval", () => {
    expect(settingsOf({ HEARTBEAT_INTERVAL_MS: "1000", HEARTBEAT_TIMEOUT_MS: "2000" }).clocks.timeout).toBe(2000)
    const fault = faultOf({ HEARTBEAT_INTERVAL_MS: "1000", HEARTBEAT_TIMEOUT_MS: "1999" })
    for (const part of ["HEARTBEAT_TIMEOUT_MS", "1999", "HEARTBEAT_INTERVAL_MS", "2000"]) expect(fault).toContain(part)
    expect(faultOf({ HEARTBEAT_INTERVAL_MS: "60000" })).toContain("120000")
  })
})

describe("secrets", () => {
  it("[CF1] are none when unset", () => {
    expect(settingsOf({})).toMatchObject({ tokenSecrets: [], adminKeys: [] })
  })

  it("[CF1] come in a list, the first first, with blanks around commas", () => {
    const [a, b] = ["a".repeat(32), "b".repeat(40)]
    expect(settingsOf({ TOKEN_SECRETS: `${a}, ${b}`, ADMIN_KEYS: "one,two" })).toMatchObject({
      tokenSecrets: [a, b],
      adminKeys: ["one", "two"],
    })
  })

  it("[CF2] of tokens have 32 characters at least", () => {
    expect(MIN_SECRET_LENGTH).toBe(32)
    expect(faultOf({ TOKEN_SECRETS: "x".repeat(31) })).toMatch(/TOKEN_SECRETS.*31.*32/)
    expect(faultOf({ TOKEN_SECRETS: `${SECRET},short` })).toMatch(/TOKEN_SECRETS.*5.*32/)
  })

  it.each(["TOKEN_SECRETS", "ADMIN_KEYS"])("[CF2] have no empty item, and are text: %s", (name) => {
    for (const bad of [`${SECRET},`, `,${SECRET}`, `${SECRET},,${SECRET}`, ","]) expect(faultOf({ [name]: bad })).toContain(name)
    for (const bad of [5, null, [SECRET]]) expect(faultOf({ [name]: bad })).toContain(name)
  })

  it("[CF3] are quoted in no message, whatever is wrong with them or with anything else", () => {
    const item = fc.string({ unit: fc.constantFrom(..."QZXJqzxj!#$%"), minLength: 6, maxLength: 40 })
    const list = fc.array(item, { minLength: 1, maxLength: 3 })
    fc.assert(
      fc.property(list, list, fc.constantFrom<unknown>("5", "bad", 1.5), (tokens, admins, tick) => {
        const settings = readSettings({ TOKEN_SECRETS: tokens.join(), ADMIN_KEYS: [...admins, ""].join(), TICK_MS: tick })
        if (settings.ok) throw new Error("an empty key was accepted")
        for (const secret of [...tokens, ...admins]) expect(settings.error.message).not.toContain(secret)
      }),
    )
    expect(faultOf({ ADMIN_KEYS: ["QZXJqzxj"] })).not.toContain("QZXJ")
    for (const address of ["http://QZXJ:qzxj@example.com/keys?key=QZXJ", "QZXJ", "qzxj://QZXJ"]) {
      expect(faultOf({ JWKS_URL: address })).not.toContain("QZXJ")
    }
  })
})

describe("JWKS_URL", () => {
  it("[CF1] is none when unset, and what it is set to", () => {
    expect([settingsOf({}).jwksUrl, settingsOf({ JWKS_URL: "" }).jwksUrl]).toEqual([null, null])
    for (const url of ["https://example.com/jwks.json", "http://localhost:9000/jwks", "http://127.0.0.1/jwks", "http://[::1]:1/jwks"]) {
      expect(settingsOf({ JWKS_URL: url }).jwksUrl).toBe(url)
    }
  })

  it.each([
    "example.com",
    "http://example.com/jwks.json",
    "ftp://example.com",
    "file:///etc/passwd",
    "data:application/json,{}",
    "http://localhost.evil.com",
    " ",
  ])("[CF2] is refused where the answer could be changed on its way, or is no address: %j", (url) => {
    expect(faultOf({ JWKS_URL: url })).toMatch(/^JWKS_URL is .*; .* allowed/)
  })

  it.each([null, 7, {}])("[CF2] is refused when it is no text: %j", (url) => {
    expect(faultOf({ JWKS_URL: url })).toContain("JWKS_URL")
  })
})

describe("CONSOLE", () => {
  it("[CF1] is on unless it is off, and nothing else", () => {
    expect([settingsOf({}).console, settingsOf({ CONSOLE: "off" }).console, settingsOf({ CONSOLE: "on" }).console]).toEqual([
      true,
      false,
      true,
    ])
    expect(faultOf({ CONSOLE: "yes" })).toMatch(/CONSOLE.*on and off/)
  })
})

describe("DEMO", () => {
  it("[CF1] is off when unset", () => {
    expect([settingsOf({}).demo, settingsOf({ DEMO: "off" }).demo, settingsOf({ DEMO: "on" }).demo]).toEqual([false, false, true])
  })

  it.each(["yes", "true", "1", "ON", " on"])("[CF2] is on or off, and not %j", (value) => {
    expect(faultOf({ DEMO: value })).toMatch(/DEMO.*on and off/)
  })
})

describe("ANALYTICS", () => {
  it.each(["rollcall", 1, {}, null])("[CF2] is a dataset's binding, and not %j", (value) => {
    expect(faultOf({ ANALYTICS: value })).toMatch(/^ANALYTICS is no binding.*analytics_engine_datasets/)
  })

  it("[CF1] is nothing, or a binding", () => {
    expect(readSettings({}).ok).toBe(true)
    expect(readSettings({ ANALYTICS: { writeDataPoint: () => undefined } }).ok).toBe(true)
  })
})

describe("what a connection's attachment must hold", () => {
  it("[CF7] fits its 16,384 bytes with the most data, info and name that are allowed, and room for the rest", () => {
    const worstName = 6 * MAX_MEMBER_BYTES
    expect(NUMBERS.MAX_DATA_BYTES.max + MAX_INFO_BYTES + worstName).toBeLessThanOrEqual(16_384 - 512)
    expect(NUMBERS.MAX_DATA_BYTES.default).toBeLessThanOrEqual(NUMBERS.MAX_DATA_BYTES.max)
    expect(NUMBERS.MAX_CONNECTIONS.max).toBe(32_768)
  })
})
