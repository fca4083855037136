/** Clients of a lossy service in virtual time, and what their handlers heard. */
import { afterEach, beforeEach, expect, vi } from "vitest"
import { type Client, type ClientOptions, createClient, type Entry, type Room, type RoomEvents } from "../../src/client/index.ts"
import { type LossyOptions, LossyService, tokenOf } from "../doubles/lossy-service.ts"

export type Scene = {
  readonly service: LossyService
  /** A client that is closed when the test ends. */
  client(member: string, options?: Partial<ClientOptions>): Client
  advance(ms: number): Promise<void>
}

/** The golden ratio's multiples, which spread evenly: back-off waits at random, and a test that awaits its end must not fail one time in hundreds. */
function evenly(): () => number {
  let drawn = 0
  return () => (++drawn * 0.618_033_988_749_895) % 1
}

/** Faked time, and dice that fall alike, for each test of the file; what a test opens ends with it. */
export function virtualTime(): void {
  beforeEach(() => {
    vi.spyOn(Math, "random").mockImplementation(evenly())
    vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout", "setInterval", "clearInterval", "Date"], now: 1_800_000_000_000 })
  })
  afterEach(() => {
    for (const end of endings.splice(0)) end()
    vi.unstubAllGlobals()
    vi.restoreAllMocks()
    vi.useRealTimers()
  })
}

const endings: (() => void)[] = []

/** What is to be done when the test ends. */
export function atEnd(end: () => void): void {
  endings.push(end)
}

export function setScene(options: LossyOptions = {}): Scene {
  const service = new LossyService(options)
  vi.stubGlobal("fetch", service.fetch)
  atEnd(() => service.stop())
  return {
    service,
    client(member, more = {}) {
      const client = createClient({
        url: "https://rollcall.test",
        token: async () => tokenOf(member),
        WebSocket: service.WebSocket,
        ...more,
      })
      atEnd(() => client.close())
      return client
    },
    advance: async (ms) => void (await vi.advanceTimersByTimeAsync(ms)),
  }
}

type Heard = { [Name in keyof RoomEvents]: RoomEvents[Name][] }

/** Everything that a room tells, by kind; enters and leaves are checked to balance as they come. */
export function listen(room: Room): Heard & { readonly here: Map<string, Entry> } {
  const here = new Map(room.others.map((entry) => [entry.connection, entry]))
  const heard: Heard = { enter: [], update: [], leave: [], status: [], message: [], connection: [], error: [] }
  room.on("enter", (event) => {
    heard.enter.push(event)
    expect(here.has(event.entry.connection), "entered twice").toBe(false)
    here.set(event.entry.connection, event.entry)
  })
  for (const name of ["update", "status"] as const) {
    room.on(name, (event) => {
      heard[name].push(event)
      if (name === "update" || event.entry.data === event.previous.data) expect(here.has(event.entry.connection)).toBe(true)
      here.set(event.entry.connection, event.entry)
    })
  }
  room.on("leave", (event) => {
    heard.leave.push(event)
    expect(here.delete(event.entry.connection), "left without having entered").toBe(true)
  })
  room.on("message", (event) => void heard.message.push(event))
  room.on("connection", (event) => void heard.connection.push(event))
  room.on("error", (event) => void heard.error.push(event))
  return { ...heard, here }
}

export function byMember(entries: readonly Entry[]): Record<string, Entry["data"]> {
  return Object.fromEntries(entries.map(({ member, data }) => [member, data]))
}
