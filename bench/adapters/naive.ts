/**
 * The protocol of the peers: JSON, one frame for each change.
 * `{"type":"sync","n":<count>,"members":[…]}`, `{"type":"join",…}`, `{"type":"leave",…}`, `{"type":"update","id":"m1","x":…,"y":…}`
 */
import { z } from "zod"
import { textFrame } from "../load/websocket.ts"
import { type Adapter, integerEnd, memberInfo, memberKey, NO_STATES, readInteger, type SeqOf, WrongState } from "./adapter.ts"

const TYPE_AT = '{"type":"'.length
const COUNT_AT = '{"type":"sync","n":'.length
const INDEX_AT = '{"type":"update","id":"m'.length
const TO_X = '","x":'.length
const TO_Y = ',"y":'.length
const END = "}".charCodeAt(0)

const UPDATE = "u".charCodeAt(0)
const JOIN = "j".charCodeAt(0)
const LEAVE = "l".charCodeAt(0)
const SYNC = "s".charCodeAt(0)

/** `prefix` is what the server's rooms live under. `tellsMembers` false: nobody is told who is here, and each takes it that all are. */
export function naive(prefix: string, tellsMembers: boolean): Adapter {
  /** A frame tells one state: no array is made for each. */
  const told = [0, 0]
  return {
    echoesSelf: false,
    sharesFrames: false,
    prepare: async () => {},
    path: ({ room, index }) => {
      const { name, color } = memberInfo(index)
      return `${prefix}${room}?_pk=${memberKey(index)}&n=${name}&c=${encodeURIComponent(color)}`
    },
    headers: () => ({}),
    isInOnOpen: true,
    received: (participant, bytes, start) => {
      switch (bytes[start + TYPE_AT]) {
        case UPDATE:
          return start
        case JOIN:
          participant.members++
          return NO_STATES
        case LEAVE:
          participant.members--
          participant.leaves++
          return NO_STATES
        case SYNC:
          participant.members += tellsMembers ? readInteger(bytes, start + COUNT_AT) : participant.wanted
          return participant.isReturning ? start : NO_STATES
        default:
          return NO_STATES
      }
    },
    states: (_, bytes, start, end, seqOf) => {
      if (bytes[start + TYPE_AT] === SYNC) return statesIn(bytes.toString("latin1", start, end), seqOf)
      const index = readInteger(bytes, start + INDEX_AT)
      const xAt = integerEnd(bytes, start + INDEX_AT) + TO_X
      const yAt = integerEnd(bytes, xAt) + TO_Y
      const seq = seqOf(index, { x: readInteger(bytes, xAt), y: readInteger(bytes, yAt) })
      if (seq === null || bytes[integerEnd(bytes, yAt)] !== END) throw new WrongState(bytes.toString("latin1", start, end))
      told[0] = index
      told[1] = seq
      return told
    },
    update: ({ x, y }) => textFrame(`{"type":"update","x":${x},"y":${y}}`),
    ping: () => textFrame("ping"),
  }
}

const sync = z.object({ members: z.array(z.object({ id: z.string(), x: z.number(), y: z.number() })) })

/** Of those who have moved: the peers have everybody at 0, 0 before. */
function statesIn(frame: string, seqOf: SeqOf): number[] {
  return sync.parse(JSON.parse(frame)).members.flatMap(({ id, x, y }) => {
    const index = Number(id.slice(1))
    if (x === 0 && y === 0) return []
    const seq = seqOf(index, { x, y })
    if (seq === null) throw new WrongState(`${id}: ${x}, ${y}`)
    return [index, seq]
  })
}
