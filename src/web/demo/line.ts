/** "Your line": a plug to pull, what the room thinks meanwhile, and how it went. */

import { part, say } from "../dom.ts"
import type { Announcer } from "./announcer.ts"
import type { Plug } from "./plug.ts"
import type { DemoRoom } from "./presence.ts"

const OUT_MS = 3000
const ASK_AFTER_MS = 1200

const PULL = "Pull the plug"

/** `roomNow` asks the service, over HTTP, which connections it holds for present. */
export type RoomNow = () => Promise<readonly string[]>

export function watchLine(room: DemoRoom, plug: Plug, roomNow: RoomNow, { tell }: Announcer): void {
  const card = part("line", HTMLElement)
  const button = part("pull", HTMLButtonElement)
  const note = part("line-note", HTMLElement)
  const tally = part("tally", HTMLElement)
  let gaps = 0
  let resumed = 0
  /** The gap that is on: since when, and which connection this was. */
  let gap: { readonly since: number; readonly connection: string | null } | null = null
  let known = room.self?.connection ?? null
  let evidence = ""

  const over = (before: NonNullable<typeof gap>) => {
    const isSame = room.self?.connection === before.connection
    gaps++
    if (isSame) resumed++
    const seconds = ((performance.now() - before.since) / 1000).toFixed(1)
    const verdict = isSame
      ? `Back after ${seconds} s and resumed: nobody saw you leave.`
      : `Back after ${seconds} s, on a new connection: the others saw you go and come.`
    say(note, [verdict, evidence].filter(Boolean).join(" "))
    say(tally, `Resumed ${resumed} of ${gaps}`)
    card.dataset["result"] = isSame ? "resumed" : "fresh"
    tell(verdict)
  }
  room.subscribe(
    ({ status, self }) => (status === "connected" ? (self?.connection ?? null) : null),
    (connection) => {
      if (connection === null) {
        if (known !== null) gap ??= { since: performance.now(), connection: known }
        return
      }
      known = connection
      const before = gap
      gap = null
      if (before !== null) over(before)
    },
  )

  // Who is not connected has no plug to pull. Not `disabled`: that would take the focus from whoever pressed it.
  const offer = () => {
    if (room.status === "connected" && !plug.isOut()) button.removeAttribute("aria-disabled")
    else button.setAttribute("aria-disabled", "true")
  }
  room.on("connection", offer)
  offer()

  const ask = async (connection: string) => {
    const present = await roomNow()
    if (!plug.isOut()) return
    const others = present.filter((one) => one !== connection).length
    const listing = present.includes(connection) ? "still lists you" : "no longer lists you"
    evidence = present.includes(connection) ? "The room listed you all along." : "Meanwhile the room did not list you."
    say(note, `Unplugged. Asked over HTTP, the room ${listing}${others > 0 ? `, next to ${others} other${others === 1 ? "" : "s"}` : ""}.`)
  }
  const pushIn = () => {
    plug.pushIn()
    card.dataset["plug"] = "in"
    say(button, PULL)
    offer()
    // What a browser says when the network is back; nobody need wait for the next attempt.
    dispatchEvent(new Event("online"))
  }
  button.addEventListener("click", () => {
    const connection = room.self?.connection ?? null
    if (plug.isOut() || connection === null || room.status !== "connected") return
    evidence = ""
    plug.pull()
    card.dataset["plug"] = "out"
    delete card.dataset["result"]
    offer()
    countDown(button, OUT_MS / 1000)
    say(note, "Unplugged for three seconds. The others still see you, where you were.")
    tell("Unplugged for three seconds.")
    setTimeout(() => {
      ask(connection).catch((error: unknown) => say(note, `Unplugged. The room could not be asked: ${String(error)}`))
    }, ASK_AFTER_MS)
    setTimeout(pushIn, OUT_MS)
  })
}

function countDown(button: HTMLElement, seconds: number): void {
  say(button, `Back in ${seconds} s`)
  if (seconds > 1) setTimeout(() => countDown(button, seconds - 1), 1000)
}
