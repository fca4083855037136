import { afterEach, beforeEach, describe, expect, it, vi } from "vitest"
import type { Connection } from "../../src/core/connection.ts"
import { emptyRoster, enter, open, present, type Roster, update } from "../../src/core/roster.ts"
import { FanOut } from "../../src/room/fan-out.ts"
import type { Recipients } from "../../src/room/recipients.ts"
import { afterPresence, type Picture, pictureOf } from "../core/picture.ts"

/** No socket: it receives for many readers, and hands on what it is told as it came. */
class Relay {
  readonly connection: Connection
  readonly readers: Picture[]
  isBroken = false
  frames = 0

  constructor(connection: Connection, readers: number) {
    this.connection = connection
    this.readers = Array.from({ length: readers }, () => pictureOf("[]"))
  }

  take(frame: string): void {
    this.frames++
    for (const [i, picture] of this.readers.entries()) this.readers[i] = afterPresence(picture, frame)
  }
}

class Relays implements Recipients<Relay> {
  readonly relays: Relay[] = []
  open = () => this.relays.filter(({ isBroken }) => !isBroken)
  connectionOf = ({ connection }: Relay) => connection
  send = (relay: Relay, frame: string | Uint8Array) => {
    if (typeof frame !== "string" || relay.isBroken) return false
    relay.take(frame)
    return true
  }
}

const RATE = 1000
const ALL = { subscribe: true, presence: true, message: true }

function opened(roster: Roster, name: string): Connection {
  const identity = { member: name, info: {}, grants: ALL, expiresAt: Number.POSITIVE_INFINITY }
  return open(roster, `${name}-connection`, identity, RATE, Date.now())
}

function room(tickMs: number, fanoutPerSecond = 20_000) {
  const roster = emptyRoster()
  const recipients = new Relays()
  const failed: Relay[] = []
  const fanOut = new FanOut<Relay>(
    recipients,
    { sent: () => {} },
    { tickMs, fanoutPerSecond },
    {
      merged: () => {},
      members: () => roster.presentOf.size,
      version: () => roster.version,
      recordEntered: () => {},
      ticked: () => {},
      failed: (relay) => failed.push(relay),
    },
  )
  const anna = opened(roster, "anna")
  const tell = (text: string) => {
    const data = { text }
    const changed = anna.entry === null ? enter(roster, anna, data, 8192, Date.now()) : update(roster, anna, data, 8192, 8192)
    if (!changed.ok) throw new Error(changed.error.message)
    fanOut.add(changed.value, [])
    fanOut.flushWhenDue(Date.now())
  }
  const come = (name: string) => {
    const changed = enter(roster, opened(roster, name), {}, 8192, Date.now())
    if (!changed.ok) throw new Error(changed.error.message)
    fanOut.add(changed.value, [])
    fanOut.flushWhenDue(Date.now())
  }
  return { roster, recipients, failed, tell, come, fanOut }
}

describe("who receives a room's frames", () => {
  beforeEach(() => void vi.useFakeTimers({ toFake: ["Date", "setTimeout", "clearTimeout"] }))
  afterEach(() => void vi.useRealTimers())

  it("[RP1] need not be a socket: one that hands them on is told once a tick for all its readers", () => {
    const { roster, recipients, tell } = room(25)
    const relay = new Relay(opened(roster, "gateway"), 1000)
    recipients.relays.push(relay)
    for (const text of ["a", "b", "c", "d"]) tell(text)
    vi.advanceTimersByTime(25)
    expect(relay.frames).toBe(2)
    const truth = Array.from(present(roster), ({ data }) => data)
    expect(truth).toEqual([{ text: "d" }])
    for (const picture of relay.readers) expect(Array.from(picture.values(), ({ data }) => data)).toEqual(truth)
  })

  it("[RP2] that takes no frame is let go, and the others are told all the same", () => {
    const { roster, recipients, failed, tell } = room(25)
    const [before, broken, after] = ["a", "b", "c"].map((name) => new Relay(opened(roster, name), 1))
    if (before === undefined || broken === undefined || after === undefined) throw new Error("three were made")
    recipients.relays.push(before, broken, after)
    recipients.open = () => recipients.relays
    broken.isBroken = true
    tell("hello")
    expect(failed).toEqual([broken])
    expect([before.frames, broken.frames, after.frames]).toEqual([1, 0, 1])
  })
})

describe("a tick", () => {
  beforeEach(() => void vi.useFakeTimers({ toFake: ["Date", "setTimeout", "clearTimeout"] }))
  afterEach(() => void vi.useRealTimers())

  /** When frames went out while something changes each millisecond, and each timer is so late. */
  function flushes(tickMs: number, lateMs: number, fanoutPerSecond = 20_000, saying = (ms: number) => String(ms)): number[] {
    const { roster, recipients, tell } = room(tickMs, fanoutPerSecond)
    const instants: number[] = []
    const relay = new Relay(opened(roster, "watcher"), 1)
    recipients.relays.push(relay)
    const start = Date.now()
    const timeOut = globalThis.setTimeout
    const late = vi.spyOn(globalThis, "setTimeout").mockImplementation((run: () => void, ms?: number) => timeOut(run, (ms ?? 0) + lateMs))
    for (let ms = 0; ms < 1000; ms++) {
      const before = relay.frames
      vi.advanceTimersByTime(1)
      tell(saying(ms))
      if (relay.frames > before) instants.push(Date.now() - start)
    }
    late.mockRestore()
    return instants.slice(1).map((at, i) => at - (instants[i] ?? 0))
  }

  it("[PC6] that a timer began a little late does not push the next", () => {
    const gaps = flushes(25, 3)
    expect(Math.min(...gaps)).toBe(25)
    expect(gaps.filter((gap) => gap !== 25).length).toBeLessThanOrEqual(1)
  })

  it("[PC6] that began very late is no debt: no two presence frames are closer than a tick less four milliseconds", () => {
    for (const late of [4, 5, 30, 80]) expect(Math.min(...flushes(25, late))).toBeGreaterThanOrEqual(21)
  })

  it("[PC10] comes as always when the clock was set back", () => {
    const { roster, recipients, tell, come } = room(25)
    const relay = new Relay(opened(roster, "watcher"), 1)
    recipients.relays.push(relay)
    for (const text of ["a", "b"]) tell(text)
    for (let i = 0; i < 20; i++) come(`guest-${i}`)
    vi.advanceTimersByTime(25)
    vi.setSystemTime(Date.now() - 3_600_000)
    const before = relay.frames
    tell("c")
    expect(relay.frames).toBe(before + 1)
    tell("d")
    vi.setSystemTime(Date.now() - 3_600_000)
    vi.advanceTimersByTime(25)
    expect(relay.frames).toBe(before + 2)
    tell("e")
    vi.advanceTimersByTime(25)
    expect(relay.frames).toBe(before + 3)
  })

  it("[PC8] is the longer the longer its frames", () => {
    const long = "x".repeat(8000)
    const [short, longer] = [flushes(5, 0, 20), flushes(5, 0, 20, (ms) => ms + long)]
    expect(Math.max(...short)).toBeLessThanOrEqual(51)
    expect(Math.min(...longer)).toBeGreaterThanOrEqual(55)
    expect(Math.max(...longer)).toBeLessThanOrEqual(57)
  })

  it("[PC7] waits for a crowd as long as it keeps coming, and not for who does not come, nor with a message", () => {
    const { roster, recipients, come, fanOut } = room(25)
    const instants: number[] = []
    const relays = Array.from({ length: 300 }, (_, i) => new Relay(opened(roster, `watcher-${i}`), 0))
    recipients.relays.push(...relays)
    const start = Date.now()
    const [first] = relays
    if (first === undefined) throw new Error("nobody watches")
    const pass = (ms: number, each: (at: number) => void) => {
      for (const end = Date.now() + ms; Date.now() < end; ) {
        const before = first.frames
        vi.advanceTimersByTime(1)
        each(Date.now() - start)
        if (first.frames > before) instants.push(Date.now() - start)
      }
    }
    pass(200, (at) => come(`newcomer-${at}`))
    // The first at once, then a usual tick, then as long as a crowd is gathered: 8 × 300 ÷ 20,000 s, and a little for the length.
    expect(instants).toEqual([1, 26, expect.any(Number)])
    expect(instants[2]).toBeGreaterThanOrEqual(26 + 120)
    expect(instants[2]).toBeLessThanOrEqual(26 + 126)
    pass(100, () => {})
    expect(instants.slice(3)).toEqual([250])
    const message = { type: "message", from: 1, member: "anna", event: "hi", data: null } as const
    pass(40, (at) => {
      if (at === 320) fanOut.add([], [{ frame: message, to: null, before: roster.nextRef }])
      come(`late-${at}`)
    })
    expect(instants.slice(4)).toEqual([320])
  })
})
