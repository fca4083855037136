/** The built Worker as it is deployed, with one set of variables each: bad values, no secrets, several secrets. */
import { execFileSync } from "node:child_process"
import { mkdtempSync, readFileSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { convertV4MiniflareOptions, Miniflare } from "miniflare"
import { afterAll, beforeAll, describe, expect, it } from "vitest"
import { refusal } from "./refusals.ts"
import { tokenFor } from "./wire-client.ts"

const PROJECT = new URL("../..", import.meta.url).pathname
const SOUND = { TOKEN_SECRETS: "deployed-token-secret-deployed-token-secret", ADMIN_KEYS: "deployed-admin-key" }

type Variables = Readonly<Record<string, string | number>>

const NUMBERS = [
  ...["HEARTBEAT_INTERVAL_MS", "HEARTBEAT_TIMEOUT_MS", "AWAY_AFTER_MS", "IDLE_TIMEOUT_MS", "GRACE_MS", "TICK_MS", "FANOUT_PER_SECOND"],
  ...[
    "MAX_CONNECTIONS",
    "MAX_CONNECTIONS_PER_MEMBER",
    "MAX_FULL_VIEWS",
    "MAX_DATA_BYTES",
    "MAX_FRAME_BYTES",
    "MAX_FRAMES_PER_SECOND",
    "LAST_SEEN_RETENTION_MS",
    "WEBHOOK_RETRY_MS",
    "WEBHOOK_DELAY_MS",
  ],
]
const NO_NUMBERS = ["-1", "abc", "1.5", "30s", "1e400", "NaN", "Infinity", "0x10", "1 000"]

/** Variable, bad value, and what else there must be for it. Each is a Worker of its own, which costs 0.1 s. */
const BAD: readonly (readonly [string, string, Variables?])[] = [
  ...NUMBERS.map((name, i) => [name, NO_NUMBERS[i % NO_NUMBERS.length] ?? ""] as const),
  ["HEARTBEAT_INTERVAL_MS", "0"],
  ["HEARTBEAT_TIMEOUT_MS", "0"],
  ["FANOUT_PER_SECOND", "0"],
  ["MAX_FRAMES_PER_SECOND", "0"],
  ["HEARTBEAT_TIMEOUT_MS", "5999", { HEARTBEAT_INTERVAL_MS: "3000" }],
  ["HEARTBEAT_TIMEOUT_MS", "59999"],
  ["TOKEN_SECRETS", "short"],
  ["TOKEN_SECRETS", "x".repeat(31)],
  ["TOKEN_SECRETS", `${SOUND.TOKEN_SECRETS},short-secret`],
  ["ALLOWED_ORIGINS", "app.example.com"],
  ["ALLOWED_ORIGINS", "https://app.example.com/path"],
  ["ALLOWED_ORIGINS", "https://app.example.com,nonsense"],
  ["ALLOWED_ORIGINS", "https://*"],
  ["ALLOWED_ORIGINS", "https://a.*.example.com"],
  ["JWKS_URL", "no address"],
  ["WEBHOOK_URL", "http://backend.example.com/", { WEBHOOK_SECRET: "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw" }],
  ["WEBHOOK_SECRET", "whsec_short", { WEBHOOK_URL: "https://backend.example.com/" }],
]

let workers: Deployment
beforeAll(async () => {
  workers = await deploy({
    sound: SOUND,
    least: { TOKEN_SECRETS: "x".repeat(32), HEARTBEAT_INTERVAL_MS: "3000", HEARTBEAT_TIMEOUT_MS: "6000", AWAY_AFTER_MS: "0", ...zeros() },
    bare: {},
    rotated: { TOKEN_SECRETS: `${"new-secret-".repeat(4)},${"old-secret-".repeat(4)}`, ADMIN_KEYS: "key-one,key-two" },
    ...Object.fromEntries(BAD.map(([name, value, more = {}], i) => [`bad-${i}`, { ...SOUND, ...more, [name]: value }])),
  })
})
afterAll(() => workers.dispose())

describe("a bad value", () => {
  it.each(BAD.map(([name, value], i) => ({ name, value, worker: `bad-${i}` })))(
    "[CF2] is a 500 problem that names it: $name=$value",
    async ({ name, value, worker }) => {
      const token = await tokenFor("anna", {}, SOUND.TOKEN_SECRETS)
      for (const [path, key] of [
        ["/healthz", ""],
        ["/v1/rooms/a/connect", token],
        ["/v1/admin/rooms/a", SOUND.ADMIN_KEYS],
      ]) {
        const { status, code, problem } = await refusal(await workers.ask(worker, path ?? "", key))
        expect({ status, code }).toEqual({ status: 500, code: "misconfigured" })
        expect(problem.detail).toContain(name)
        expect(problem.detail.length, "the fault, and what is allowed").toBeGreaterThan(name.length + 20)
        const isSecret = name === "TOKEN_SECRETS"
        if (isSecret) for (const secret of value.split(",")) expect(JSON.stringify(problem)).not.toContain(secret)
      }
    },
  )
})

describe("sound values", () => {
  it("[CF1] may be left out, and be the least that is allowed", async () => {
    for (const [worker, secret] of [
      ["sound", SOUND.TOKEN_SECRETS],
      ["least", "x".repeat(32)],
    ]) {
      expect((await workers.ask(worker ?? "", "/healthz")).status).toBe(200)
      const token = await tokenFor("anna", {}, secret)
      expect(await refusal(await workers.ask(worker ?? "", "/v1/rooms/a/connect", token))).toMatchObject({ status: 426 })
    }
  })

  it("[AU1] every secret of the list verifies, and no other", async () => {
    for (const [secret, status] of [
      ["new-secret-".repeat(4), 426],
      ["old-secret-".repeat(4), 426],
      ["odd-secret-".repeat(4), 401],
      [`${"new-secret-".repeat(4)},${"old-secret-".repeat(4)}`, 401],
    ] as const) {
      const token = await tokenFor("anna", {}, secret)
      expect((await refusal(await workers.ask("rotated", "/v1/rooms/a/connect", token))).status).toBe(status)
    }
  })

  it("[ST2] every admin key of the list opens the admin API, and no other", async () => {
    for (const key of ["key-one", "key-two"]) {
      const response = await workers.ask("rotated", "/v1/admin/rooms/a", key)
      expect(response.status).toBe(200)
      expect(await response.json()).toMatchObject({ room: "a", members: 0 })
    }
    for (const key of ["", "key", "key-one,key-two", "key-onekey-two", "KEY-ONE"]) {
      const response = await workers.ask("rotated", "/v1/admin/rooms/a", key)
      expect(response.status, key).toBe(401)
      await response.text()
    }
  })
})

describe("without secrets", () => {
  it("[CF6] every connect is 503 and says which secret to set", async () => {
    for (const key of ["", await tokenFor("anna")]) {
      for (const room of ["a", "b"]) {
        const { status, code, problem } = await refusal(await workers.ask("bare", `/v1/rooms/${room}/connect`, key))
        expect({ status, code }).toEqual({ status: 503, code: "misconfigured" })
        expect(problem.detail).toContain("TOKEN_SECRETS")
      }
    }
    expect((await workers.ask("bare", "/healthz")).status).toBe(200)
  })

  it("[CF6] the admin API is 503 and says why", async () => {
    for (const key of ["", "dev-admin-key"]) {
      const { status, problem } = await refusal(await workers.ask("bare", "/v1/admin/rooms/a", key))
      expect(status).toBe(503)
      expect(problem.detail).toContain("ADMIN_KEYS")
    }
  })
})

/** All that 0 turns off, or makes as short as can be. */
function zeros(): Variables {
  return { IDLE_TIMEOUT_MS: "0", GRACE_MS: "0", TICK_MS: "0" }
}

type Deployment = { ask(worker: string, path: string, key?: string): Promise<Response>; dispose(): Promise<void> }

/** The bundle that would be deployed, once for each set of variables, in one workerd. */
async function deploy(sets: Readonly<Record<string, Variables>>): Promise<Deployment> {
  const folder = mkdtempSync(join(tmpdir(), "rollcall-built-"))
  const env = { ...process.env, WRANGLER_SEND_METRICS: "false", WRANGLER_HIDE_BANNER: "true", CI: "1" }
  execFileSync("npx", ["wrangler", "deploy", "--dry-run", "--minify", "--outdir", folder], { cwd: PROJECT, env, stdio: "pipe" })
  const script = readFileSync(join(folder, "index.js"), "utf8")
  rmSync(folder, { recursive: true })
  const miniflare = new Miniflare(
    convertV4MiniflareOptions({
      cf: false,
      workers: Object.entries(sets).map(([name, bindings]) => ({
        name,
        // Named as a module: miniflare would else parse the bundle anew for each of them.
        modules: [{ type: "ESModule" as const, path: "index.js", contents: script }],
        bindings,
        compatibilityDate: "2026-08-01",
        compatibilityFlags: ["nodejs_compat", "no_web_socket_compression"],
        durableObjects: { ROOM: { className: "Room", useSQLite: true } },
      })),
    }),
  )
  await miniflare.ready
  return {
    async ask(worker, path, key = "") {
      const fetcher = await miniflare.getWorker(worker)
      const response = await fetcher.fetch(`http://rollcall.test${path}`, { headers: key === "" ? {} : { authorization: `Bearer ${key}` } })
      return new Response(await response.text(), { status: response.status, headers: [...response.headers] })
    },
    dispose: () => miniflare.dispose(),
  }
}
