/** Refusals and faults of requests: merged counts, and what of them reaches the log. */
import { createExecutionContext, waitOnExecutionContext } from "cloudflare:test"
import { env } from "cloudflare:workers"
import fc from "fast-check"
import { afterEach, describe, expect, it, vi } from "vitest"
import { z } from "zod"
import { ERROR_CODES } from "../../src/protocol/errors.ts"
import app from "../../src/worker/index.ts"
import { RefusalCounter, together } from "../../src/worker/refusal-counter.ts"
import { newRoom, tokenFor } from "../room/room-client.ts"

afterEach(() => {
  vi.useRealTimers()
  vi.restoreAllMocks()
})

/** Lines of the log, which are not written. */
function listen() {
  const lines: unknown[] = []
  for (const level of ["error", "warn", "info"] as const) {
    vi.spyOn(console, level).mockImplementation((line: unknown) => void lines.push(JSON.parse(String(line))))
  }
  return lines
}

/** A directory that keeps what it is told. */
function ledger(answer: () => Promise<void> = () => Promise.resolve()) {
  const told: Record<string, number>[] = []
  const stub = {
    count: (counters: Record<string, number>) => {
      told.push(counters)
      return answer()
    },
  }
  return { told, DIRECTORY: { getByName: () => stub, get: () => stub, idFromName: (name: string) => name } }
}

async function ask(path: string, variables: object, init: RequestInit = {}): Promise<number> {
  const context = createExecutionContext()
  const response = await app.fetch(new Request(`https://rollcall.test${path}`, init), { ...env, ...variables }, context)
  await response.text()
  await waitOnExecutionContext(context)
  return response.status
}

const HOUR = 3_600_000
let clock = Date.now()
/** What other tests of this isolate left is told, and the next is due at once. */
async function rested(): Promise<void> {
  clock += HOUR
  vi.setSystemTime(clock)
  await ask("/healthz", ledger())
  clock += HOUR
  vi.setSystemTime(clock)
}

describe("refused requests", () => {
  it("[MT6] [LG5] are told at once after a pause, then merged until it is over, in one line of those that matter", async () => {
    await rested()
    const lines = listen()
    const { told, DIRECTORY } = ledger()
    const variables = { DIRECTORY, REPORT_MS: 1000 }
    const room = newRoom()
    const connect = (token: string) => ask(`/v1/rooms/${room}/connect`, variables, { headers: { authorization: `Bearer ${token}` } })
    const start = Date.now()
    vi.setSystemTime(start)
    expect(await connect("bad")).toBe(401)
    expect(told).toEqual([{ "refusals.bad_token": 1 }])
    for (let i = 0; i < 30; i++) expect(await connect("bad")).toBe(401)
    expect(await connect(await tokenFor("anna", { rooms: {} }))).toBe(403)
    expect(await connect(await tokenFor("anna"))).toBe(426)
    expect(await ask("/nowhere", variables)).toBe(404)
    expect(await ask("/healthz", variables)).toBe(200)
    vi.setSystemTime(start + 9999)
    expect(await ask("/healthz", variables)).toBe(200)
    expect(told).toHaveLength(1)
    vi.setSystemTime(start + 10_000)
    expect(await ask("/healthz", variables)).toBe(200)
    expect(told.slice(1)).toEqual([
      { "refusals.bad_token": 30, "refusals.forbidden": 1, "refusals.upgrade_required": 1, "refusals.not_found": 1 },
    ])
    expect(lines).toEqual([
      { level: "warn", event: "requests_refused", counts: { bad_token: 1 }, forMs: 0 },
      { level: "warn", event: "requests_refused", counts: { bad_token: 30, forbidden: 1 }, forMs: 10_000 },
    ])
    vi.setSystemTime(start + 60_000)
    expect(await ask("/healthz", variables)).toBe(200)
    expect(told, "nothing happened").toHaveLength(2)
  })

  it("[LG5] a client's own mistakes make no line", async () => {
    await rested()
    const lines = listen()
    const { told, DIRECTORY } = ledger()
    expect(await ask("/nowhere", { DIRECTORY })).toBe(404)
    expect(told).toEqual([{ "refusals.not_found": 1 }])
    expect(lines).toEqual([])
  })

  it("[MT6] a directory that fails is logged, and the answer is the same", async () => {
    await rested()
    const lines = listen()
    const { DIRECTORY } = ledger(() => Promise.reject(new Error("overloaded")))
    expect(await ask("/nowhere", { DIRECTORY })).toBe(404)
    expect(lines).toEqual([{ level: "error", event: "counts_failed", counts: { "refusals.not_found": 1 }, message: "overloaded" }])
  })

  it("[MT6] what did not reach the directory goes with the next, once, and is no second line", async () => {
    await rested()
    const lines = listen()
    expect(
      await ask(
        "/v1/admin/rooms",
        ledger(() => Promise.reject(new Error("overloaded"))),
      ),
    ).toBe(401)
    clock += HOUR
    vi.setSystemTime(clock)
    const { told, DIRECTORY } = ledger()
    expect(await ask("/healthz", { DIRECTORY })).toBe(200)
    clock += HOUR
    vi.setSystemTime(clock)
    expect(await ask("/v1/admin/rooms", { DIRECTORY })).toBe(401)
    expect(told).toEqual([{ "refusals.bad_token": 1 }, { "refusals.bad_token": 1 }])
    expect(lines).toMatchObject([{ event: "requests_refused" }, { event: "counts_failed" }, { event: "requests_refused" }])
  })

  it("[MT6] loses none and never tells too early, whenever they come", () => {
    const step = fc.record({
      code: fc.option(fc.constantFrom(...ERROR_CODES)),
      after: fc.integer({ min: 0, max: 4000 }),
      arrives: fc.boolean(),
    })
    fc.assert(
      fc.property(fc.array(step, { maxLength: 100 }), (steps) => {
        const counter = new RefusalCounter()
        let now = 0
        let added = 0
        let taken = 0
        let last = Number.NEGATIVE_INFINITY
        const take = (arrives: boolean) => {
          const due = counter.take(10_000, now)
          if (due === null) return
          if (!arrives) counter.giveBack(due)
          expect(now - last).toBeGreaterThanOrEqual(10_000)
          last = now
          if (arrives) taken += Object.values(together(due.counts, due.owed)).reduce((sum, count) => sum + count, 0)
        }
        for (const { code, after, arrives } of steps) {
          now += after
          if (code !== null) added++
          if (code !== null) counter.add(code, now)
          take(arrives)
        }
        now += 10_000
        take(true)
        expect(taken).toBe(added)
      }),
    )
  })
})

describe("faults of requests", () => {
  it("[LG1] [LG2] a bug is a line with the route's pattern, and without what the address held", async () => {
    await rested()
    const lines = listen()
    const { DIRECTORY } = ledger()
    const token = await tokenFor("anna")
    const ROOM = {
      getByName: () => ({
        fetch: () => Promise.reject(new Error(`cannot read ?token=${token}`)),
      }),
    }
    expect(await ask(`/v1/rooms/secret-room/connect?token=${token}`, { DIRECTORY, ROOM })).toBe(500)
    const line = z.object({ message: z.string(), at: z.string() }).loose().parse(lines[0])
    expect(line).toMatchObject({ level: "error", event: "request_failed", method: "GET", route: expect.stringContaining(":room") })
    expect(line.at).toContain("refusals.test.ts")
    expect(lines[1]).toMatchObject({ event: "requests_refused", counts: { internal: 1 } })
    for (const secret of [token.slice(0, 30), "secret-room"]) expect(JSON.stringify(lines)).not.toContain(secret)
  })

  it("[LG1] a variable that is wrong is a line, however many requests meet it", async () => {
    const lines = listen()
    const variables = { ...ledger(), GRACE_MS: "soon" }
    for (let i = 0; i < 100; i++) expect(await ask("/healthz", variables)).toBe(500)
    expect(lines.length).toBeGreaterThan(0)
    expect(lines.length).toBeLessThanOrEqual(20)
    for (const line of lines)
      expect(line).toMatchObject({ level: "error", event: "misconfigured", message: expect.stringMatching(/^GRACE_MS/) })
  })
})
