/** `npm run dev` as its own process, on a free port, in a folder of its own; nothing of it outlives the test file. */
import { type ChildProcess, execFileSync, spawn } from "node:child_process"
import { mkdtempSync, rmSync } from "node:fs"
import { createServer } from "node:net"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { afterAll, beforeAll, expect } from "vitest"
import { violations } from "./wire-frames.ts"

/** Variables of the Worker, as `--var` takes them. */
export type Variables = Readonly<Record<string, string | number>>

export type Service = {
  /** `http://localhost:port`, without a slash at the end. */
  readonly url: string
  /** Ends the whole process group and removes its folder. */
  kill(): Promise<void>
  /** Ends it as `kill -9` does, and starts one with these variables on the same storage; `whileDown` is given the folder that holds it. */
  restart(variables?: Variables, whileDown?: (folder: string) => void): Promise<Service>
  /** The proxy's first, the user Worker's second. */
  workerdPids(): number[]
  /** What the service printed so far, to both streams. */
  output(): string
}

/** What `npm run dev` promises to set up by itself. */
export const DEV_SECRET = "dev-token-secret-dev-token-secret"
export const DEV_ADMIN_KEY = "dev-admin-key"

const PROJECT = new URL("../..", import.meta.url).pathname
const START_LIMIT_MS = 40_000
const TERM_LIMIT_MS = 4000

/** Each with its folder. */
const running = new Map<ChildProcess, string>()
// A test run that ends early must leave nothing behind, and "exit" allows nothing asynchronous.
process.on("exit", () => {
  for (const [child, folder] of running) {
    signalGroup(child, "SIGKILL")
    rmSync(folder, { recursive: true, force: true, maxRetries: 5 })
  }
})

/** Starts a service for the file that calls it, and stops it when the file is done. `url` is set once its tests run. */
export function serviceForFile(variables: Variables = {}): Service {
  let service: Service | undefined
  const started = (): Service => {
    if (service === undefined) throw new Error("the service runs only while tests do")
    return service
  }
  beforeAll(async () => {
    service = await startService(variables)
  })
  afterAll(async () => {
    await service?.kill()
    expect(violations, "frames that the contract does not allow").toEqual([])
  })
  return {
    get url() {
      return started().url
    },
    kill: () => started().kill(),
    async restart(...how) {
      service = await started().restart(...how)
      return service
    },
    workerdPids: () => started().workerdPids(),
    output: () => started().output(),
  }
}

/** A port that is free when asked may be taken when it is used: then another one is tried. */
export async function startService(variables: Variables = {}, tries = 3, folder = newFolder()): Promise<Service> {
  const port = await freePort()
  const vars = Object.entries(variables).flatMap(([name, value]) => ["--var", `${name}:${value}`])
  const child = spawn("npm", ["run", "dev", "--", "--port", String(port), "--persist-to", folder, ...vars], {
    cwd: PROJECT,
    detached: true,
    stdio: ["ignore", "pipe", "pipe"],
  })
  running.set(child, folder)
  let output = ""
  for (const stream of [child.stdout, child.stderr]) {
    stream.on("data", (chunk: Buffer) => {
      output = (output + chunk.toString()).slice(-1_000_000)
    })
  }
  const ended = new Promise<void>((resolve) => child.once("exit", () => resolve()))
  const kill = async () => {
    signalGroup(child, "SIGTERM")
    const late = setTimeout(() => signalGroup(child, "SIGKILL"), TERM_LIMIT_MS)
    await ended
    clearTimeout(late)
    signalGroup(child, "SIGKILL")
    running.delete(child)
    rmSync(folder, { recursive: true, force: true, maxRetries: 5 })
  }
  const url = `http://localhost:${port}`
  try {
    await waitForHealth(url, child)
  } catch (error) {
    await kill()
    if (tries > 1 && output.includes("Address already in use")) return startService(variables, tries - 1, folder)
    throw new Error(`npm run dev did not start: ${String(error)}\n${output.slice(-20_000)}`)
  }
  const restart: Service["restart"] = async (next, whileDown) => {
    signalGroup(child, "SIGKILL")
    await ended
    running.delete(child)
    whileDown?.(folder)
    return startService(next, 3, folder)
  }
  return { url, kill, restart, workerdPids: () => workerdsOf(child), output: () => output }
}

function newFolder(): string {
  return mkdtempSync(join(tmpdir(), "rollcall-whole-"))
}

/** Waits until `/healthz` is 200: while the Worker restarts, the dev server's proxy answers 500 in its stead. */
export async function waitForHealth(url: string, child?: ChildProcess): Promise<void> {
  const until = Date.now() + START_LIMIT_MS
  while (Date.now() < until) {
    if (child !== undefined && (child.exitCode !== null || child.signalCode !== null)) throw new Error("it ended")
    const up = await fetch(`${url}/healthz`, { signal: AbortSignal.timeout(2000) })
      .then(async (response) => (await response.text()) !== "" && response.status === 200)
      .catch(() => false)
    if (up) return
    await new Promise((resolve) => setTimeout(resolve, 50))
  }
  throw new Error(`no answer within ${START_LIMIT_MS} ms`)
}

function workerdsOf(child: ChildProcess): number[] {
  const lines = execFileSync("ps", ["-A", "-o", "pid=,pgid=,args="], { encoding: "utf8" }).split("\n")
  return lines.flatMap((line) => {
    const [, pid, group, args] = /^\s*(\d+)\s+(\d+)\s+(.*)$/.exec(line) ?? []
    return Number(group) === child.pid && args !== undefined && /workerd serve/.test(args) ? [Number(pid)] : []
  })
}

function signalGroup(child: ChildProcess, signal: NodeJS.Signals): void {
  if (child.pid === undefined) return
  try {
    process.kill(-child.pid, signal)
  } catch {
    // The group is gone, which is what was wanted.
  }
}

async function freePort(): Promise<number> {
  const server = createServer()
  await new Promise<void>((resolve) => server.listen(0, "localhost", resolve))
  const address = server.address()
  await new Promise((resolve) => server.close(resolve))
  if (address === null || typeof address === "string") throw new Error("no free port")
  return address.port
}
