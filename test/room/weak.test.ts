import { runInDurableObject } from "cloudflare:test"
import { describe, expect, it, vi } from "vitest"
import { WeakCache } from "../../src/cache/weak-cache.ts"
import type { Connection } from "../../src/core/connection.ts"
import { emptyRoster, enter, open, restore } from "../../src/core/roster.ts"
import type { Entry } from "../../src/protocol/frames.ts"
import { Snapshot } from "../../src/room/snapshot.ts"
import { Sockets } from "../../src/room/sockets.ts"
import { connect, hibernate, newRoom, type RoomClient, stubOf } from "./room-client.ts"

declare global {
  // Present because the tests run with --expose-gc.
  var gc: () => void
}

/** Collects what is only weakly held, and lets the finalizers run. */
async function collect(): Promise<void> {
  globalThis.gc()
  await new Promise((resolve) => setTimeout(resolve, 0))
  globalThis.gc()
  await new Promise((resolve) => setTimeout(resolve, 0))
}

/** As much garbage as a busy isolate makes: under the tests' small heap it forces collections of the old space. */
function press(): number {
  let kept: string[] = []
  let bytes = 0
  while (bytes < 192 * 1024 * 1024) {
    const text = `${bytes}`.padEnd(64 * 1024, "x")
    kept.push(text)
    bytes += text.length
    if (kept.length > 200) kept = []
  }
  return kept.length
}

const between: [string, (room: string) => Promise<unknown>][] = [
  ["nothing", () => Promise.resolve()],
  ["a forced collection", () => collect()],
  ["memory pressure", async () => press()],
  ["hibernation", (room) => hibernate(room)],
]

describe("no answer depends on a collection", () => {
  it("[WC5] the same conversation has the same answers, whatever is collected between its frames", async () => {
    const transcripts = []
    for (const [, disturb] of between) {
      const room = newRoom()
      const anna = await connect(room, "anna")
      const bert = await connect(room, "bert")
      const answers: unknown[] = []
      const step = async (client: RoomClient, frame: Record<string, unknown>) => {
        answers.push(await client.ask(frame))
        await disturb(room)
        answers.push(await anna.sync(), await bert.sync())
      }
      await step(anna, { type: "enter", data: { x: 1 } })
      await step(bert, { type: "enter", data: { text: "é".repeat(500) } })
      await step(anna, { type: "update", data: { x: 2, y: 3 } })
      await step(bert, { type: "update", data: { text: null } })
      await step(bert, { type: "leave" })
      await step(anna, { type: "update", data: { x: null } })
      const carl = await connect(room, "carl")
      answers.push(
        carl.welcome.present,
        await stubOf(room)
          .stats(room)
          .then(({ members, connections, observers }) => ({ members, connections, observers })),
      )
      transcripts.push(
        JSON.stringify(answers)
          .replaceAll(/"connection":"[^"]+"/g, "")
          .replaceAll(/"since":\d+/g, ""),
      )
    }
    expect(new Set(transcripts).size).toBe(1)
  })

  it("[WC2] [WC4] the room's counters see what was reclaimed, and what was made anew", async () => {
    const room = newRoom()
    const clients = await Promise.all(Array.from({ length: 80 }, (_, i) => connect(room, `member-${i}`)))
    for (const client of clients) await client.ask({ type: "enter", data: { text: "x".repeat(200) } })
    const [first] = clients
    if (first === undefined) throw new Error("no client")
    const before = await first.sync()
    const warm = (await stubOf(room).stats(room)).cache
    expect(warm.live).toBe(81)
    await first.ask({ type: "update", data: { n: 1 } })
    await collect()
    const after = (await stubOf(room).stats(room)).cache
    // The ring keeps 64 entries and one room; the other entries are gone, and the next answer is the same.
    expect(after.reclaimed - warm.reclaimed).toBe(16)
    expect(after.live).toBe(65)
    const others = (entries: Entry[]) => entries.filter(({ ref }) => ref !== first.welcome.ref)
    expect(others(await first.sync())).toEqual(others(before))
    const again = (await stubOf(room).stats(room)).cache
    expect(again.misses - after.misses).toBeGreaterThanOrEqual(17)
    expect(again.live).toBe(81)
  })
})

describe("weak holding in workerd", () => {
  it("[WC6] a dead socket's entry in a WeakMap goes without clean-up code, and with it what only it held", async () => {
    const room = newRoom()
    const anna = await connect(room, "anna")
    const bert = await connect(room, "bert")
    await anna.ask({ type: "enter", data: {} })
    await bert.ask({ type: "enter", data: {} })
    const decoded = new Map<string, WeakRef<Connection>>()
    const holder = await runInDurableObject(stubOf(room), (_room, state) => {
      // A second holder beside the room's own: nothing but its WeakMap keeps what it decoded.
      const sockets = new Sockets(state)
      for (const { attachment } of sockets.restore(60, Date.now()))
        decoded.set(attachment.connection.id, new WeakRef(attachment.connection))
      return sockets
    })
    const isHeld = (client: RoomClient) => decoded.get(client.welcome.connection)?.deref() !== undefined
    await collect()
    expect([isHeld(anna), isHeld(bert)]).toEqual([true, true])
    bert.close(1000)
    await vi.waitFor(() => expect(bert.closed.code).toBe(1000))
    await vi.waitFor(async () => {
      await collect()
      expect(isHeld(bert)).toBe(false)
    })
    expect(isHeld(anna)).toBe(true)
    expect(holder).toBeInstanceOf(Sockets)
  })

  it("[WC1] [WC6] values that nobody uses go under memory pressure in a heap of 128 MB, without a forced collection", async () => {
    const cache = new WeakCache<number, { text: string }>(4)
    for (let key = 0; key < 2000; key++)
      cache.get(
        key,
        () => true,
        () => ({ text: `${key}` }),
      )
    await vi.waitFor(
      () => {
        press()
        expect(cache.counters().live).toBeLessThan(100)
      },
      { timeout: 20_000 },
    )
    const { live, reclaimed } = cache.counters()
    expect(live + reclaimed).toBe(2000)
    expect(live).toBeGreaterThanOrEqual(4)
    expect(
      cache.get(
        7,
        () => true,
        () => ({ text: "7" }),
      ).text,
    ).toBe("7")
  }, 30_000)

  it("[WC3] a finalizer for an old value spares a newer one under the same key", async () => {
    const cache = new WeakCache<string, { n: number }>(1)
    cache.get(
      "key",
      () => true,
      () => ({ n: 1 }),
    )
    const newer = cache.get(
      "key",
      ({ n }) => n === 2,
      () => ({ n: 2 }),
    )
    await collect()
    expect(
      cache.get(
        "key",
        ({ n }) => n === 2,
        () => ({ n: 3 }),
      ),
    ).toBe(newer)
    expect(cache.counters()).toMatchObject({ live: 1 })
  })

  it("[WC4] a snapshot is encoded once while nobody changes, and only what changed is encoded anew", () => {
    const roster = emptyRoster()
    const identity = { member: "anna", info: {}, grants: { subscribe: true, presence: true, message: true }, expiresAt: 1e15 }
    const connections: Connection[] = []
    for (let i = 0; i < 10; i++) {
      const connection = open(roster, `connection-${i}`, identity, 60, 0)
      enter(roster, connection, { i }, 1000, 0)
      connections.push(connection)
    }
    const snapshot = new Snapshot()
    const text = snapshot.text(roster)
    expect(JSON.parse(text)).toHaveLength(10)
    expect(snapshot.counters()).toMatchObject({ hits: 0, misses: 11 })
    expect(snapshot.text(roster)).toBe(text)
    expect(snapshot.counters()).toMatchObject({ hits: 1, misses: 11 })
    const [first] = connections
    if (first === undefined) throw new Error("no connection")
    enter(roster, first, { i: "new" }, 1000, 0)
    expect(JSON.parse(snapshot.text(roster))[0].data).toEqual({ i: "new" })
    expect(snapshot.counters()).toMatchObject({ hits: 10, misses: 13 })
    restore(roster, { ...first, id: "another", ref: 99, entry: null })
    expect(snapshot.text(roster)).toBe(snapshot.text(roster))
  })
})
