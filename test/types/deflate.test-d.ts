/** What must compile for the user of `rollcall/deflate`, and what must not. Compiled, never run. */
import { createClient } from "rollcall/client"
import { DeflateWebSocket, type LineConstructor } from "rollcall/deflate"

createClient({ url: "", token: "", WebSocket: DeflateWebSocket })

declare const Other: LineConstructor
class OverOther extends DeflateWebSocket {
  constructor(url: string, protocols: string[]) {
    super(url, protocols, Other)
  }
}
createClient({ url: "", token: "", WebSocket: OverOther })
export const spoken: string = new OverOther("", []).protocol
// @ts-expect-error it is told the class, not a socket
createClient({ url: "", token: "", WebSocket: new DeflateWebSocket("", []) })
// @ts-expect-error what a line is made of says what it speaks
export const mute = new DeflateWebSocket("", [], class {})
// @ts-expect-error what was selected is not for us to say
new DeflateWebSocket("", []).protocol = "rollcall.v1"
