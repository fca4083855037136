/** What a client leaves behind when its users are done: nothing. Here time and collector are real. */
import { setFlagsFromString } from "node:v8"
import { runInNewContext } from "node:vm"
import { afterEach, describe, expect, it, vi } from "vitest"
import { type Client, createClient } from "../../src/client/index.ts"
import { LossyService, tokenOf } from "../doubles/lossy-service.ts"

setFlagsFromString("--expose-gc")
const collect: () => void = runInNewContext("gc")

const endings: (() => void)[] = []

afterEach(() => {
  for (const end of endings.splice(0)) end()
  vi.unstubAllGlobals()
  vi.restoreAllMocks()
})

function start(pool: NonNullable<Parameters<typeof createClient>[0]["pool"]> = {}): { client: Client; service: LossyService } {
  const service = new LossyService()
  const client = createClient({ url: "https://rollcall.test", token: tokenOf("anna"), WebSocket: service.WebSocket, pool })
  endings.push(
    () => client.close(),
    () => service.stop(),
  )
  return { client, service }
}

/** Lets what was collected be told, and the tasks that it leads to run. */
async function settle(): Promise<void> {
  for (let i = 0; i < 5; i++) {
    collect()
    await new Promise((resolve) => setTimeout(resolve, 5))
  }
}

/** Timers that are pending in this process, and listeners that are on a page. */
function counted() {
  const timers = new Set<unknown>()
  const { setTimeout: set, clearTimeout: clear } = globalThis
  vi.stubGlobal("setTimeout", (run: (...given: unknown[]) => void, ms?: number, ...given: unknown[]) => {
    const timer = set(() => {
      timers.delete(timer)
      run(...given)
    }, ms)
    timers.add(timer)
    return timer
  })
  vi.stubGlobal("clearTimeout", (timer: Parameters<typeof clear>[0]) => {
    timers.delete(timer)
    clear(timer)
  })
  const listeners = new Set<unknown>()
  vi.stubGlobal("document", { hidden: false })
  vi.stubGlobal("addEventListener", (_: string, listener: unknown, { signal }: { signal: AbortSignal }) => {
    listeners.add(listener)
    signal.addEventListener("abort", () => listeners.delete(listener))
  })
  return { timers, listeners }
}

describe("a thousand rounds", () => {
  it("[PL10] of acquire, use and release leave no socket, no timer and no listener", async () => {
    const { timers, listeners } = counted()
    const { client, service } = start({ max: 4, lingerMs: 0 })
    const use = async (round: number) => {
      const lease = await client.acquire<{ round: number }>(`room-${round % 7}`, { initial: { round } })
      const stop = lease.room.subscribe(() => {})
      lease.room.on("enter", () => {})
      lease.room.update({ round: -round })
      if (round % 2 === 0) await lease.room.send("round", round)
      if (round % 3 === 0) stop()
      lease.release()
    }
    for (let round = 0; round < 1000; round += 10) {
      await Promise.all(Array.from({ length: 10 }, (_, at) => use(round + at)))
    }
    await vi.waitFor(() => expect(client.pool.stats()).toMatchObject({ open: 0, leases: 0, waiting: 0, timeouts: 0, broken: 0 }))
    const stats = client.pool.stats()
    expect(stats.opened).toBe(stats.closed)
    expect(service.sockets.length).toBe(stats.opened)
    await vi.waitFor(() => expect([service.open.length, listeners.size, timers.size]).toEqual([0, 0, 0]))
    for (const room of service.rooms.values()) expect(room.present).toEqual([])
  }, 60_000)

  it("[PL10] leave no memory either: what the rooms held can be collected", async () => {
    const { client } = start({ lingerMs: 0 })
    const gone: WeakRef<object>[] = []
    for (let round = 0; round < 20; round++) {
      const lease = await client.acquire(`room-${round}`, { initial: { round } })
      lease.room.subscribe(() => {})
      gone.push(new WeakRef(lease.room.getSnapshot()), new WeakRef(lease.room))
      lease.release()
    }
    await vi.waitFor(() => expect(client.pool.stats().open).toBe(0))
    await vi.waitFor(async () => {
      await settle()
      expect(gone.filter((ref) => ref.deref() !== undefined).length).toBeLessThanOrEqual(2)
    })
  })
})

describe("a room that stays", () => {
  it("[PL10] keeps nothing of those who waited for it", async () => {
    const waits: WeakRef<AbortSignal>[] = []
    const Original = AbortController
    vi.stubGlobal(
      "AbortController",
      class extends Original {
        constructor() {
          super()
          waits.push(new WeakRef(this.signal))
        }
      },
    )
    const { client } = start()
    const kept = await client.acquire("kept")
    for (let round = 0; round < 50; round++) (await client.acquire("kept")).release()
    expect(waits.length).toBeGreaterThan(50)
    await vi.waitFor(async () => {
      await settle()
      expect(waits.filter((ref) => ref.deref() !== undefined).length).toBeLessThanOrEqual(2)
    })
    expect(kept.room.status).toBe("connected")
  })
})

describe("a forgotten handle", () => {
  const warnings = () => vi.spyOn(console, "warn").mockImplementation(() => {})

  it("[PL11] is found by the collector, released, and told where it was acquired", async () => {
    const warned = warnings()
    const { client, service } = start({ lingerMs: 0 })
    const forget = async () => {
      client.room("carelessly-opened", { initial: {} })
      await client.acquire("carelessly-acquired")
    }
    await forget()
    expect(client.pool.stats()).toMatchObject({ open: 2, leases: 2 })
    await vi.waitFor(async () => {
      await settle()
      expect(client.pool.stats()).toMatchObject({ open: 0, leases: 0, forgotten: 2 })
    })
    expect(service.open).toEqual([])
    const texts = warned.mock.calls.map(([text]) => String(text))
    expect(texts.find((text) => text.includes("carelessly-opened"))).toMatch(/acquired here[\s\S]*nothing-left\.test\.ts/)
    expect(texts.find((text) => text.includes("carelessly-acquired"))).toMatch(/acquired here/)
  })

  it("[PL11] is none while something listens on it, or once it was released", async () => {
    const warned = warnings()
    const { client, service } = start({ lingerMs: 0 })
    const heard: string[] = []
    const listenAndForget = () => {
      client.room("listened-to").on("enter", ({ entry }) => heard.push(entry.member))
      client.room("released").release()
    }
    listenAndForget()
    await settle()
    expect(client.pool.stats()).toMatchObject({ leases: 1, forgotten: 0 })
    const other = createClient({ url: "https://rollcall.test", token: tokenOf("bert"), WebSocket: service.WebSocket })
    endings.push(() => other.close())
    const lease = await other.acquire("listened-to", { initial: {} })
    await vi.waitFor(() => expect(heard).toEqual(["bert"]))
    lease.release()
    expect(warned).not.toHaveBeenCalled()
  })
})
