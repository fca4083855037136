import { describe, expect, it } from "vitest"
import {
  addChange,
  addMessage,
  type Delivery,
  emptyOutbox,
  firstSegmentAfterSnapshot,
  isWaiting,
  type Message,
  startsWithPresence,
  take,
} from "../../src/core/outbox.ts"
import type { Change } from "../../src/core/roster.ts"
import type { LeaveReason } from "../../src/protocol/close-codes.ts"
import type { Entry, JsonObject, Status } from "../../src/protocol/frames.ts"

function entryOf(ref: number, data: JsonObject = {}, status: Status = "active"): Entry {
  return { ref, connection: `c${ref}`, member: "anna", info: {}, data, status, since: 0 }
}

const entered = (ref: number, data?: JsonObject): Change => ({ kind: "enter", entry: entryOf(ref, data), isNews: true })
const updated = (ref: number, patch: JsonObject, data: JsonObject = {}): Change => ({ kind: "update", entry: entryOf(ref, data), patch })
const turned = (ref: number, status: Status): Change => ({ kind: "status", entry: entryOf(ref, {}, status) })
const gone = (ref: number, reason: LeaveReason = "left"): Change => ({ kind: "leave", entry: entryOf(ref), reason })

function messageOf(event: string): Message {
  return { frame: { type: "message", from: 1, member: "anna", event, data: null }, to: null, before: 2 }
}

function taken(...items: (Change | Message)[]): unknown[] {
  const outbox = emptyOutbox()
  for (const item of items) {
    if ("kind" in item) addChange(outbox, item)
    else addMessage(outbox, item)
  }
  return frames(take(outbox))
}

function frames(deliveries: readonly Delivery[]): unknown[] {
  return deliveries.map(({ frame }) => (frame.type === "message" ? frame.event : { ...frame, type: undefined }))
}

describe("one tick's changes", () => {
  it("[OB1] are one frame, whose empty parts are left out", () => {
    expect(taken(entered(1))).toEqual([{ enter: [entryOf(1)] }])
    expect(Object.keys(take(withChange(gone(1)))[0]?.frame ?? {})).toEqual(["type", "leave"])
    expect(taken(entered(1), updated(2, { x: 1 }), turned(3, "away"), gone(4, "lost"))).toEqual([
      { enter: [entryOf(1)], update: { 2: { x: 1 } }, status: { 3: "away" }, leave: [[4, "lost"]] },
    ])
  })

  it("[UP5] hold one patch for each connection, with the effect of all", () => {
    expect(taken(updated(1, { x: 1, y: 1 }), updated(2, { x: 9 }), updated(1, { x: null }), updated(1, { z: 3 }))).toEqual([
      { update: { 1: { x: null, y: 1, z: 3 }, 2: { x: 9 } } },
    ])
  })

  it("[OB1] hold the newest entry of who entered, and no patch beside it", () => {
    expect(taken(entered(1, { x: 1 }), updated(1, { y: 2 }, { x: 1, y: 2 }), turned(1, "away"))).toEqual([
      { enter: [entryOf(1, {}, "away")] },
    ])
    expect(taken(updated(1, { x: 1 }), turned(1, "away"), entered(1, { z: 3 }))).toEqual([{ enter: [entryOf(1, { z: 3 })] }])
  })

  it("[OB3] tell the leave of who entered in the same tick: a snapshot may have been taken between them", () => {
    expect(taken(entered(1), gone(1))).toEqual([{ leave: [[1, "left"]] }])
    expect(taken(updated(1, { x: 1 }), turned(1, "away"), gone(1, "lost"))).toEqual([{ leave: [[1, "lost"]] }])
  })

  it("[OB1] tell a leave before the enter that followed it, with what came after", () => {
    expect(taken(gone(1), entered(1, { x: 1 }), updated(1, { x: 2 }, { x: 2 }))).toEqual([
      { leave: [[1, "left"]], enter: [entryOf(1, { x: 2 })] },
    ])
  })

  it("[OB1] tell the last status alone", () => {
    expect(taken(turned(1, "away"), turned(1, "active"), turned(2, "away"))).toEqual([{ status: { 1: "active", 2: "away" } }])
  })
})

describe("keys that come and go within a tick", () => {
  const block = (number: number, value: unknown) => Object.fromEntries(Array.from({ length: 40 }, (_, i) => [`k${40 * number + i}`, value]))
  const flicker = (rounds: number) =>
    Array.from({ length: rounds }, (_, i) => [updated(1, block(i, 1), block(i, 1)), updated(1, block(i, null))]).flat()

  it("[UP5] are one patch while that is short", () => {
    expect(taken(...flicker(1))).toEqual([{ update: { 1: block(0, null) } }])
  })

  it("[UP5] are the entry whole once it is shorter, however many they were", () => {
    for (const rounds of [2, 3, 50]) {
      const [frame] = taken(...flicker(rounds))
      expect(Buffer.byteLength(JSON.stringify(frame))).toBeLessThan(3000)
      expect(frame).toMatchObject({ enter: [entryOf(1)] })
    }
    expect(taken(...flicker(50), updated(1, { last: 1 }, { last: 1 }))).toEqual([{ enter: [entryOf(1, { last: 1 })] }])
  })

  it("[OB2] do not bring back a status of before", () => {
    const away = turned(1, "away")
    expect(taken(away, ...flicker(2), turned(1, "active"))).toEqual([{ enter: [entryOf(1, {}, "active")] }])
  })
})

describe("messages", () => {
  it("[MS3] are told one by one, in order, however alike they are", () => {
    expect(taken(messageOf("a"), messageOf("a"), messageOf("b"))).toEqual(["a", "a", "b"])
  })

  it("[MS5] stand between what was seen before and what was seen after", () => {
    expect(taken(updated(1, { x: 1 }), messageOf("a"), updated(1, { x: 2 }), messageOf("b"))).toEqual([
      { update: { 1: { x: 1 } } },
      "a",
      { update: { 1: { x: 2 } } },
      "b",
    ])
  })

  it("[MS6] all go with the next flush; what was seen after the last of them waits for its tick", () => {
    const outbox = emptyOutbox()
    addChange(outbox, updated(1, { x: 1 }))
    addMessage(outbox, messageOf("a"))
    addChange(outbox, updated(1, { x: 2 }))
    expect(outbox.messages).toBe(1)
    expect(frames(take(outbox))).toEqual([{ update: { 1: { x: 1 } } }, "a"])
    expect([outbox.messages, isWaiting(outbox), startsWithPresence(outbox)]).toEqual([0, true, true])
    addChange(outbox, updated(1, { y: 3 }))
    expect(frames(take(outbox))).toEqual([{ update: { 1: { x: 2, y: 3 } } }])
    expect(isWaiting(outbox)).toBe(false)
  })

  it("[MS6] need not wait for a tick when nothing waits before them", () => {
    const outbox = emptyOutbox()
    addMessage(outbox, messageOf("a"))
    expect(startsWithPresence(outbox)).toBe(false)
    addChange(outbox, updated(1, { x: 1 }))
    expect(startsWithPresence(outbox)).toBe(false)
    expect(frames(take(outbox))).toEqual(["a"])
    expect(startsWithPresence(outbox)).toBe(true)
  })
})

describe("a snapshot", () => {
  it("[OB4] may be followed by the open segment, which it holds in part, and by no segment that a message closed", () => {
    const outbox = emptyOutbox()
    const first = firstSegmentAfterSnapshot(outbox)
    addChange(outbox, updated(1, { x: 1 }))
    expect(firstSegmentAfterSnapshot(outbox)).toBe(first)
    addMessage(outbox, messageOf("a"))
    const second = firstSegmentAfterSnapshot(outbox)
    expect(second).toBeGreaterThan(first)
    addChange(outbox, updated(1, { x: 2 }))
    addMessage(outbox, messageOf("b"))
    const segments = take(outbox).flatMap((delivery) => (delivery.kind === "presence" ? [delivery.segment] : []))
    expect(segments).toEqual([first, second])
    addChange(outbox, updated(1, { x: 3 }))
    expect(firstSegmentAfterSnapshot(outbox)).toBeGreaterThan(second)
  })
})

describe("an empty outbox", () => {
  it("[OB1] has nothing to tell, and its next change is told whole", () => {
    const outbox = emptyOutbox()
    expect([isWaiting(outbox), startsWithPresence(outbox), take(outbox)]).toEqual([false, false, []])
    addChange(outbox, updated(1, { x: 1 }))
    take(outbox)
    addChange(outbox, updated(1, { y: 1 }))
    expect(frames(take(outbox))).toEqual([{ update: { 1: { y: 1 } } }])
  })
})

function withChange(change: Change) {
  const outbox = emptyOutbox()
  addChange(outbox, change)
  return outbox
}
