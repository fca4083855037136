/** A line between a client and a service that a test can break: over real sockets, on loopback. */
import { connect, createServer, type Server, type Socket } from "node:net"

export type TcpProxy = {
  /** The service's address by way of the proxy. */
  readonly url: string
  /** Ends every line at once, as a router does that loses its table; both sides notice. */
  cut(): void
  /** From now on nothing comes through, and nobody is told; new lines neither. */
  freeze(): void
  thaw(): void
  /** Until it is allowed again, who connects is turned away. */
  refuse(isRefused: boolean): void
  /** Lines that are open. */
  lines(): number
  close(): Promise<void>
}

export async function proxyTo(url: string): Promise<TcpProxy> {
  const target = new URL(url)
  const pairs = new Set<readonly [Socket, Socket]>()
  let isFrozen = false
  let isRefused = false

  const server: Server = createServer((client) => {
    if (isRefused) return void client.destroy()
    const upstream = connect(Number(target.port), target.hostname)
    const pair = [client, upstream] as const
    pairs.add(pair)
    const end = () => {
      pairs.delete(pair)
      for (const socket of pair) socket.destroy()
    }
    for (const socket of pair) {
      socket.setNoDelay(true)
      socket.on("error", end)
      // What a frozen line has swallowed stays swallowed, its end included.
      socket.on("close", () => !isFrozen && end())
    }
    client.on("data", (chunk) => isFrozen || upstream.write(chunk))
    upstream.on("data", (chunk) => isFrozen || client.write(chunk))
  })
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve))
  const address = server.address()
  if (address === null || typeof address === "string") throw new Error("no port")

  const cut = () => {
    for (const pair of [...pairs]) {
      pairs.delete(pair)
      for (const socket of pair) socket.resetAndDestroy()
    }
  }
  return {
    url: `http://127.0.0.1:${address.port}`,
    cut,
    freeze() {
      isFrozen = true
    },
    thaw() {
      isFrozen = false
    },
    refuse(refused) {
      isRefused = refused
    },
    lines: () => pairs.size,
    async close() {
      cut()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}
