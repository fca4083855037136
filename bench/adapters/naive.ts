/**
 * The protocol of the peers: JSON, one frame for each change.
 * `{"type":"sync","n":<count>,"members":[…]}`, `{"type":"join",…}`, `{"type":"leave",…}`, `{"type":"update","id":"m1","x":…,"y":…,"s":…,"t":…}`
 */
import { textFrame } from "../load/websocket.ts"
import { type Adapter, isRecord, memberInfo, memberKey, readInteger } from "./adapter.ts"

const TYPE_AT = '{"type":"'.length
const COUNT_AT = '{"type":"sync","n":'.length

const UPDATE = "u".charCodeAt(0)
const JOIN = "j".charCodeAt(0)
const LEAVE = "l".charCodeAt(0)
const SYNC = "s".charCodeAt(0)

/** `prefix` is what the server's rooms live under. */
export function naive(prefix: string): Adapter {
  return {
    echoesSelf: false,
    prepare: async () => {},
    path: (room, index) => {
      const { name, color } = memberInfo(index)
      return `${prefix}${room}?_pk=${memberKey(index)}&n=${name}&c=${encodeURIComponent(color)}`
    },
    headers: () => ({}),
    isInOnOpen: true,
    received: (participant, bytes, start) => {
      switch (bytes[start + TYPE_AT]) {
        case UPDATE:
          return 1
        case JOIN:
          participant.members++
          return 0
        case LEAVE:
          participant.members--
          return 0
        case SYNC:
          participant.members += readInteger(bytes, start + COUNT_AT)
          return 0
        default:
          return 0
      }
    },
    decode: (_, bytes, start, end, sink) => {
      const frame: unknown = JSON.parse(bytes.toString("latin1", start, end))
      if (!isRecord(frame)) return
      const { id, s, t } = frame
      if (typeof id === "string" && typeof s === "number" && typeof t === "number") sink(id, s, t)
    },
    update: (x, y, seq, now) => textFrame(`{"type":"update","x":${x},"y":${y},"s":${seq},"t":${now.toFixed(2)}}`),
    ping: () => textFrame("ping"),
  }
}
