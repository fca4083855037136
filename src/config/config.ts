/** Variables of the Worker → settings, or a sentence that names the variable, the value's fault and what is allowed. */
import type { Clocks } from "../core/liveness.ts"
import type { PaceLimits } from "../core/pace.ts"
import type { Capacity } from "../core/roster.ts"
import { JURISDICTIONS, LOCATION_HINTS, type Placement } from "../placement/placement.ts"
import { ok, type Result, refused } from "../protocol/errors.ts"
import { webAddressFault } from "./web-address.ts"
import { type WebhookSettings, type WebhookTimes, webhookSecretFault, webhookUrlFault } from "./webhook.ts"

export type Settings = {
  readonly tokenSecrets: readonly string[]
  /** Where the key set is, or null: only the secrets verify. */
  readonly jwksUrl: string | null
  readonly adminKeys: readonly string[]
  readonly allowedOrigins: readonly string[]
  readonly clocks: Clocks
  /** How long a connection whose socket ended is kept for a resume, in milliseconds; 0: not at all. */
  readonly graceMs: number
  readonly pace: PaceLimits
  readonly capacity: Capacity
  /** Whoever comes to a room with so many connections is told the count alone. */
  readonly maxFullViews: number
  readonly maxDataBytes: number
  readonly maxFrameBytes: number
  readonly maxFramesPerSecond: number
  readonly lastSeenRetentionMs: number
  /** The shortest pause between two reports of a room to the directory. */
  readonly reportMs: number
  readonly directoryShards: number
  /** How many shards there were before; 0: never another number. */
  readonly directoryShardsBefore: number
  /** Of rooms and of the directory alike. */
  readonly placement: Placement
  /** Whether the demo, and the token that it mints for anybody, are served. */
  readonly demo: boolean
  readonly webhookTimes: WebhookTimes
  /** Null: webhooks are off. */
  readonly webhook: WebhookSettings | null
  /** Whether the operators' page is served. It holds no secret: what it shows, an admin key opens. */
  readonly console: boolean
}

export const MIN_SECRET_LENGTH = 32

const DAY = 86_400_000

/**
 * An attachment holds 16,384 bytes. What is left for data, when a member's name (256 bytes, six for each where JSON
 * escapes it), its info (4,096) and the rest (512) have theirs.
 */
const MAX_MAX_DATA_BYTES = 16_384 - 6 * 256 - 4096 - 512

type Range = { readonly default: number; readonly min: number; readonly max: number; readonly unit: string }

/** The numbers, with defaults and bounds: docs/protocol.md's table is checked against this one. */
export const NUMBERS = {
  HEARTBEAT_INTERVAL_MS: { default: 30_000, min: 50, max: DAY, unit: "milliseconds" },
  HEARTBEAT_TIMEOUT_MS: { default: 90_000, min: 100, max: 7 * DAY, unit: "milliseconds" },
  AWAY_AFTER_MS: { default: 300_000, min: 0, max: 365 * DAY, unit: "milliseconds" },
  IDLE_TIMEOUT_MS: { default: 1_800_000, min: 0, max: 365 * DAY, unit: "milliseconds" },
  GRACE_MS: { default: 10_000, min: 0, max: DAY, unit: "milliseconds" },
  TICK_MS: { default: 25, min: 0, max: 10_000, unit: "milliseconds" },
  FANOUT_PER_SECOND: { default: 20_000, min: 1, max: 10_000_000, unit: "frames" },
  MAX_CONNECTIONS: { default: 10_000, min: 1, max: 32_768, unit: "connections" },
  MAX_CONNECTIONS_PER_MEMBER: { default: 20, min: 1, max: 32_768, unit: "connections" },
  MAX_FULL_VIEWS: { default: 32_768, min: 0, max: 32_768, unit: "connections" },
  MAX_DATA_BYTES: { default: 8192, min: 2, max: MAX_MAX_DATA_BYTES, unit: "bytes" },
  MAX_FRAME_BYTES: { default: 16_384, min: 64, max: 1_048_576, unit: "bytes" },
  MAX_FRAMES_PER_SECOND: { default: 60, min: 1, max: 100_000, unit: "frames" },
  REPORT_MS: { default: 1000, min: 100, max: DAY, unit: "milliseconds" },
  DIRECTORY_SHARDS: { default: 4, min: 1, max: 256, unit: "shards" },
  DIRECTORY_SHARDS_BEFORE: { default: 0, min: 0, max: 256, unit: "shards" },
  LAST_SEEN_RETENTION_MS: { default: 2_592_000_000, min: 0, max: 3650 * DAY, unit: "milliseconds" },
  WEBHOOK_RETRY_MS: { default: 5000, min: 0, max: 3_600_000, unit: "milliseconds" },
  WEBHOOK_DELAY_MS: { default: 0, min: 0, max: 60_000, unit: "milliseconds" },
} as const satisfies Record<string, Range>

export type NumberVariable = keyof typeof NUMBERS

/** The Worker's environment as strings; bindings among it are not looked at. */
export type Variables = { readonly [name: string]: unknown }

export function readSettings(variables: Variables): Result<Settings> {
  const faults: string[] = []
  const number = (name: NumberVariable): number => {
    const parsed = readNumber(name, variables[name])
    if (!parsed.ok) faults.push(parsed.error)
    return parsed.ok ? parsed.value : NUMBERS[name].default
  }
  const list = (name: string, check: (item: string) => string | null, mayBeEmpty = true): string[] => {
    const value = variables[name]
    if (mayBeEmpty && isUnset(value)) return []
    const parsed = readList(name, value, check)
    if (!parsed.ok) faults.push(parsed.error)
    return parsed.ok ? parsed.value : []
  }
  const choice = <T extends string>(name: string, allowed: readonly T[]): T | null => {
    const value = variables[name]
    if (isUnset(value)) return null
    const chosen = allowed.find((one) => one === value) ?? null
    if (chosen === null) faults.push(`${name} is ${JSON.stringify(value)}; allowed are ${allowed.join(", ")}, or leave it unset`)
    return chosen
  }
  const webhookSecrets = list("WEBHOOK_SECRET", webhookSecretFault)
  const webhookTimes = { retryMs: number("WEBHOOK_RETRY_MS"), delayMs: number("WEBHOOK_DELAY_MS") }
  const webhookUrl = isUnset(variables["WEBHOOK_URL"]) ? null : String(variables["WEBHOOK_URL"])
  const settings: Settings = {
    tokenSecrets: list("TOKEN_SECRETS", secretFault),
    jwksUrl: isUnset(variables["JWKS_URL"]) ? null : String(variables["JWKS_URL"]),
    adminKeys: list("ADMIN_KEYS", () => null),
    // Set to nothing is a fault, not the default: an empty variable must not open the service to every page.
    allowedOrigins: variables["ALLOWED_ORIGINS"] === undefined ? ["*"] : list("ALLOWED_ORIGINS", originFault, false).map(asBrowsersWrite),
    clocks: {
      interval: number("HEARTBEAT_INTERVAL_MS"),
      timeout: number("HEARTBEAT_TIMEOUT_MS"),
      awayAfter: number("AWAY_AFTER_MS"),
      idleAfter: number("IDLE_TIMEOUT_MS"),
    },
    graceMs: number("GRACE_MS"),
    pace: { tickMs: number("TICK_MS"), fanoutPerSecond: number("FANOUT_PER_SECOND") },
    capacity: { maxConnections: number("MAX_CONNECTIONS"), maxConnectionsPerMember: number("MAX_CONNECTIONS_PER_MEMBER") },
    maxFullViews: number("MAX_FULL_VIEWS"),
    maxDataBytes: number("MAX_DATA_BYTES"),
    maxFrameBytes: number("MAX_FRAME_BYTES"),
    maxFramesPerSecond: number("MAX_FRAMES_PER_SECOND"),
    lastSeenRetentionMs: number("LAST_SEEN_RETENTION_MS"),
    reportMs: number("REPORT_MS"),
    directoryShards: number("DIRECTORY_SHARDS"),
    directoryShardsBefore: number("DIRECTORY_SHARDS_BEFORE"),
    placement: { locationHint: choice("LOCATION_HINT", LOCATION_HINTS), jurisdiction: choice("JURISDICTION", JURISDICTIONS) },
    demo: variables["DEMO"] === "on",
    webhookTimes,
    webhook: webhookUrl === null ? null : { url: webhookUrl, secrets: webhookSecrets, ...webhookTimes },
    console: variables["CONSOLE"] !== "off",
  }
  const { interval, timeout } = settings.clocks
  if (faults.length === 0 && timeout < 2 * interval) {
    faults.push(
      `HEARTBEAT_TIMEOUT_MS is ${timeout}; at least twice HEARTBEAT_INTERVAL_MS (${interval}) is allowed, so ${2 * interval} or more`,
    )
  }
  for (const name of ["DEMO", "CONSOLE"]) {
    if (isUnset(variables[name]) || ["on", "off"].includes(String(variables[name]))) continue
    faults.push(`${name} is ${JSON.stringify(variables[name])}; on and off are allowed`)
  }
  if (variables["ANALYTICS"] !== undefined && !hasMethod(variables["ANALYTICS"], "writeDataPoint")) {
    faults.push("ANALYTICS is no binding; a dataset ([[analytics_engine_datasets]] in wrangler.toml) is allowed")
  }
  if (variables["CONNECT_RATE"] !== undefined && !hasMethod(variables["CONNECT_RATE"], "limit")) {
    faults.push("CONNECT_RATE is no binding; a rate limit ([[ratelimits]] in wrangler.toml) is allowed")
  }
  const webhookFault = webhookUrl === null ? null : webhookUrlFault(webhookUrl)
  if (webhookFault !== null) faults.push(webhookFault)
  if (webhookUrl !== null && isUnset(variables["WEBHOOK_SECRET"])) {
    faults.push("WEBHOOK_SECRET is not set, and WEBHOOK_URL is; whsec_ and the base64 of 24 to 64 bytes is allowed")
  }
  const jwksFault = settings.jwksUrl === null ? null : webAddressFault("JWKS_URL", settings.jwksUrl)
  if (jwksFault !== null) faults.push(jwksFault)
  return faults.length === 0 ? ok(settings) : refused("misconfigured", faults.join("; "))
}

/** `https://app.example.com` exactly, `https://*.example.com` for any depth of subdomains, or `*`. */
export function isAllowedOrigin(origin: string, allowed: readonly string[]): boolean {
  const isOrigin = URL.canParse(origin) && new URL(origin).origin === origin
  return allowed.some((pattern) => {
    if (pattern === "*" || pattern === origin) return true
    if (!isOrigin) return false
    const [scheme, domain] = pattern.split("://*.")
    if (scheme === undefined || domain === undefined) return false
    return origin.startsWith(`${scheme}://`) && origin.endsWith(`.${domain}`) && origin.length > `${scheme}://.${domain}`.length
  })
}

type Parsed<T> = { ok: true; value: T } | { ok: false; error: string }

function readNumber(name: NumberVariable, value: unknown): Parsed<number> {
  const range: Range = NUMBERS[name]
  if (value === undefined) return { ok: true, value: range.default }
  const number = typeof value === "number" ? value : typeof value === "string" && /^\d+$/.test(value) ? Number(value) : Number.NaN
  if (Number.isInteger(number) && number >= range.min && number <= range.max) return { ok: true, value: number }
  return {
    ok: false,
    error: `${name} is ${JSON.stringify(value)}; a whole number of ${range.unit} from ${range.min} to ${range.max} is allowed`,
  }
}

function readList(name: string, value: unknown, fault: (item: string) => string | null): Parsed<string[]> {
  if (typeof value !== "string") return { ok: false, error: `${name} is not text; a comma-separated list is allowed` }
  const items = value.split(",").map((item) => item.trim())
  for (const item of items) {
    const found = item === "" ? "has an empty item" : fault(item)
    if (found !== null) return { ok: false, error: `${name} ${found}` }
  }
  return { ok: true, value: items }
}

function isUnset(value: unknown): value is undefined | "" {
  return value === undefined || value === ""
}

/** Says nothing of the secret itself: problems are shown to whoever asks. */
function secretFault(secret: string): string | null {
  return secret.length >= MIN_SECRET_LENGTH
    ? null
    : `has a secret of ${secret.length} characters; ${MIN_SECRET_LENGTH} at least are allowed`
}

function hasMethod(binding: unknown, name: string): boolean {
  return typeof binding === "object" && binding !== null && typeof Reflect.get(binding, name) === "function"
}

function originFault(origin: string): string | null {
  if (origin === "*" || (/^https?:\/\/(\*\.)?[A-Za-z0-9.\-[\]:]+$/.test(origin) && URL.canParse(origin.replace("*.", "")))) return null
  return `has ${JSON.stringify(origin)}; allowed are *, https://app.example.com and https://*.example.com`
}

/** In lower case and without a default port, as an Origin header has it. */
function asBrowsersWrite(origin: string): string {
  if (origin === "*") return origin
  const isWildcard = origin.includes("://*.")
  const written = new URL(origin.replace("://*.", "://")).origin
  return isWildcard ? written.replace("://", "://*.") : written
}
