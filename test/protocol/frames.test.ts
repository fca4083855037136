import { describe, expect, it } from "vitest"
import { CLOSE_CODES, LEAVE_REASONS } from "../../src/protocol/close-codes.ts"
import { ERROR_CODES } from "../../src/protocol/errors.ts"
import { clientFrames, roomFrames } from "../../src/protocol/frames.ts"

const entry = {
  ref: 7,
  connection: "c7",
  member: "anna",
  info: { name: "Anna" },
  data: { x: 1 },
  status: "active",
  since: 1_760_000_000_000,
}

/** One of each, as the contract shows them. */
const fromRoom = {
  welcome: {
    type: "welcome",
    protocol: 1,
    room: "doc-1",
    connection: "c7",
    ref: 7,
    member: "anna",
    session: "s",
    resumed: false,
    heartbeat: { interval: 30_000, timeout: 90_000 },
    present: [entry],
  },
  sync: { type: "sync", present: [] },
  presence: { type: "presence", enter: [entry], update: { "7": { x: null } }, status: { "7": "away" }, leave: [[7, "left"]] },
  count: { type: "count", members: 3 },
  message: { type: "message", from: 7, member: "anna", event: "hello", data: { any: ["thing"] } },
  ack: { type: "ack", id: 1 },
  error: { type: "error", id: 1, code: "bad_frame", message: "why" },
  heartbeat: { type: "heartbeat" },
  expiring: { type: "expiring", at: 1_760_000_000_000 },
  bye: { type: "bye", code: 4403, reason: "kicked or banned" },
} as const

const fromClient = {
  enter: { type: "enter", data: { x: 1 } },
  update: { type: "update", data: { x: null } },
  leave: { type: "leave" },
  send: { type: "send", event: "hello", data: 1, to: ["anna"] },
  auth: { type: "auth", token: "a.b.c" },
  sync: { type: "sync" },
  pong: { type: "pong" },
} as const

describe("frames from the room", () => {
  it("[FR12] have one schema each, named by their type", () => {
    expect(Object.keys(roomFrames)).toEqual(Object.keys(fromRoom))
    for (const [type, frame] of Object.entries(fromRoom)) expect(frame.type).toBe(type)
  })

  it.each(Object.entries(fromRoom))("[FR12] fit the contract's example: %s", (_type, frame) => {
    expect(roomFrames[frame.type].parse(frame)).toEqual(frame)
  })

  it.each(Object.entries(fromRoom))("[FR3] lose unknown fields: %s", (_type, frame) => {
    expect(roomFrames[frame.type].parse({ ...frame, later: 1 })).toEqual(frame)
  })

  it("[OB1] may leave out any part of a presence frame", () => {
    const { type, ...parts } = fromRoom.presence
    expect(roomFrames.presence.parse({ type })).toEqual({ type })
    for (const [part, value] of Object.entries(parts))
      expect(roomFrames.presence.parse({ type, [part]: value })).toEqual({ type, [part]: value })
  })

  it("[FR12] name refs, reasons, codes and statuses of the contract alone", () => {
    const presence = (parts: object) => roomFrames.presence.safeParse({ type: "presence", ...parts }).success
    for (const reason of LEAVE_REASONS) expect(presence({ leave: [[7, reason]] })).toBe(true)
    for (const bad of [
      { leave: [[7, "bored"]] },
      { leave: [[-1, "left"]] },
      { update: { x: {} } },
      { status: { "7": "busy" } },
      { update: { "7": [] } },
    ]) {
      expect(presence(bad)).toBe(false)
    }
    for (const code of ERROR_CODES) expect(roomFrames.error.safeParse({ type: "error", code, message: "" }).success).toBe(true)
    expect(roomFrames.error.safeParse({ type: "error", code: "teapot", message: "" }).success).toBe(false)
    for (const code of CLOSE_CODES) expect(roomFrames.bye.safeParse({ type: "bye", code, reason: "" }).success).toBe(true)
    expect(roomFrames.bye.safeParse({ type: "bye", code: 1000, reason: "" }).success).toBe(false)
  })

  it("[MS1] may be a message from the admin API, from nobody's connection", () => {
    expect(roomFrames.message.safeParse({ type: "message", from: null, member: null, event: "e", data: null }).success).toBe(true)
  })
})

describe("frames from a client", () => {
  it("[FR2] have one schema each, named by their type", () => {
    expect(Object.keys(clientFrames).sort()).toEqual(Object.keys(fromClient).sort())
  })

  it.each(Object.entries(fromClient))("[FR4] may carry a number as id, and nothing else: %s", (_type, frame) => {
    const schema = clientFrames[frame.type]
    expect(schema.parse(frame)).toEqual(frame)
    for (const id of [0, -1, 1.5, 2 ** 53]) expect(schema.parse({ ...frame, id })).toEqual({ ...frame, id })
    for (const id of ["1", null, Number.NaN, Number.POSITIVE_INFINITY, 1n]) expect(schema.safeParse({ ...frame, id }).success).toBe(false)
  })

  it.each(Object.entries(fromClient))("[FR3] lose unknown fields: %s", (_type, frame) => {
    expect(clientFrames[frame.type].parse({ ...frame, member: "forged", later: {} })).toEqual(frame)
  })

  it("[MS2] name recipients as a list of texts, as many as a frame holds", () => {
    const to = (recipients: unknown) => clientFrames.send.safeParse({ ...fromClient.send, to: recipients }).success
    expect([to([]), to(Array(4000).fill("anna")), to("anna"), to([1]), to(null)]).toEqual([true, true, false, false, false])
  })
})
