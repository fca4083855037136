/** One room, live: its members come through Rollcall itself, as to any observer; what only operators see is asked for. */
import { createClient, type Member } from "../../client/index.ts"
import type { RoomStats } from "../../protocol/admin.ts"
import { keyed, make, part, say } from "../dom.ts"
import { confirmDeed, type Deed } from "./actions.ts"
import { counted, initials, span, untilOf } from "./format.ts"
import { poll } from "./poll.ts"
import type { Service } from "./service.ts"

const EVERY_MS = 2500

/** Returns what leaves the room. */
export function showRoom(service: Service, name: string): () => void {
  const client = createClient({ url: location.origin, token: service.token })
  const room = client.room(name)
  let heard: Readonly<Record<string, number>> = {}
  let fault = ""
  let isOver = false
  const ask = (kind: Deed["kind"], member: string | null) => confirmDeed(service, { kind, room: name, member })
  const draw = keyed<Member, HTMLLIElement>(
    part("members", HTMLElement),
    ({ member }) => member,
    ({ member }) => rowOf(member, ask),
    (row, member) => fill(row, member, heard),
  )
  const show = () => {
    // An answer may come after the page has gone on to another room.
    if (isOver) return
    // The client keeps the last that it saw; once its line has ended for good, nobody is known to be there.
    const focused = document.activeElement
    draw(room.status === "closed" ? [] : room.members)
    // Whoever works with the keyboard goes on in this room when the member that had the focus is gone.
    if (focused !== null && !focused.isConnected) part("room-title", HTMLElement).focus()
    const line = room.status === "connected" ? "Live" : `${room.status}${room.reason === null ? "" : `: ${room.reason.message}`}`
    const empty = room.status === "connected" && room.members.length === 0 ? " Nobody is present." : ""
    say(part("room-state", HTMLElement), `${line}.${empty} ${fault}`)
  }
  room.subscribe(show)
  const polling = poll(EVERY_MS, async () => {
    try {
      const [stats, page] = await Promise.all([service.stats(name), service.members(name)])
      heard = page.heard ?? {}
      fault = ""
      if (!isOver) showStats(stats, Date.now())
    } catch (error) {
      fault = error instanceof Error ? error.message : "It failed."
      throw error
    } finally {
      show()
    }
  })
  say(part("room-title", HTMLElement), name)
  part("room-body", HTMLElement).hidden = false
  part("message-all", HTMLButtonElement).onclick = () => ask("message", null)
  part("close-room", HTMLButtonElement).onclick = () => ask("close", null)
  show()
  part("room-title", HTMLElement).focus()
  return () => {
    isOver = true
    polling.stop()
    client.close()
    part("members", HTMLElement).replaceChildren()
    part("stats", HTMLElement).replaceChildren()
    part("room-body", HTMLElement).hidden = true
    say(part("room-title", HTMLElement), "No room is open")
    say(part("room-state", HTMLElement), "Choose one of the list.")
  }
}

function rowOf(member: string, ask: (kind: Deed["kind"], member: string) => void): HTMLLIElement {
  const row = make("li", "member")
  const about = make("div")
  about.append(make("strong", "name"), make("p", "soft"), make("pre"))
  const buttons = make("div", "buttons")
  for (const [kind, label] of [
    ["message", "Message"],
    ["kick", "Kick or ban"],
  ] as const) {
    const button = make("button", "", label)
    button.type = "button"
    button.setAttribute("aria-label", `${label}: ${member}`)
    button.addEventListener("click", () => ask(kind, member))
    buttons.append(button)
  }
  const avatar = make("span", "avatar")
  avatar.setAttribute("aria-hidden", "true")
  row.append(avatar, about, buttons)
  return row
}

function fill(row: HTMLLIElement, { member, info, status, connections, data }: Member, heard: Readonly<Record<string, number>>): void {
  const now = Date.now()
  const name = typeof info["name"] === "string" ? info["name"] : member
  const lines = connections.map(({ connection, since }) => {
    const at = heard[connection]
    return `connected ${span(now - since)}, heard ${at === undefined ? "–" : `${span(now - at)} ago`}`
  })
  const texts = { ".avatar": initials(name), ".name": name === member ? member : `${name} (${member})` }
  for (const [selector, text] of Object.entries(texts)) say(row.querySelector(selector) ?? row, text)
  say(row.querySelector(".soft") ?? row, `${status} · ${lines.join(" · ")}`)
  say(row.querySelector("pre") ?? row, JSON.stringify(data, null, 2))
}

function showStats({ members, connections, observers, peak, rates, liveness, cache, wakeups, since }: RoomStats, now: number): void {
  const facts: readonly (readonly [string, string])[] = [
    ["Members", `${members}`],
    ["Connections", counted(connections, "line")],
    ["Observers", `${observers}`],
    ["Occupied for", span(now - since)],
    ["Peak", `${peak.members}`],
    ["Frames in, a second", rates.framesIn.toFixed(1)],
    ["Frames out, a second", rates.framesOut.toFixed(1)],
    ["Next alarm", untilOf(liveness.nextAlarmAt, now)],
    ["Sweeps", `${liveness.sweeps}`],
    ["Lost · idle", `${liveness.lost} · ${liveness.idle}`],
    ["Cache hits · misses", `${cache.hits} · ${cache.misses}`],
    ["Reclaimed · live", `${cache.reclaimed} · ${cache.live}`],
    ["Wake-ups", `${wakeups}`],
  ]
  const rows = facts.map(([term, value]) => {
    const row = make("div")
    row.append(make("dt", "", term), make("dd", "", value))
    return row
  })
  part("stats", HTMLElement).replaceChildren(...rows)
}
