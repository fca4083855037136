/** The pool by itself: who gets a place, who waits, what is kept and what goes. */
import { describe, expect, it, vi } from "vitest"
import { createPool, type PoolOptions } from "../../src/client/pool.ts"
import { virtualTime } from "./scene.ts"

virtualTime()

type Thing = { readonly key: string; state: "waiting" | "open" | "resting" | "closed"; isReady: boolean; look: () => void }

/** A pool of things that are ready when the test says so; at once unless it says otherwise. */
function poolOf(options: Partial<PoolOptions<Thing>> = {}, readyAtOnce = true) {
  const things: Thing[] = []
  const log: string[] = []
  const pool = createPool<Thing>({
    min: 0,
    max: 2,
    lingerMs: 1000,
    create(key) {
      const thing: Thing = { key, state: "waiting", isReady: false, look() {} }
      things.push(thing)
      return thing
    },
    open(thing) {
      thing.state = "open"
      thing.isReady = readyAtOnce
      log.push(`open ${thing.key}`)
      thing.look()
    },
    close(thing) {
      thing.state = "closed"
      log.push(`close ${thing.key}`)
      thing.look()
    },
    rest(thing) {
      thing.state = "resting"
      log.push(`rest ${thing.key}`)
    },
    ready: (thing, signal) =>
      new Promise((resolve, reject) => {
        const before = thing.look
        thing.look = () => {
          before()
          if (thing.isReady) resolve()
          if (thing.state === "closed") reject(new Error("closed"))
        }
        signal.addEventListener("abort", () => reject(signal.reason))
        thing.look()
      }),
    ...options,
  })
  const acquire = (key: string, more = {}) => pool.acquire(key, { timeoutMs: 5000, ...more })
  return {
    pool,
    acquire,
    things,
    log,
    open: () => things.filter(({ state }) => state === "open" || state === "resting").map(({ key }) => key),
  }
}

function noted<Value>(list: string[], item: string, value: Value): Value {
  list.push(item)
  return value
}

const settle = () => vi.advanceTimersByTimeAsync(0)

describe("places", () => {
  it("[PL1] are shared by all who ask for the same key", async () => {
    const { pool, acquire, log } = poolOf()
    const leases = await Promise.all(Array.from({ length: 10 }, () => acquire("a")))
    expect(log).toEqual(["open a"])
    expect(new Set(leases.map(({ resource }) => resource)).size).toBe(1)
    expect(pool.stats()).toMatchObject({ open: 1, inUse: 1, idle: 0, leases: 10, waiting: 0 })
    for (const lease of leases) lease.release()
    expect(pool.stats()).toMatchObject({ open: 1, inUse: 0, idle: 1, leases: 0 })
    pool.close()
  })

  it("[PL2] are never more than the maximum; who comes later waits, in order", async () => {
    const { pool, acquire, log, open } = poolOf()
    const [a, b] = await Promise.all([acquire("a"), acquire("b")])
    const order: string[] = []
    const waiting = ["c", "d", "e"].map((key) => acquire(key).then((lease) => noted(order, key, lease)))
    await settle()
    expect([order, open(), pool.stats().waiting]).toEqual([[], ["a", "b"], 3])
    a.release()
    await settle()
    expect([order, open(), pool.stats().waiting]).toEqual([["c"], ["b", "c"], 2])
    b.release()
    await settle()
    expect([order, open()]).toEqual([
      ["c", "d"],
      ["c", "d"],
    ])
    ;(await waiting[0])?.release()
    await settle()
    expect(order).toEqual(["c", "d", "e"])
    expect(log.filter((line) => line.startsWith("close"))).toEqual(["close a", "close b", "close c"])
    pool.close()
  })

  it("[PL2] who asks for what is open, or waited for already, takes no place and no turn of its own", async () => {
    const { pool, acquire } = poolOf({ max: 1 })
    const a = await acquire("a")
    const order: string[] = []
    const waiting = ["b", "c", "b"].map((key, at) => acquire(key).then((lease) => noted(order, key + at, lease)))
    expect((await acquire("a")).resource).toBe(a.resource)
    expect(pool.stats()).toMatchObject({ open: 1, leases: 5, waiting: 3 })
    for (let i = 0; i < 2; i++) pool.stats()
    a.release()
    await settle()
    expect(order).toEqual([])
    pool.broken("a")
    await settle()
    expect(order).toEqual(["b0", "b2"])
    for (const lease of [waiting[0], waiting[2]]) (await lease)?.release()
    await settle()
    expect(order).toEqual(["b0", "b2", "c1"])
    pool.close()
  })

  it("[PL2] a minimum above the maximum, or no place at all, is an error", () => {
    for (const limits of [{ min: 3, max: 2 }, { max: 0 }, { min: -1 }, { max: Number.NaN }])
      expect(() => poolOf(limits)).toThrow(RangeError)
  })
})

describe("who waits", () => {
  it("[PL3] gives up after its timeout, is counted, and is not served afterwards", async () => {
    const { pool, acquire, things } = poolOf({ max: 1 })
    const a = await acquire("a")
    const late = expect(acquire("b", { timeoutMs: 300 })).rejects.toMatchObject({ code: "acquire_timeout" })
    const patient = acquire("c")
    await vi.advanceTimersByTimeAsync(299)
    expect(pool.stats().waiting).toBe(2)
    await vi.advanceTimersByTimeAsync(1)
    await late
    expect(pool.stats()).toMatchObject({ waiting: 1, timeouts: 1, leases: 2 })
    a.release()
    expect((await patient).resource.key).toBe("c")
    expect(things.find(({ key }) => key === "b")?.state).toBe("closed")
    pool.close()
  })

  it("[PL3] gives up when its signal says so, with the signal's reason", async () => {
    const { pool, acquire } = poolOf({ max: 1 })
    const a = await acquire("a")
    const controller = new AbortController()
    const aborted = expect(acquire("b", { signal: controller.signal })).rejects.toBe("enough")
    controller.abort("enough")
    await aborted
    await expect(acquire("c", { signal: controller.signal })).rejects.toBe("enough")
    expect(pool.stats()).toMatchObject({ waiting: 0, timeouts: 0, leases: 1, opened: 1 })
    a.release()
    pool.close()
  })

  it("[PL3] an abort after the place was given takes it back only while nobody has it", async () => {
    const { pool, acquire } = poolOf()
    const controller = new AbortController()
    const early = acquire("a", { signal: controller.signal })
    const lease = await early
    controller.abort()
    expect(pool.stats()).toMatchObject({ leases: 1, inUse: 1 })
    lease.release()
    expect(pool.stats()).toMatchObject({ leases: 0 })
    expect(vi.getTimerCount()).toBe(1)
    pool.close()
    expect(vi.getTimerCount()).toBe(0)
  })

  it("[PL4] gets nothing that is not ready, and nothing that closes before", async () => {
    const { pool, acquire, things } = poolOf({}, false)
    const given: string[] = []
    const lease = acquire("a").then((one) => noted(given, "a", one))
    await settle()
    expect(given).toEqual([])
    for (const thing of things) thing.isReady = true
    things[0]?.look()
    expect((await lease).resource.key).toBe("a")
    const never = expect(acquire("b")).rejects.toThrow("closed")
    pool.broken("b")
    await never
    expect(pool.stats()).toMatchObject({ open: 1, broken: 1, leases: 1 })
    pool.close()
  })
})

describe("what nobody uses", () => {
  it("[PL5] lingers, and is used again; then it is closed", async () => {
    const { pool, acquire, log } = poolOf()
    const first = await acquire("a")
    first.release()
    await vi.advanceTimersByTimeAsync(999)
    const second = await acquire("a")
    expect(second.resource).toBe(first.resource)
    await vi.advanceTimersByTimeAsync(5000)
    expect(log).toEqual(["open a"])
    second.release()
    await vi.advanceTimersByTimeAsync(1000)
    expect([log, pool.stats()]).toMatchObject([["open a", "close a"], { open: 0, opened: 1, closed: 1 }])
    expect(vi.getTimerCount()).toBe(0)
  })

  it("[PL5] makes room for who waits, the longest idle first", async () => {
    const { pool, acquire, log } = poolOf({ max: 2 })
    const [a, b] = await Promise.all([acquire("a"), acquire("b")])
    b.release()
    a.release()
    await acquire("c")
    expect(log.at(-2)).toBe("close b")
    pool.close()
  })

  it("[PL6] as far as the minimum goes, it stays open and rests", async () => {
    const { pool, acquire, log } = poolOf({ min: 1, max: 3 })
    const leases = await Promise.all(["a", "b"].map((key) => acquire(key)))
    for (const { release } of leases) release()
    await vi.advanceTimersByTimeAsync(60_000)
    expect(log.slice(2)).toEqual(["rest a", "close b"])
    expect(pool.stats()).toMatchObject({ open: 1, idle: 1 })
    const again = await acquire("a")
    expect(log).toHaveLength(4)
    again.release()
    pool.close()
  })

  it("[PL6] can be opened ahead of use, and is opened again when it had to make room", async () => {
    const { pool, acquire, open } = poolOf({ min: 2, max: 2 })
    pool.warm(["a", "b", "c"])
    expect([open(), pool.stats()]).toMatchObject([["a", "b"], { idle: 2, inUse: 0 }])
    const c = await acquire("c")
    expect(open()).toEqual(["b", "c"])
    c.release()
    await vi.advanceTimersByTimeAsync(1000)
    expect(open()).toEqual(["b", "c"])
    pool.warm(["a", "b"])
    await vi.advanceTimersByTimeAsync(2000)
    expect(open().sort()).toEqual(["b", "c"])
    pool.broken("c")
    expect(open().sort()).toEqual(["a", "b"])
    pool.close()
  })

  it("[PL7] what is broken is handed out no more, though who has it keeps it", async () => {
    const { pool, acquire, things } = poolOf()
    const old = await acquire("a")
    pool.broken("a")
    expect(pool.stats()).toMatchObject({ open: 0, broken: 1, closed: 1, leases: 1 })
    const fresh = await acquire("a")
    expect(fresh.resource).not.toBe(old.resource)
    old.release()
    expect(pool.stats()).toMatchObject({ open: 1, inUse: 1, leases: 1 })
    fresh.release()
    expect(things.map(({ state }) => state)).toEqual(["closed", "open"])
    pool.close()
  })

  it("[PL7] a broken one makes room, and is not warmed again", async () => {
    const { pool, acquire, open } = poolOf({ min: 1, max: 1 })
    pool.warm(["a"])
    pool.broken("a")
    expect(open()).toEqual([])
    await acquire("b")
    const waiting = acquire("c")
    pool.broken("b")
    expect((await waiting).resource.key).toBe("c")
    pool.close()
  })
})

describe("the end of a pool", () => {
  it("[PL8] closes all, tells who waits, and takes nobody any more", async () => {
    const { pool, acquire, things } = poolOf({ max: 1 })
    const a = await acquire("a")
    const waiting = expect(acquire("b")).rejects.toThrow()
    pool.close()
    await waiting
    expect(things.map(({ state }) => state)).toEqual(["closed", "closed"])
    await expect(acquire("a")).rejects.toMatchObject({ code: "closed" })
    expect(() => pool.request("a")).toThrow(expect.objectContaining({ code: "closed" }))
    a.release()
    expect(pool.stats()).toMatchObject({ open: 0, leases: 0, waiting: 0 })
    expect(vi.getTimerCount()).toBe(0)
  })
})
