/** Rollcall's own protocol, with tokens. A state is `{"x":…,"y":…}`. */
import { z } from "zod"
import { entrySchema, roomFrames } from "../../src/protocol/frames.ts"
import { type Claims, mintToken } from "../../src/token/token.ts"
import { positionOf } from "../load/motion.ts"
import type { Participant } from "../load/participant.ts"
import { textFrame } from "../load/websocket.ts"
import { type Adapter, isRecord, memberInfo, memberKey, NO_STATES, readInteger, WrongState } from "./adapter.ts"

const TYPE_AT = '{"type":"'.length
const WELCOME = "w".charCodeAt(0)
const PRESENCE = "p".charCodeAt(0)
const HEARTBEAT = "h".charCodeAt(0)
const UPDATE_KEY = "u".charCodeAt(0)

/** In a presence frame that holds updates alone, the key `update` stands here. */
const FIRST_KEY_AT = '{"type":"presence","'.length

/** How an entry begins; its own ref in the head of a welcome begins otherwise. */
const ENTRY = '{"ref":'
const PRESENT = '"present":['
const UPDATES = '"update":{'

const TOKEN_LIFE_S = 3600
const EVERY_ROOM: Claims["rooms"] = { "*": ["subscribe", "presence"] }

const welcomeHead = z.object({ session: z.string(), resumed: z.boolean() })
const presence = roomFrames.presence.pick({ leave: true, enter: true }).extend({ present: z.array(entrySchema).optional() })

/** What the adapter knows of a room: the index of the member whose each ref is. All who are in it share this, as all are told the same. */
const membersOf = new Map<string, Map<number, number>>()

/** The refs that each participant sees. An enter may repeat what its welcome held already, so counting is not enough. */
const seenBy = new WeakMap<Participant, Set<number>>()

type Scan = { readonly frame: Buffer; readonly refs: readonly number[]; readonly hasLeaves: boolean; readonly hasUpdates: boolean }

const MAX_SCANS = 8
const scans: Scan[] = []

/** `deflate`: frames come compressed, once for all. */
export function rollcall(secret: string, deflate: boolean): Adapter {
  const tokens: string[] = []
  return {
    echoesSelf: true,
    sharesFrames: true,
    prepare: async (members) => {
      const exp = Math.floor(Date.now() / 1000) + TOKEN_LIFE_S
      for (let index = tokens.length; index < members; index++) {
        tokens.push(await mintToken({ sub: memberKey(index), exp, info: memberInfo(index), rooms: EVERY_ROOM }, secret))
      }
    },
    path: ({ room, session, frames }) => `/v1/rooms/${room}/connect${session === null ? "" : `?session=${session}&have=${frames}`}`,
    headers: (index) => ({ "Sec-WebSocket-Protocol": `${deflate ? "rollcall.v1.deflate, " : ""}rollcall.v1, token.${tokens[index]}` }),
    isInOnOpen: false,
    received: (participant, bytes, start, end) => {
      switch (bytes[start + TYPE_AT]) {
        case PRESENCE:
          participant.frames++
          return bytes[start + FIRST_KEY_AT] === UPDATE_KEY || readRoster(participant, bytes.subarray(start, end)) ? start : NO_STATES
        case WELCOME: {
          const statesAt = welcomed(participant, bytes.subarray(start, end))
          return statesAt < 0 ? NO_STATES : start + statesAt
        }
        case HEARTBEAT:
          participant.socket?.write(textFrame('{"type":"pong"}'))
          return NO_STATES
        default:
          return NO_STATES
      }
    },
    states: ({ room }, bytes, start, end, seqOf) => {
      const text = bytes.toString("latin1", start, end)
      // The entries of a welcome come without its head, in which all members' differ.
      const frame: unknown = JSON.parse(text.startsWith("{") ? text : `{${text}`)
      const told: number[] = []
      const tell = (ref: number, data: unknown): void => {
        const index = membersOf.get(room)?.get(ref)
        if (index === undefined) return
        const { x, y } = isRecord(data) ? data : {}
        const seq = typeof x === "number" && typeof y === "number" ? seqOf(index, { x, y }) : null
        if (seq === null) throw new WrongState(`${memberKey(index)}: ${JSON.stringify(data)}`)
        told.push(index, seq)
      }
      if (!isRecord(frame)) return told
      for (const [ref, data] of Object.entries(isRecord(frame["update"]) ? frame["update"] : {})) tell(Number(ref), data)
      for (const entry of Array.isArray(frame["present"]) ? frame["present"] : [])
        if (isRecord(entry)) tell(Number(entry["ref"]), entry["data"])
      return told
    },
    update: (position) => textFrame(`{"type":"update","data":${JSON.stringify(position)}}`),
    ping: () => textFrame("ping"),
  }
}

/** Who resumes may be sent no entries: then what it saw before still holds. Else they are states, which it may have missed: returns where they begin. */
function welcomed(participant: Participant, frame: Buffer): number {
  const presentAt = frame.indexOf(PRESENT, 0, "latin1")
  const headEnd = presentAt < 0 ? frame.length : presentAt
  const head = frame.toString("latin1", 0, headEnd)
  const { session, resumed } = welcomeHead.parse(JSON.parse(presentAt < 0 ? head : `${head.replace(/,$/, "")}}`))
  participant.session = session
  participant.frames++
  participant.isResumed = resumed
  if (presentAt >= 0) {
    seenBy.delete(participant)
    // No two welcomes are the same, and they tell neither leaves nor updates.
    readRefs(participant, frame, refsIn(frame, frame.length), false)
  } else participant.members = seenBy.get(participant)?.size ?? 0
  const position = JSON.stringify(positionOf(participant.index, 0))
  if (!resumed) participant.socket?.write(textFrame(`{"type":"enter","data":${position}}`))
  participant.ready()
  return resumed ? presentAt : NO_STATES
}

/** A frame that tells of comings and goings: it is scanned for refs, and read in full when one is new. Returns whether it tells updates too. */
function readRoster(participant: Participant, frame: Buffer): boolean {
  const { refs, hasLeaves, hasUpdates } = scanOf(frame)
  readRefs(participant, frame, refs, hasLeaves)
  return hasUpdates
}

function readRefs(participant: Participant, frame: Buffer, refs: readonly number[], hasLeaves: boolean): void {
  const { room } = participant
  const seen = seenBy.get(participant) ?? new Set<number>()
  seenBy.set(participant, seen)
  const members = membersOf.get(room) ?? new Map<number, number>()
  membersOf.set(room, members)
  let isNews = hasLeaves
  for (const ref of refs) {
    seen.add(ref)
    if (!members.has(ref)) isNews = true
  }
  if (isNews) readInFull(participant, frame, members, seen)
  participant.members = seen.size
}

/** All are told the same frames, one soon after the other: each is scanned once, as long as it is among the last. */
function scanOf(frame: Buffer): Scan {
  const known = scans.find((scan) => scan.frame.equals(frame))
  if (known !== undefined) return known
  const updateAt = frame.indexOf(UPDATES, 0, "latin1")
  const scan = {
    frame: Buffer.from(frame),
    refs: refsIn(frame, updateAt < 0 ? frame.length : updateAt),
    hasLeaves: frame.indexOf('"leave":[', 0, "latin1") >= 0,
    hasUpdates: updateAt >= 0,
  }
  scans.unshift(scan)
  scans.length = Math.min(scans.length, MAX_SCANS)
  return scan
}

function refsIn(frame: Buffer, end: number): number[] {
  const refs: number[] = []
  for (let at = frame.indexOf(ENTRY, 0, "latin1"); at >= 0 && at < end; at = frame.indexOf(ENTRY, at + ENTRY.length, "latin1")) {
    refs.push(readInteger(frame, at + ENTRY.length))
  }
  return refs
}

function readInFull(participant: Participant, frame: Buffer, members: Map<number, number>, seen: Set<number>): void {
  const { leave = [], enter = [], present = [] } = presence.partial().parse(JSON.parse(frame.toString()))
  for (const [ref] of leave) seen.delete(ref)
  participant.leaves += leave.length
  for (const { ref, member } of [...enter, ...present]) {
    members.set(ref, Number(member.slice(1)))
    seen.add(ref)
  }
}
