/** A server under test: a process of its own, fresh for every run, ended by its id. */
import { type ChildProcess, spawn } from "node:child_process"
import { once } from "node:events"
import { connect, createServer } from "node:net"
import { setTimeout as sleep } from "node:timers/promises"

export type Launch = {
  readonly command: string
  readonly args: readonly string[]
  readonly environment: Readonly<Record<string, string>>
}

const START_LIMIT_MS = 20_000
const MAX_OUTPUT = 1_000_000

/** None outlives the benchmark, however that ends. */
const running = new Set<ChildProcess>()
process.on("exit", () => {
  for (const child of running) child.kill("SIGKILL")
})
for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) process.on(signal, () => process.exit(130))

export class Server {
  readonly pid: number
  readonly port: number
  readonly #child: ChildProcess
  #output = ""

  private constructor(child: ChildProcess, pid: number, port: number) {
    this.#child = child
    this.pid = pid
    this.port = port
    running.add(child)
    child.on("exit", () => running.delete(child))
    for (const stream of [child.stdout, child.stderr]) stream?.on("data", (chunk) => this.#keep(String(chunk)))
  }

  /** Resolves when it accepts connections. */
  static async start(launch: (port: number) => Launch): Promise<Server> {
    const port = await freePort()
    const { command, args, environment } = launch(port)
    const child = spawn(command, args, { env: { ...process.env, ...environment }, stdio: ["ignore", "pipe", "pipe"] })
    if (child.pid === undefined) throw new Error(`${command} could not be started`)
    const server = new Server(child, child.pid, port)
    const limit = Date.now() + START_LIMIT_MS
    while (!(await accepts(port))) {
      if (child.exitCode !== null || Date.now() > limit) throw new Error(`the server did not start:\n${server.#output}`)
      await sleep(50)
    }
    return server
  }

  /** Whether it ends by itself within so many milliseconds, or has ended already. */
  async endsWithin(ms: number): Promise<boolean> {
    if (this.#isRunning) await Promise.race([once(this.#child, "exit"), sleep(ms)])
    return !this.#isRunning
  }

  /** The last of what it wrote. */
  get output(): string {
    return this.#output
  }

  async stop(): Promise<void> {
    if (!this.#isRunning) return
    const ended = once(this.#child, "exit")
    this.#child.kill("SIGKILL")
    await ended
  }

  get #isRunning(): boolean {
    return this.#child.exitCode === null && this.#child.signalCode === null
  }

  #keep(text: string): void {
    this.#output = (this.#output + text).slice(-MAX_OUTPUT)
  }
}

export async function freePort(): Promise<number> {
  const listener = createServer().listen(0, "127.0.0.1")
  await once(listener, "listening")
  const address = listener.address()
  listener.close()
  if (address === null || typeof address === "string") throw new Error("no free port")
  return address.port
}

function accepts(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, "127.0.0.1")
    socket.on("connect", () => {
      socket.destroy()
      resolve(true)
    })
    socket.on("error", () => resolve(false))
  })
}
