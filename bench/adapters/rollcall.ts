/**
 * Rollcall's own protocol, with tokens. A state is `{"p":[x,y,seq,t]}`, where t is the sender's clock in whole
 * milliseconds, rounded down: a latency is overstated by up to 1 ms and never understated.
 */
import { z } from "zod"
import { entrySchema } from "../../src/protocol/frames.ts"
import { type Claims, mintToken } from "../../src/token/token.ts"
import type { Participant } from "../load/participant.ts"
import { textFrame } from "../load/websocket.ts"
import { type Adapter, isRecord, memberInfo, memberKey, readInteger } from "./adapter.ts"

const TYPE_AT = '{"type":"'.length
const WELCOME = "w".charCodeAt(0)
const PRESENCE = "p".charCodeAt(0)
const HEARTBEAT = "h".charCodeAt(0)
const UPDATE_KEY = "u".charCodeAt(0)

/** In a presence frame that holds updates alone, the key `update` stands here. */
const FIRST_KEY_AT = '{"type":"presence","'.length
const OPENING_BRACKET = "[".charCodeAt(0)

/** How an entry begins; its own ref in the head of a welcome begins otherwise. */
const ENTRY = '{"ref":'

const TOKEN_LIFE_S = 3600
const EVERY_ROOM: Claims["rooms"] = { "*": ["subscribe", "presence"] }

const roster = z.object({
  leave: z.array(z.tuple([z.number(), z.string()])).optional(),
  enter: z.array(entrySchema).optional(),
  present: z.array(entrySchema).optional(),
})

/** What the adapter knows of a room: whose each ref is. All who are in it share this, as all are told the same. */
const membersOf = new Map<string, Map<number, string>>()

/** The refs that each participant sees. An enter may repeat what its welcome held already, so counting is not enough. */
const seenBy = new WeakMap<Participant, Set<number>>()

/** `deflate`: frames come compressed, once for all. */
export function rollcall(secret: string, deflate: boolean): Adapter {
  const tokens: string[] = []
  return {
    echoesSelf: true,
    prepare: async (members) => {
      const exp = Math.floor(Date.now() / 1000) + TOKEN_LIFE_S
      for (let index = tokens.length; index < members; index++) {
        tokens.push(await mintToken({ sub: memberKey(index), exp, info: memberInfo(index), rooms: EVERY_ROOM }, secret))
      }
    },
    path: (room) => `/v1/rooms/${room}/connect`,
    headers: (index) => ({ "Sec-WebSocket-Protocol": `${deflate ? "rollcall.v1.deflate, " : ""}rollcall.v1, token.${tokens[index]}` }),
    isInOnOpen: false,
    received: (participant, bytes, start, end) => {
      switch (bytes[start + TYPE_AT]) {
        case PRESENCE:
          if (bytes[start + FIRST_KEY_AT] === UPDATE_KEY) return countStates(bytes, start, end)
          return readRoster(participant, bytes.subarray(start, end))
        case WELCOME:
          readRoster(participant, bytes.subarray(start, end))
          participant.socket?.write(textFrame('{"type":"enter","data":{}}'))
          participant.ready()
          return 0
        case HEARTBEAT:
          participant.socket?.write(textFrame('{"type":"pong"}'))
          return 0
        default:
          return 0
      }
    },
    decode: ({ room }, bytes, start, end, sink) => {
      const frame: unknown = JSON.parse(bytes.toString("latin1", start, end))
      if (!isRecord(frame) || !isRecord(frame["update"])) return
      for (const [ref, patch] of Object.entries(frame["update"])) {
        const member = membersOf.get(room)?.get(Number(ref))
        if (member === undefined || !isRecord(patch) || !Array.isArray(patch["p"])) continue
        const [, , seq, sentAt]: unknown[] = patch["p"]
        if (typeof seq === "number" && typeof sentAt === "number") sink(member, seq, sentAt)
      }
    },
    update: (x, y, seq, now) => textFrame(`{"type":"update","data":{"p":[${x},${y},${seq},${Math.floor(now)}]}}`),
    ping: () => textFrame("ping"),
  }
}

/** Every state has exactly one array, and nothing else in the `update` part has one. */
function countStates(bytes: Buffer, from: number, end: number): number {
  let states = 0
  for (let i = from; i < end; i++) if (bytes[i] === OPENING_BRACKET) states++
  return states
}

/** A frame that tells of comings and goings, and perhaps of updates too: it is scanned for refs, and read in full when one is new. */
function readRoster(participant: Participant, frame: Buffer): number {
  const { room } = participant
  const seen = seenBy.get(participant) ?? new Set<number>()
  seenBy.set(participant, seen)
  const members = membersOf.get(room) ?? new Map<number, string>()
  membersOf.set(room, members)
  const updateAt = frame.indexOf('"update":{', 0, "latin1")
  const entersEnd = updateAt < 0 ? frame.length : updateAt
  let isNews = frame.indexOf('"leave":[', 0, "latin1") >= 0
  for (let at = frame.indexOf(ENTRY, 0, "latin1"); at >= 0 && at < entersEnd; at = frame.indexOf(ENTRY, at + 1, "latin1")) {
    const ref = readInteger(frame, at + ENTRY.length)
    seen.add(ref)
    if (!members.has(ref)) isNews = true
  }
  if (isNews) readInFull(frame, members, seen)
  participant.members = seen.size
  return countStates(frame, entersEnd, frame.length)
}

function readInFull(frame: Buffer, members: Map<number, string>, seen: Set<number>): void {
  const { leave = [], enter = [], present = [] } = roster.parse(JSON.parse(frame.toString()))
  for (const [ref] of leave) seen.delete(ref)
  for (const { ref, member } of [...enter, ...present]) {
    members.set(ref, member)
    seen.add(ref)
  }
}
