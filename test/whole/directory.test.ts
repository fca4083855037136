/** Hundreds of rooms that come and go while they are listed: who stays is in every list once, and what adds up does. */
import { beforeAll, describe, expect, it, vi } from "vitest"
import { createAdmin, type RoomSummary } from "../../src/server/index.ts"
import { commandAt } from "./command.ts"
import { DEV_ADMIN_KEY, serviceForFile } from "./service.ts"
import { connect, enter, freshRoom, statsOf } from "./wire-client.ts"

const REPORT_MS = 1000
/** What a busy machine may add to it. */
const SLACK_MS = 4000
const ROOMS = 500
const CHURN_MS = 3000
const DAY_MS = 86_400_000

const service = serviceForFile({ REPORT_MS })
const { rollcall } = commandAt(service)
const adminHere = () => createAdmin({ url: service.url, key: DEV_ADMIN_KEY, timeoutMs: 20_000 })

/** Many at a time: a room's first word waits for the disk. */
async function each<T>(items: readonly T[], work: (item: T, index: number) => Promise<unknown>): Promise<void> {
  const left = [...items.entries()]
  const worker = async () => {
    for (let next = left.shift(); next !== undefined; next = left.shift()) await work(next[1], next[0])
  }
  await Promise.all(Array.from({ length: 40 }, worker))
}

async function list(prefix: string, limit: number): Promise<RoomSummary[]> {
  const found: RoomSummary[] = []
  for await (const { rooms } of adminHere().roomPages({ prefix, limit })) {
    expect(rooms.length).toBeLessThanOrEqual(limit)
    found.push(...rooms)
  }
  return found
}

const namesOf = (rooms: readonly RoomSummary[]) => rooms.map(({ room }) => room)

function sumOf(rooms: readonly Pick<RoomSummary, "members" | "connections" | "observers">[]) {
  const sum = { rooms: rooms.length, members: 0, connections: 0, observers: 0 }
  for (const { members, connections, observers } of rooms) {
    sum.members += members
    sum.connections += connections
    sum.observers += observers
  }
  return sum
}

/** Lists again and again until `until`: no name twice, all of `staying` in each, and nothing that never was. Returns how many lists there were. */
async function listAll(prefix: string, limit: number, staying: readonly string[], known: ReadonlySet<string>, until: number) {
  let lists = 0
  for (; Date.now() < until || lists === 0; lists++) {
    const names = namesOf(await list(prefix, limit))
    expect(names, "in one order, none twice").toEqual([...new Set(names)].sort())
    const found = new Set(names)
    expect(staying.filter((room) => !found.has(room))).toEqual([])
    expect(names.filter((room) => !known.has(room))).toEqual([])
  }
  return lists
}

/** Rooms between those that stay come and go, each in another way. Returns how many came. */
async function comeAndGo(staying: readonly string[], known: Set<string>, lane: number, until: number): Promise<number> {
  const admin = adminHere()
  let came = 0
  while (Date.now() < until) {
    const room = `${staying[(lane * 83 + came * 37) % staying.length]}-${lane}-${came++}`
    known.add(room)
    await admin.place(room, "bot", { ttl: DAY_MS })
    if (came % 3 === 0) await admin.close(room)
    else if (came % 3 === 1) await admin.kick(room, "bot")
    else {
      const line = await connect(service, { room, member: "anna" })
      await admin.kick(room, "bot")
      await line.close(1000)
    }
  }
  return came
}

describe("500 rooms", () => {
  const prefix = `${freshRoom()}.`
  const staying = Array.from({ length: ROOMS }, (_, i) => `${prefix}${String(i * 7).padStart(4, "0")}`)
  // Its name begins as theirs do, but for the last character.
  const stranger = `${prefix.slice(0, -1)}-stranger`
  const known = new Set(staying)
  const WAIT = { timeout: REPORT_MS + SLACK_MS, interval: 100 }

  beforeAll(async () => {
    await each([...staying, stranger], (room) => adminHere().place(room, "bot", { ttl: DAY_MS }))
    await vi.waitFor(async () => expect(namesOf(await list(prefix, 1000))).toEqual(staying), WAIT)
  }, 120_000)

  it("[DR10] are in every list once while others come and go, and the totals are their sum within REPORT_MS", {
    timeout: 90_000,
  }, async () => {
    const admin = adminHere()
    const lines = await Promise.all(
      staying.slice(0, 12).map((room, i) => (i % 2 === 0 ? enter : connect)(service, { room, member: `member-${i}` })),
    )
    const until = Date.now() + CHURN_MS
    const [lists, came] = await Promise.all([
      Promise.all([17, 60, 499].map((limit) => listAll(prefix, limit, staying, known, until))),
      Promise.all([0, 1, 2].map((lane) => comeAndGo(staying, known, lane, until))),
    ])
    expect(Math.min(...lists)).toBeGreaterThan(0)
    expect(Math.min(...came)).toBeGreaterThan(2)

    // Changes within one REPORT_MS are told as one, the last.
    await each(staying.slice(0, 40), async (room) => {
      await admin.place(room, "second", { ttl: DAY_MS })
      await admin.place(room, "third", { ttl: DAY_MS })
      await admin.kick(room, "second")
    })
    const changed = Date.now()
    const own = new Map<string, Awaited<ReturnType<typeof statsOf>>>()
    await each([...staying, stranger], async (room) => own.set(room, await statsOf(service, room)))
    const sum = sumOf([...own.values()])
    expect(sum).toEqual({ rooms: ROOMS + 1, members: ROOMS + 1 + 40 + 6, connections: 12, observers: 6 })
    await vi.waitFor(
      async () => {
        const rooms = [...(await list(prefix, 200)), ...(await list(stranger, 1))]
        for (const { room, members, connections, observers, since } of rooms) {
          expect(own.get(room), room).toMatchObject({ members, connections, observers, since })
        }
        expect(sumOf(rooms)).toEqual(sum)
        expect(await admin.totals()).toMatchObject(sum)
        const metrics = await (await fetch(`${service.url}/metrics`, { headers: { authorization: `Bearer ${DEV_ADMIN_KEY}` } })).text()
        for (const [name, value] of Object.entries(sum)) expect(metrics).toContain(`\nrollcall_${name} ${value}\n`)
      },
      { timeout: Math.max(REPORT_MS, changed + REPORT_MS + SLACK_MS - Date.now()), interval: 100 },
    )
    await Promise.all(lines.map((line) => line.close(1000)))
  })

  it("[CM1] the command lists page after page, by prefix: a room a line for machines, a table without a colour where it is piped", async () => {
    const last = `${prefix}9999`
    await adminHere().place(last, "bot", { ttl: DAY_MS })
    await vi.waitFor(async () => expect(namesOf(await list(prefix, 1000))).toEqual([...staying, last]), WAIT)
    await vi.waitFor(async () => {
      const machine = await rollcall("rooms", "--prefix", prefix, "--json")
      expect(machine).toMatchObject({ code: 0, err: "" })
      const lines = machine.out.trimEnd().split("\n")
      expect(lines.map((line) => JSON.parse(line))).toEqual(await list(prefix, 1000))
    }, WAIT)
    const people = await rollcall("rooms", "--prefix", prefix)
    expect(people).toMatchObject({ code: 0, err: "" })
    const [head, ...rows] = people.out.trimEnd().split("\n")
    expect(head).toMatch(/^ROOM +MEMBERS +CONNECTIONS +OBSERVERS +AGE$/)
    expect(rows).toHaveLength(ROOMS + 1)
    expect(rows.at(-1)).toMatch(new RegExp(`^${last} +1 +0 +0 +\\d+[sm]$`))
  })

  it("[CM4] a list that is refused, or that nobody answers, is 1, and says why", async () => {
    expect(await rollcall("rooms", "--prefix", "no spaces")).toMatchObject({ code: 1, out: "", err: expect.stringContaining("prefix: ") })
    expect(await rollcall("rooms", "--key", "another")).toMatchObject({
      code: 1,
      out: "",
      err: expect.stringContaining("not an admin key"),
    })
    expect(await rollcall("rooms", "--url", "http://localhost:9", "--json")).toMatchObject({ code: 1, out: "" })
    expect(await rollcall("rooms", "--prefix", `${prefix}nobody`)).toMatchObject({ code: 0, out: "nobody is in any room\n", err: "" })
  })
})
