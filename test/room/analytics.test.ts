/** A room's reports as data points: local workerd keeps none, so that a recorder stands where the dataset would. */
import { runInDurableObject } from "cloudflare:test"
import { env } from "cloudflare:workers"
import fc from "fast-check"
import { afterEach, describe, expect, it, vi } from "vitest"
import page from "../../docs/metrics.md?raw"
import { COUNTER_NAMES } from "../../src/protocol/counters.ts"
import { DOUBLES, pointOf } from "../../src/room/analytics.ts"
import { Room } from "../../src/room/room.ts"
import { newRoom, stubOf } from "./room-client.ts"

afterEach(() => vi.restoreAllMocks())

const PLACEMENT = { info: {}, data: {}, ttl: 60_000 }

/** The room's own object, made anew with this in its environment. */
function withBindings<T>(room: string, bindings: object, work: (room: Room) => Promise<T>): Promise<T> {
  return runInDurableObject(stubOf(room), (_, state) => work(new Room(state, { ...env, ...bindings })))
}

describe("data points", () => {
  it("[MT5] are laid out as docs/metrics.md says, within the platform's limits", () => {
    const columns = Array.from(page.matchAll(/^\| `double(\d+)` \| `([\w.]+)`/gm), ([, number, name]) => [Number(number), name])
    expect(columns).toEqual(Object.keys(DOUBLES).map((name, i) => [i + 1, name]))
    expect(columns.length).toBeLessThanOrEqual(20)
    const counters = fc.dictionary(fc.constantFrom(...COUNTER_NAMES), fc.nat())
    const name = fc.stringMatching(/^[A-Za-z0-9_.:,;=@~-]{1,128}$/)
    fc.assert(
      fc.property(name, fc.nat(), counters, (room, members, counted) => {
        const report = { room, members, connections: 2, observers: 1, since: 0, leaseMs: 1, counters: counted }
        const { indexes = [], blobs, doubles = [] } = pointOf(report)
        expect(indexes).toHaveLength(1)
        expect(new TextEncoder().encode(String(indexes[0])).length).toBeLessThanOrEqual(96)
        expect(room.startsWith(String(indexes[0]))).toBe(true)
        expect(blobs).toEqual([room])
        expect(doubles.every(Number.isFinite)).toBe(true)
        expect(doubles.slice(0, 4)).toEqual([members, 2, 1, counted["framesIn"] ?? 0])
        const errors = Object.entries(counted).filter(([key]) => key.startsWith("errors."))
        expect(doubles[13]).toBe(errors.reduce((sum, [, count]) => sum + count, 0))
      }),
    )
  })

  it("[MT5] one for each report that the directory took, merged as reports are", async () => {
    const room = newRoom()
    const points: AnalyticsEngineDataPoint[] = []
    const ANALYTICS = { writeDataPoint: (point: AnalyticsEngineDataPoint) => void points.push(point) }
    let isDown = false
    const report = vi.fn(() => (isDown ? Promise.reject(new Error("down")) : Promise.resolve()))
    const stub = { report }
    const DIRECTORY = { getByName: () => stub, get: () => stub, idFromName: (name: string) => name }
    const logged = vi.spyOn(console, "error").mockImplementation(() => undefined)
    await withBindings(room, { ANALYTICS, DIRECTORY }, async (object) => {
      expect(await object.place("bot", PLACEMENT)).toBe(null)
      await vi.waitFor(() => expect(points).toHaveLength(1))
      for (let i = 0; i < 20; i++) expect(await object.place(`bot-${i}`, PLACEMENT)).toBe(null)
      expect(report, "merged: not before REPORT_MS is over").toHaveBeenCalledTimes(1)
      isDown = true
      await object.close()
      await vi.waitFor(() => expect(logged).toHaveBeenCalledWith(expect.stringContaining("report_failed")))
      expect(points).toHaveLength(1)
      isDown = false
      vi.setSystemTime(Date.now() + 5000)
      // As many as it last told, but whether the directory took the last word is not known.
      expect(await object.place("late", PLACEMENT)).toBe(null)
      await vi.waitFor(() => expect(points).toHaveLength(2))
      vi.useRealTimers()
    })
    expect(points[0]).toMatchObject({ indexes: [room], blobs: [room] })
    expect(points[0]?.doubles?.[0]).toBe(1)
    // What the report that failed would have told is in the next one.
    expect(points[1]?.doubles?.[8]).toBe(21)
    expect(points[1]?.doubles?.[10]).toBe(21)
    await runInDurableObject(stubOf(room), (_, state) => state.storage.deleteAll())
  })

  it("[MT5] need no directory, and one that is not taken is logged and hurts nothing else", async () => {
    const room = newRoom()
    const logged = vi.spyOn(console, "error").mockImplementation(() => undefined)
    const ANALYTICS = {
      writeDataPoint: () => {
        throw new Error("too many points")
      },
    }
    await withBindings(room, { ANALYTICS, DIRECTORY: undefined }, async (object) => {
      expect(await object.place("bot", PLACEMENT)).toBe(null)
      await vi.waitFor(() => expect(logged).toHaveBeenCalled())
      expect(object.stats(room)).toMatchObject({ members: 1 })
    })
    const line = { level: "error", event: "analytics_failed", room, message: "too many points" }
    expect(logged.mock.calls).toEqual([[JSON.stringify(line)]])
    await runInDurableObject(stubOf(room), (_, state) => state.storage.deleteAll())
  })

  it("[MT5] the runtime's own binding takes them", async () => {
    const room = newRoom()
    const logged = vi.spyOn(console, "error").mockImplementation(() => undefined)
    const real = env["TEST_ANALYTICS"]
    expect(real).toBeDefined()
    await withBindings(room, { ANALYTICS: real }, async (object) => {
      expect(await object.place("bot", PLACEMENT)).toBe(null)
      await object.close()
    })
    expect(logged.mock.calls).toEqual([])
  })
})
