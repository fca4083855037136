import { describe, expect, it } from "vitest"
import type { Adapter } from "../../bench/adapters/adapter.ts"
import { naive } from "../../bench/adapters/naive.ts"
import { rollcall } from "../../bench/adapters/rollcall.ts"
import { positionOf, seqOf } from "../../bench/load/motion.ts"
import { newcomer, type Participant } from "../../bench/load/participant.ts"
import { SharedSight } from "../../bench/load/seen.ts"

function participantIn(room: string): Participant {
  return newcomer(0, room, new SharedSight(), 2)
}

/** What a frame tells, pair by pair; null where it tells no states. The frame stands in the midst of other bytes, as in a read buffer. */
function told(adapter: Adapter, participant: Participant, frame: string): number[] | null {
  const bytes = Buffer.from(`xx${frame}yy`)
  const end = bytes.length - 2
  const at = adapter.received(participant, bytes, 2, end)
  if (at < 0) return null
  return Array.from(adapter.states(participant, bytes, at, end, (index, position) => seqOf(index, position, 100)))
}

const entry = (ref: number, member: string, data = positionOf(Number(member.slice(1)), 0)) => ({
  ref,
  connection: `c${ref}`,
  member,
  info: {},
  data,
  status: "active",
  since: 1,
})
const welcome = (present: unknown, resumed: boolean) =>
  JSON.stringify({
    type: "welcome",
    protocol: 1,
    room: "r",
    connection: "c1",
    ref: 1,
    member: "m0",
    session: "s1",
    resumed,
    heartbeat: { interval: 1, timeout: 2 },
    ...(present === undefined ? {} : { present }),
  })

describe("[BN3] the peers' protocol", () => {
  const adapter = naive("/", true)

  it("tells one state a frame, whose number is found again", () => {
    const { x, y } = positionOf(12, 34)
    expect(told(adapter, participantIn("r"), JSON.stringify({ type: "update", id: "m12", x, y }))).toEqual([12, 34])
  })

  it("counts who is here and who left", () => {
    const participant = participantIn("r")
    expect(told(adapter, participant, '{"type":"sync","n":12,"members":[]}')).toBeNull()
    expect(told(adapter, participant, '{"type":"join","id":"m13","state":{}}')).toBeNull()
    expect(told(adapter, participant, '{"type":"leave","id":"m13"}')).toBeNull()
    expect(participant).toMatchObject({ members: 12, leaves: 1 })
  })

  it("tells whoever returns where those are who have moved meanwhile", () => {
    const participant = { ...participantIn("r"), isReturning: true }
    const members = [
      { id: "m3", n: "", c: "", x: 0, y: 0 },
      { id: "m12", n: "", c: "", ...positionOf(12, 34) },
    ]
    expect(told(adapter, participant, JSON.stringify({ type: "sync", n: 2, members }))).toEqual([12, 34])
  })

  it("fails loudly on a state that nobody ever sent, or a frame that is not what it was", () => {
    const { x, y } = positionOf(12, 34)
    expect(() => told(adapter, participantIn("r"), JSON.stringify({ type: "update", id: "m12", x, y: y + 1 }))).toThrow()
    expect(() => told(adapter, participantIn("r"), JSON.stringify({ type: "update", id: "m12", x, y, z: 1 }))).toThrow()
  })
})

describe("[BN3] Rollcall's protocol", () => {
  const adapter = rollcall("", false)

  it("tells states by ref once their members are known", () => {
    const participant = participantIn("states")
    expect(told(adapter, participant, welcome([entry(7, "m3")], false))).toBeNull()
    expect(told(adapter, participant, JSON.stringify({ type: "presence", enter: [entry(8, "m4")] }))).toBeNull()
    expect(participant).toMatchObject({ members: 2, session: "s1", isResumed: false })
    const update = { 7: positionOf(3, 9), 8: positionOf(4, 2) }
    expect(told(adapter, participant, JSON.stringify({ type: "presence", update }))).toEqual([3, 9, 4, 2])
    expect(
      told(adapter, participant, JSON.stringify({ type: "presence", leave: [[8, "left"]], update: { 7: positionOf(3, 10) } })),
    ).toEqual([3, 10])
    expect(participant).toMatchObject({ members: 1, leaves: 1 })
  })

  it("tells whoever resumes what it missed by the entries of its welcome, or by none that it missed nothing", () => {
    const participant = participantIn("resume")
    told(adapter, participant, welcome([entry(7, "m3")], false))
    expect(told(adapter, participant, welcome([entry(7, "m3", positionOf(3, 5))], true))).toEqual([3, 5])
    participant.members = 0
    expect(told(adapter, participant, welcome(undefined, true))).toBeNull()
    expect(participant).toMatchObject({ isResumed: true, members: 1 })
  })

  it("fails loudly on a state that nobody ever sent", () => {
    const participant = participantIn("wrong")
    told(adapter, participant, welcome([entry(7, "m3")], false))
    expect(() => told(adapter, participant, '{"type":"presence","update":{"7":{"x":1,"y":1}}}')).toThrow()
  })
})
