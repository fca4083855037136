/** Scripts of what may happen in a room, and their play: in the service's core and in the naive room at once. */
import fc from "fast-check"
import type { Grants } from "../../src/core/capability.ts"
import type { Connection } from "../../src/core/connection.ts"
import type { Entry, JsonObject } from "../../src/protocol/frames.ts"
import { FAR } from "./cast.ts"
import { after, entriesOf, type NaiveRoom, type Person, type RoomEvent } from "./naive-room.ts"
import { SimulatedRoom, type Told } from "./simulated-room.ts"

/** Two blocks of keys fit, three do not. */
export const MAX_DATA_BYTES = 700

export type Script = readonly { readonly who: number; readonly event: RoomEvent; readonly wait: number }[]

const grants = fc.oneof(
  { weight: 8, arbitrary: fc.constant<Grants>({ subscribe: true, presence: true, message: true }) },
  { weight: 1, arbitrary: fc.record({ subscribe: fc.boolean(), presence: fc.boolean(), message: fc.boolean() }) },
)
const info = fc.constantFrom<JsonObject>({ name: "A" }, { name: "B" }, {})
const member = fc.constantFrom("anna", "bert", "carl")
const key = fc.constantFrom("x", "y", "0", "", "constructor", "toString")
const few = fc.dictionary(key, fc.constantFrom<unknown>(1, 2, null, { deep: null }, "a longer text", [null]), { maxKeys: 4 })
/** Forty keys at once, set or removed: several such patches in one tick are longer than the entry. */
const block = fc.record({ number: fc.nat(3), value: fc.constantFrom(0, null) }).map(({ number, value }) => {
  return Object.fromEntries(Array.from({ length: 40 }, (_, i) => [`k${40 * number + i}`, value]))
})
const data = fc.oneof({ weight: 4, arbitrary: few }, { weight: 1, arbitrary: block })
const event: fc.Arbitrary<RoomEvent> = fc.oneof(
  { weight: 3, arbitrary: fc.record({ is: fc.constant("connect" as const), member, info, grants }) },
  { weight: 4, arbitrary: fc.record({ is: fc.constant("enter" as const), data }) },
  { weight: 6, arbitrary: fc.record({ is: fc.constant("update" as const), patch: data }) },
  { weight: 3, arbitrary: fc.record({ is: fc.constant("send" as const), to: fc.option(fc.uniqueArray(member)) }) },
  {
    weight: 6,
    arbitrary: fc.record({
      is: fc.constantFrom("leave" as const, "sync" as const, "break" as const, "graceEnds" as const, "away" as const),
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({ is: fc.constant("end" as const), reason: fc.constantFrom("left" as const, "lost" as const, "kicked" as const) }),
  },
  { weight: 3, arbitrary: fc.record({ is: fc.constantFrom("resume" as const, "auth" as const), info, grants }) },
)
const wait = fc.oneof(
  { weight: 3, arbitrary: fc.constant(0) },
  { weight: 2, arbitrary: fc.integer({ min: 1, max: 30 }) },
  { weight: 1, arbitrary: fc.constant(5000) },
)
export const script: fc.Arbitrary<Script> = fc.array(fc.record({ who: fc.nat(7), event, wait }), {
  minLength: 1,
  maxLength: 60,
  size: "max",
})
export const paceLimits = fc.record({ tickMs: fc.constantFrom(0, 25, 100), fanoutPerSecond: fc.constantFrom(20, 300, 20_000) })

export type Play = {
  readonly room: SimulatedRoom
  /** What the room showed after each of its events. */
  readonly history: readonly ReadonlyMap<number, Entry>[]
  /** At which events a message was accepted: each bears the event's number as its data. */
  readonly accepted: readonly number[]
  /** The naive room after the last event. */
  readonly people: NaiveRoom
}

/** Plays the script in both rooms; `told` sees every frame as it arrives. */
export function play(
  pace: { tickMs: number; fanoutPerSecond: number },
  events: Script,
  told: (told: Told, history: Play["history"]) => void = () => {},
): Play {
  let naive: NaiveRoom = []
  const history: ReadonlyMap<number, Entry>[] = [entriesOf(naive)]
  const accepted: number[] = []
  const room = new SimulatedRoom(pace, MAX_DATA_BYTES, (one) => told(one, history))
  const connections: Connection[] = []
  for (const { who, event: asked, wait: pause } of [...FIRST, ...events]) {
    const person: Person | undefined = asked.is === "connect" ? NOBODY : naive[who % Math.max(1, naive.length)]
    const next = person === undefined ? null : after(naive, person, asked, MAX_DATA_BYTES, room.now)
    if (person === undefined || next === null) continue
    naive = next
    history.push(entriesOf(naive))
    room.events = history.length - 1
    if (act(room, connections, person, asked)) accepted.push(room.events)
    room.wait(pause)
  }
  room.settle()
  return { room, history, accepted, people: naive }
}

const ALL: Grants = { subscribe: true, presence: true, message: true }
const NOBODY: Person = { ref: 0, id: "", member: "", info: {}, grants: ALL, line: "gone", entry: null }
const FIRST: Script = [{ who: 0, wait: 0, event: { is: "connect", member: "anna", info: {}, grants: ALL } }]

/** Whether a message was accepted. */
function act(room: SimulatedRoom, connections: Connection[], person: Person, asked: RoomEvent): boolean {
  if (asked.is === "connect") {
    connections.push(room.connect({ ...asked, expiresAt: FAR }))
    return false
  }
  const connection = connections[person.ref - 1]
  if (connection === undefined) throw new Error(`nobody has the ref ${person.ref}`)
  const to = asked.is === "send" && asked.to !== null ? { to: asked.to } : {}
  if (asked.is === "send") return room.say(connection, { type: "send", event: "e", data: room.events, ...to }).message !== null
  change(room, connection, asked)
  return false
}

function change(room: SimulatedRoom, connection: Connection, asked: Exclude<RoomEvent, { is: "connect" | "send" }>): void {
  switch (asked.is) {
    case "enter":
      room.say(connection, { type: "enter", data: asked.data })
      return
    case "update":
      room.say(connection, { type: "update", data: asked.patch })
      return
    case "leave":
    case "sync":
      room.say(connection, { type: asked.is })
      return
    case "break":
      room.break(connection)
      return
    case "graceEnds":
      room.end(connection, "closed")
      return
    case "end":
      room.end(connection, asked.reason)
      return
    case "away":
      room.turnAway(connection)
      return
    case "resume":
      room.resume(connection, { ...asked, member: connection.member, expiresAt: FAR })
      return
    case "auth":
      room.authorize(connection, { ...asked, member: connection.member, expiresAt: FAR })
  }
}
