/** What runs in the measured page: one client who looks at the others whenever they change, and does no more. */
import { createClient } from "../../src/client/index.ts"
import { DeflateWebSocket, type LineConstructor } from "../../src/deflate/index.ts"

type Asked = { readonly url: string; readonly token: string; readonly room: string; readonly deflate: boolean }

declare global {
  var watchCrowd: (asked: Asked) => void
  /** Ever since: what the room changed, what came, and as how many bytes. */
  var counted: () => {
    readonly changes: number
    readonly frames: number
    readonly bytes: number
    readonly others: number
    readonly reason: unknown
  }
}

let frames = 0
let bytes = 0

class Line extends WebSocket {
  constructor(url: string, protocols: string[]) {
    super(url, protocols)
    // What the room says of moving members is ASCII: a character is a byte.
    this.addEventListener("message", ({ data }) => {
      frames++
      bytes += typeof data === "string" ? data.length : data.byteLength
    })
  }
}

class Deflating extends DeflateWebSocket {
  constructor(url: string, protocols: string[], Below: LineConstructor = Line) {
    super(url, protocols, Below)
  }
}

globalThis.watchCrowd = ({ url, token, room: name, deflate }) => {
  const room = createClient({ url, token, WebSocket: deflate ? Deflating : Line }).room(name)
  let changes = 0
  room.subscribe(
    ({ others }) => others,
    () => {
      changes++
    },
  )
  globalThis.counted = () => ({ changes, frames, bytes, others: room.others.length, reason: room.reason })
}
