/**
 * Clients on lines that delay, break, die and are refused, in virtual time, against the room's own core: whatever happened, once it is quiet
 * every picture is the room's; handlers balance; and nobody whose line was back within the grace was ever seen to go.
 */
import fc from "fast-check"
import { describe, expect, it, vi } from "vitest"
import type { Entry, JsonObject, Room } from "../../src/client/index.ts"
import { listen, type Scene, setScene, virtualTime } from "./scene.ts"

virtualTime()

const MEMBERS = ["anna", "bert", "cleo", "dora"]
const GRACE_MS = 12_000
/** Shorter than what is left of the grace when a dead line is found last. */
const LONGEST_OUTAGE_MS = 2500

type Action =
  | { readonly do: "enter" | "update"; readonly who: number; readonly data: JsonObject }
  | { readonly do: "leave" | "cut" | "die" | "send" | "away"; readonly who: number }
  | { readonly do: "outage"; readonly ms: number }
  | { readonly do: "crash" | "duplicate" }
  | { readonly do: "wait"; readonly ms: number }

const who = fc.nat(MEMBERS.length - 1)
const data = fc.dictionary(fc.constantFrom("x", "y", "z"), fc.oneof(fc.nat(3), fc.constant(null), fc.constant({ deep: 1 })), {
  maxKeys: 3,
  noNullPrototype: true,
})
const action: fc.Arbitrary<Action> = fc.oneof(
  { weight: 3, arbitrary: fc.record({ do: fc.constantFrom("enter" as const, "update" as const, "update" as const), who, data }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constantFrom("leave" as const, "send" as const, "away" as const), who }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constantFrom("cut" as const, "cut" as const, "die" as const), who }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant("outage" as const), ms: fc.integer({ min: 1, max: LONGEST_OUTAGE_MS }) }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constantFrom("crash" as const, "duplicate" as const) }) },
  { weight: 4, arbitrary: fc.record({ do: fc.constant("wait" as const), ms: fc.oneof(fc.nat(100), fc.nat(9000)) }) },
)

/** Deterministic, and different for each script. */
function seeded(seed: number): () => number {
  let state = seed >>> 0
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0
    return state / 2 ** 32
  }
}

async function play(scene: Scene, rooms: readonly Room[], action: Action): Promise<void> {
  const { service, advance } = scene
  const room = service.room("r")
  switch (action.do) {
    case "wait":
      return advance(action.ms)
    case "outage":
      service.door = "gone"
      await advance(action.ms)
      service.door = "open"
      // One trouble at a time: several at once are longer than any of them.
      return advance(LONGEST_OUTAGE_MS * 3)
    case "crash":
      service.crash()
      return advance(5000)
    case "duplicate":
      // Whoever resumes while its old line is still open takes its place.
      for (const socket of service.open) socket.die()
      return advance(LONGEST_OUTAGE_MS * 4)
  }
  const its = rooms[action.who]
  const member = MEMBERS[action.who] ?? ""
  const socket = service.of(member).at(-1)
  if (its === undefined) return
  if (action.do === "enter") its.enter(action.data)
  else if (action.do === "update" && its.self !== null) its.update(action.data)
  else if (action.do === "leave") its.leave()
  else if (action.do === "away") room.turnAway(member)
  else if (action.do === "send") its.send("hello", member).catch(() => {})
  else if (action.do === "cut") socket?.cut()
  else if (action.do === "die") {
    socket?.die()
    return advance(LONGEST_OUTAGE_MS * 4)
  }
}

function bySinceAndRef(a: Entry, b: Entry): number {
  return a.since - b.since || a.ref - b.ref
}

describe("whatever the lines do", () => {
  it("[PI9] [RE18] every picture becomes the room's, handlers balance, and nobody is seen to go who came back in time", async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(action, { minLength: 1, maxLength: 25 }), fc.integer(), async (script, seed) => {
        const random = seeded(seed)
        vi.spyOn(Math, "random").mockImplementation(random)
        const scene = setScene({ graceMs: GRACE_MS, interval: 2000, timeout: 30_000, latency: () => Math.floor(random() * 80) })
        const clients = MEMBERS.map((member) => scene.client(member))
        const rooms = clients.map((client) => client.room("r"))
        const heard = rooms.map((room) => listen(room))
        for (const one of script) await play(scene, rooms, one)
        await scene.advance(60_000)

        const room = scene.service.room("r")
        for (const [index, shown] of rooms.entries()) {
          const member = MEMBERS[index]
          const entry = room.entryOf(member ?? "")
          expect(shown.status).toBe("connected")
          // Who came in the same millisecond stand in the order in which they were told of.
          const others = room.present.filter((other) => other.member !== member).sort(bySinceAndRef)
          expect(shown.others.toSorted(bySinceAndRef)).toEqual(others)
          expect(shown.others.map(({ since }) => since)).toEqual(others.map(({ since }) => since))
          expect(shown.self?.data).toEqual(entry?.data)
          expect([...(heard[index]?.here.values() ?? [])].sort((a, b) => a.ref - b.ref)).toEqual(
            [...shown.others].sort((a, b) => a.ref - b.ref),
          )
        }
        expect(room.left.filter(({ reason }) => reason !== "left")).toEqual([])
        for (const client of clients) client.close()
        await scene.advance(1000)
        expect(scene.service.open).toEqual([])
        expect(room.present).toEqual([])
        scene.service.stop()
        expect(vi.getTimerCount()).toBe(0)
      }),
      { numRuns: 60 },
    )
  }, 60_000)
})
