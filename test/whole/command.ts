/** The command as a process of its own, piped; none outlives the test file. */
import { type ChildProcess, spawn } from "node:child_process"
import { afterAll, expect } from "vitest"
import { DEV_ADMIN_KEY } from "./service.ts"
import type { Where } from "./wire-client.ts"

const MAIN = new URL("../../src/cli/main.ts", import.meta.url).pathname

export type Running = {
  readonly child: ChildProcess
  readonly out: () => string
  readonly err: () => string
  readonly ended: Promise<number | null>
}

export type Ran = { readonly code: number | null; readonly out: string; readonly err: string }

export type Command = {
  /** `env` lies over an environment that names the service and its key, and nothing else. */
  start(args: readonly string[], env?: Readonly<Record<string, string>>): Running
  /** Runs it to its end, though told to colour. */
  rollcall(...args: string[]): Promise<Ran>
}

export function commandAt(where: Where): Command {
  const running = new Set<ChildProcess>()
  afterAll(() => {
    for (const child of running) child.kill("SIGKILL")
  })

  function start(args: readonly string[], env: Readonly<Record<string, string>> = {}): Running {
    const settings = { PATH: process.env["PATH"], ROLLCALL_URL: where.url, ROLLCALL_ADMIN_KEY: DEV_ADMIN_KEY, ...env }
    const child = spawn(process.execPath, [MAIN, ...args], { env: settings, stdio: ["ignore", "pipe", "pipe"] })
    running.add(child)
    let [out, err] = ["", ""]
    child.stdout.setEncoding("utf8").on("data", (chunk: string) => {
      out += chunk
    })
    child.stderr.setEncoding("utf8").on("data", (chunk: string) => {
      err += chunk
    })
    const ended = new Promise<number | null>((resolve) => {
      child.once("close", (code) => {
        running.delete(child)
        resolve(code)
      })
    })
    return { child, out: () => out, err: () => err, ended }
  }

  async function rollcall(...args: string[]): Promise<Ran> {
    const command = start(args, { FORCE_COLOR: "1" })
    const code = await command.ended
    const [out, err] = [command.out(), command.err()]
    expect(out + err, "no colour where it is piped").not.toContain("\u001b")
    expect(out + err).not.toContain(DEV_ADMIN_KEY)
    return { code, out, err }
  }

  return { start, rollcall }
}
