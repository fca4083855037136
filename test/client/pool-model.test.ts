/** The pool against a naive one that keeps lists and looks through them: whatever is asked of both, both do the same. */
import fc from "fast-check"
import { describe, expect, it, vi } from "vitest"
import { createPool, type Held } from "../../src/client/pool.ts"
import { virtualTime } from "./scene.ts"

virtualTime()

const LINGER_MS = 1000

type Thing = { readonly key: string; isOpen: boolean; isClosed: boolean; tell: () => void }
type Fate = "waiting" | "given" | "timeout" | "aborted" | "released"
type Ask = { readonly key: string; readonly deadline: number; readonly number: number; fate: Fate }
type Place = { readonly key: string; asks: Ask[]; isOpen: boolean; idleSince: number | null; isResting: boolean }

/** Everything that has been asked, and what should have become of it. */
class NaivePool {
  places: Place[] = []
  now = 0
  readonly asks: Ask[] = []
  /** The numbers of the asks, as they are given. */
  readonly given: number[] = []
  readonly #min: number
  readonly #max: number

  constructor(min: number, max: number) {
    this.#min = min
    this.#max = max
  }

  get open(): string[] {
    return this.places.filter(({ isOpen }) => isOpen).map(({ key }) => key)
  }

  acquire(key: string, timeoutMs: number): void {
    const ask: Ask = { key, deadline: this.now + timeoutMs, number: this.asks.length, fate: "waiting" }
    this.asks.push(ask)
    const place = this.places.find((one) => one.key === key) ?? { key, asks: [], isOpen: false, idleSince: null, isResting: false }
    if (!this.places.includes(place)) this.places.push(place)
    place.asks.push(ask)
    place.idleSince = null
    place.isResting = false
    if (place.isOpen) this.#give(ask)
    this.#serve()
  }

  end(ask: Ask, fate: Fate): void {
    ask.fate = fate
    const place = this.places.find(({ asks }) => asks.includes(ask))
    if (place === undefined) return
    place.asks = place.asks.filter((one) => one !== ask)
    if (place.asks.length === 0) {
      this.places = this.places.filter((one) => one !== place)
      if (place.isOpen) {
        place.idleSince = this.now
        this.places.push(place)
      }
    }
    this.#serve()
  }

  broken(key: string): void {
    const place = this.places.find((one) => one.key === key)
    if (place?.isOpen !== true) return
    this.places = this.places.filter((one) => one !== place)
    this.#serve()
  }

  /** One millisecond: first who gives up, then what has lingered. */
  tick(): void {
    this.now++
    for (const ask of this.asks) if (ask.fate === "waiting" && ask.deadline <= this.now) this.end(ask, "timeout")
    for (const place of [...this.places]) {
      if (place.isResting || place.idleSince === null || place.idleSince + LINGER_MS > this.now) continue
      if (this.places.filter(({ isResting }) => isResting).length < this.#min) place.isResting = true
      else this.places = this.places.filter((one) => one !== place)
    }
  }

  #serve(): void {
    for (const place of this.places.filter(({ isOpen }) => !isOpen)) {
      if (this.open.length >= this.#max) {
        const idle = this.places.filter(({ idleSince }) => idleSince !== null)
        const [oldest] = idle.toSorted((a, b) => (a.idleSince ?? 0) - (b.idleSince ?? 0))
        if (oldest === undefined) return
        this.places = this.places.filter((one) => one !== oldest)
      }
      place.isOpen = true
      for (const ask of place.asks) this.#give(ask)
    }
  }

  #give(ask: Ask): void {
    ask.fate = "given"
    this.given.push(ask.number)
  }
}

const keys = fc.constantFrom("a", "b", "c", "d", "e")
const action = fc.oneof(
  { weight: 5, arbitrary: fc.record({ do: fc.constant("acquire" as const), key: keys, timeoutMs: fc.integer({ min: 1, max: 3000 }) }) },
  { weight: 4, arbitrary: fc.record({ do: fc.constantFrom("release" as const, "abort" as const), which: fc.nat(30) }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant("broken" as const), key: keys }) },
  { weight: 3, arbitrary: fc.record({ do: fc.constant("wait" as const), ms: fc.integer({ min: 1, max: 1500 }) }) },
)

describe("whatever is asked of it", () => {
  it("[PL2] [PL3] [PL5] [PL6] [PL7] the pool does as the naive one: never past the maximum, in order, in time", async () => {
    const limits = fc.integer({ min: 1, max: 3 }).chain((max) => fc.record({ max: fc.constant(max), min: fc.nat(max) }))
    await fc.assert(
      fc.asyncProperty(limits, fc.array(action, { minLength: 1, maxLength: 40 }), async ({ min, max }, script) => {
        const naive = new NaivePool(min, max)
        const things: Thing[] = []
        const given: number[] = []
        const fates: Fate[] = []
        const held: (Held<Thing> | undefined)[] = []
        const aborts: AbortController[] = []
        let mostOpen = 0
        const open = () => things.filter(({ isOpen, isClosed }) => isOpen && !isClosed).map(({ key }) => key)
        const pool = createPool<Thing>({
          min,
          max,
          lingerMs: LINGER_MS,
          create(key) {
            const thing = { key, isOpen: false, isClosed: false, tell() {} }
            things.push(thing)
            return thing
          },
          open(thing) {
            thing.isOpen = true
            mostOpen = Math.max(mostOpen, open().length)
            thing.tell()
          },
          close(thing) {
            thing.isClosed = true
          },
          rest() {},
          ready: (thing, signal) =>
            new Promise((resolve, reject) => {
              const before = thing.tell
              thing.tell = () => {
                before()
                resolve()
              }
              signal.addEventListener("abort", () => reject(signal.reason))
              if (thing.isOpen) resolve()
            }),
        })

        const acquire = async (key: string, timeoutMs: number): Promise<void> => {
          const number = fates.length
          const abort = new AbortController()
          fates.push("waiting")
          aborts.push(abort)
          try {
            held[number] = await pool.acquire(key, { timeoutMs, signal: abort.signal })
            given.push(number)
            fates[number] = "given"
          } catch (error) {
            fates[number] = error === "aborted" ? "aborted" : "timeout"
          }
        }

        for (const one of script) {
          if (one.do === "acquire") {
            naive.acquire(one.key, one.timeoutMs)
            void acquire(one.key, one.timeoutMs)
          } else if (one.do === "broken") {
            if (naive.open.includes(one.key)) pool.broken(one.key)
            naive.broken(one.key)
          } else if (one.do === "wait") {
            for (let ms = 0; ms < one.ms; ms++) naive.tick()
            await vi.advanceTimersByTimeAsync(one.ms)
          } else {
            const ask = naive.asks[one.which % Math.max(1, naive.asks.length)]
            if (ask?.fate === "given" && one.do === "release") {
              naive.end(ask, "released")
              held[ask.number]?.release()
              fates[ask.number] = "released"
            } else if (ask?.fate === "waiting" && one.do === "abort") {
              naive.end(ask, "aborted")
              aborts[ask.number]?.abort("aborted")
            }
          }
          await vi.advanceTimersByTimeAsync(0)
          expect(fates).toEqual(naive.asks.map(({ fate }) => fate))
          expect(given).toEqual(naive.given)
          expect(open().sort()).toEqual(naive.open.sort())
          const leases = naive.asks.filter(({ fate }) => fate === "given" || fate === "waiting").length
          const waiting = naive.asks.filter(({ fate }) => fate === "waiting").length
          expect(pool.stats()).toMatchObject({ open: naive.open.length, waiting, leases })
        }
        expect(mostOpen).toBeLessThanOrEqual(max)
        for (const [number, fate] of fates.entries()) {
          if (fate === "given") held[number]?.release()
          if (fate === "waiting") aborts[number]?.abort("aborted")
        }
        await vi.advanceTimersByTimeAsync(0)
        pool.close()
        await vi.advanceTimersByTimeAsync(0)
        expect([open(), pool.stats().leases, vi.getTimerCount()]).toEqual([[], 0, 0])
      }),
      { numRuns: 200 },
    )
  }, 60_000)
})
