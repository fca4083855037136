/** A TCP proxy in front of a service: a line that can be cut, with everything that runs over it. */
import { connect, createServer, type Socket } from "node:net"

export type Line = {
  /** The service, through this line. */
  readonly url: string
  /** Breaks every connection, and takes no new one until `mend`. */
  cut(): void
  mend(): void
  /** How many connections were made, ever. */
  readonly dialled: number
  close(): Promise<void>
}

export async function lineTo(serviceUrl: string): Promise<Line> {
  const { port, hostname } = new URL(serviceUrl)
  const open = new Set<Socket>()
  let isCut = false
  let dialled = 0
  const server = createServer((near) => {
    if (isCut) {
      near.destroy()
      return
    }
    dialled++
    const far = connect(Number(port), hostname)
    for (const [one, other] of [
      [near, far],
      [far, near],
    ] as const) {
      open.add(one)
      one.pipe(other)
      // Whichever end breaks, the other one learns it by its close.
      one.on("error", () => other.destroy())
      one.on("close", () => {
        open.delete(one)
        other.destroy()
      })
    }
  })
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve))
  const address = server.address()
  if (address === null || typeof address === "string") throw new Error("the proxy has no port")
  const breakAll = () => {
    for (const socket of open) socket.destroy()
  }
  return {
    url: `http://localhost:${address.port}`,
    cut() {
      isCut = true
      breakAll()
    },
    mend() {
      isCut = false
    },
    get dialled() {
      return dialled
    },
    async close() {
      const closed = new Promise((resolve) => server.close(resolve))
      breakAll()
      await closed
    },
  }
}
