/** The built Worker in a workerd of its own: it can be killed, its rooms put to sleep, and their storage looked into. */
import { execFileSync } from "node:child_process"
import { createHash, createHmac } from "node:crypto"
import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { DatabaseSync } from "node:sqlite"
import { build } from "esbuild"
import { convertV4MiniflareOptions, Log, LogLevel, Miniflare } from "miniflare"
import { DEV_ADMIN_KEY, DEV_SECRET, waitForHealth } from "../whole/service.ts"
import { Pulse } from "./pulse.ts"

const PROJECT = new URL("../..", import.meta.url).pathname
const WORKER = "rollcall"
const CLASS = "Room"
const EVICT_LIMIT_MS = 2000
const READ_TRIES = 10
/** Beside the Worker as it was built, the one thing that cannot be done to it from outside. */
const EVICT_PATH = "/evict-by-test/"
const ENTRY = `
import unsafe from "workerd:unsafe"
import app, { Directory, Room } from "./worker.mjs"
export { Directory, Room }
export default {
  async fetch(request, env, ctx) {
    const { pathname } = new URL(request.url)
    if (!pathname.startsWith("${EVICT_PATH}")) return app.fetch(request, env, ctx)
    await unsafe.evict(env.ROOM.getByName(pathname.slice(${EVICT_PATH.length})), {})
    return new Response("evicted")
  },
}`
/** The runtime's own tables, and the simulator's. */
const FOREIGN_TABLE = /^(_cf_|__miniflare|sqlite_)/

export type Kill = { readonly at: number; backAt: number }

let bundle: Promise<string> | undefined

export class Arena {
  readonly url: string
  readonly pulse: Pulse
  readonly kills: Kill[] = []
  /** What the room or the runtime logged as an error. */
  readonly errors: string[] = []
  readonly #miniflare: Miniflare
  readonly #folder: string

  private constructor(miniflare: Miniflare, url: string, folder: string, errors: string[], pulse: Pulse) {
    this.#miniflare = miniflare
    this.#folder = folder
    this.url = url
    this.errors = errors
    this.pulse = pulse
  }

  static async start(variables: Readonly<Record<string, string>>): Promise<Arena> {
    bundle ??= buildWorker()
    const contents = await bundle
    const folder = mkdtempSync(join(tmpdir(), "rollcall-faults-"))
    const errors: string[] = []
    const options = convertV4MiniflareOptions({
      name: WORKER,
      host: "127.0.0.1",
      port: 0,
      cf: false,
      log: new Log(LogLevel.NONE),
      modules: [
        { type: "ESModule", path: "entry.mjs", contents: ENTRY },
        { type: "ESModule", path: "worker.mjs", contents },
      ],
      compatibilityFlags: [...deployed("compatibility_flags"), "unsafe_module"],
      compatibilityDate: deployed("compatibility_date").join(""),
      durableObjects: {
        ROOM: { className: CLASS, useSQLite: true },
        DIRECTORY: { className: "Directory", useSQLite: true },
      },
      resourcePersistencePath: folder,
      handleStructuredLogs: ({ level, message }) => {
        // A client's bad frame is logged by the runtime itself.
        if (level === "error" && !/WebSocket protocol error/.test(message)) errors.push(message)
      },
      bindings: { ...variables, TOKEN_SECRETS: DEV_SECRET, ADMIN_KEYS: DEV_ADMIN_KEY },
    })
    const miniflare = new Miniflare(options)
    const { port } = await miniflare.ready
    const url = `http://127.0.0.1:${port}`
    return new Arena(miniflare, url, folder, errors, await Pulse.of(url))
  }

  /** SIGKILL: no handler runs, every line breaks; the simulator starts it anew on the same port. */
  async kill(): Promise<void> {
    const pids = workerdsOfThisProcess()
    const kill = { at: Date.now(), backAt: Number.POSITIVE_INFINITY }
    this.kills.push(kill)
    for (const pid of pids) process.kill(pid, "SIGKILL")
    await waitForHealth(this.url)
    kill.backAt = Date.now()
  }

  /** Whether the service was down, or just back, at some instant of this time. */
  wasDown(from: number, to: number): boolean {
    return this.kills.some((kill) => kill.at - 50 <= to && from <= kill.backAt + 300)
  }

  /** Hibernates a room at once, as 10 s of idleness would; one that is at work is left alone. */
  async evict(room: string): Promise<boolean> {
    try {
      const response = await fetch(`${this.url}${EVICT_PATH}${room}`, { signal: AbortSignal.timeout(EVICT_LIMIT_MS) })
      return (await response.text()) === "evicted"
    } catch {
      return false
    }
  }

  /** Every row of every table that the room made, as text: read from the disk, so that nobody is woken. */
  async stored(room: string): Promise<string[]> {
    const file = join(this.#folder, "do", `${WORKER}-${CLASS}`, `${idOf(room)}.sqlite`)
    for (let tries = 1; ; tries++) {
      try {
        return existsSync(file) ? rowsIn(file) : []
      } catch (error) {
        // The runtime is in the middle of a write.
        if (tries === READ_TRIES) throw error
        await new Promise((resolve) => setTimeout(resolve, 50))
      }
    }
  }

  async stop(): Promise<void> {
    await this.pulse.stop()
    await this.#miniflare.dispose()
    rmSync(this.#folder, { recursive: true, force: true, maxRetries: 5 })
  }
}

/** The texts that wrangler.toml gives a setting: what is tested runs as what is deployed. */
function deployed(setting: string): string[] {
  const line = new RegExp(`^${setting} *= *(.*)$`, "m").exec(readFileSync(join(PROJECT, "wrangler.toml"), "utf8"))?.[1] ?? ""
  return [...line.matchAll(/"(.+?)"/g)].map(([, text]) => text ?? "")
}

async function buildWorker(): Promise<string> {
  const built = await build({
    absWorkingDir: PROJECT,
    entryPoints: ["src/worker/index.ts"],
    bundle: true,
    write: false,
    format: "esm",
    target: "es2024",
    platform: "neutral",
    mainFields: ["module", "main"],
    conditions: ["workerd", "worker", "browser"],
    external: ["cloudflare:*", "node:*"],
    logLevel: "warning",
  })
  return built.outputFiles[0]?.text ?? ""
}

function rowsIn(file: string): string[] {
  const database = new DatabaseSync(file, { readOnly: true, timeout: 1000 })
  try {
    const tables = database.prepare("SELECT name FROM sqlite_master WHERE type = 'table'").all()
    return tables.flatMap(({ name }) => {
      if (FOREIGN_TABLE.test(String(name))) return []
      const rows = database.prepare(`SELECT * FROM "${name}"`).all()
      return [`table ${name}`, ...rows.map((row) => `${name}: ${JSON.stringify(row)}`)]
    })
  } finally {
    database.close()
  }
}

/** The object of a name, as the runtime computes it from the namespace's key. */
function idOf(room: string): string {
  const key = createHash("sha256").update(`${WORKER}-${CLASS}`).digest()
  const ofName = createHmac("sha256", key).update(room).digest().subarray(0, 16)
  const check = createHmac("sha256", key).update(ofName).digest().subarray(0, 16)
  return Buffer.concat([ofName, check]).toString("hex")
}

function workerdsOfThisProcess(): number[] {
  const lines = execFileSync("ps", ["-A", "-o", "pid=,ppid=,args="], { encoding: "utf8" }).split("\n")
  return lines.flatMap((line) => {
    const [, pid, parent, args] = /^\s*(\d+)\s+(\d+)\s+(.*)$/.exec(line) ?? []
    return Number(parent) === process.pid && args !== undefined && /workerd serve/.test(args) ? [Number(pid)] : []
  })
}
