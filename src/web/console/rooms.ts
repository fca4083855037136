/** The list of rooms: a page of it at a time, by prefix, with a short history of each room that is shown. */
import type { RoomSummary } from "../../protocol/admin.ts"
import { keyed, make, part, say } from "../dom.ts"
import { counted, remembered, sparkline } from "./format.ts"
import { poll } from "./poll.ts"
import type { Service } from "./service.ts"

const EVERY_MS = 2500
const PAGE = 50
const HISTORY = 40
const WIDTH = 72
const HEIGHT = 20
const SVG = "http://www.w3.org/2000/svg"

type Row = HTMLLIElement & { path?: SVGPathElement; count?: HTMLElement; link?: HTMLAnchorElement }

export type RoomList = { readonly select: (room: string | null) => void; readonly refresh: () => void; readonly stop: () => void }

export function showRooms(service: Service): RoomList {
  const search = part("search", HTMLInputElement)
  const note = part("rooms-note", HTMLElement)
  const next = part("next-page", HTMLButtonElement)
  const first = part("first-page", HTMLButtonElement)
  let histories = new Map<string, readonly number[]>()
  let cursor: string | null = null
  let following: string | null = null
  let selected: string | null = null
  let isOver = false
  let isTurned = false

  const mark = (row: Row, room: string) => {
    if (room === selected) row.link?.setAttribute("aria-current", "true")
    else row.link?.removeAttribute("aria-current")
  }
  const draw = keyed<RoomSummary, Row>(
    part("rooms", HTMLElement),
    ({ room }) => room,
    ({ room }) => rowOf(room),
    (row, { room, members, connections, observers }) => {
      row.path?.setAttribute("d", sparkline(histories.get(room) ?? [], WIDTH, HEIGHT))
      if (row.count !== undefined) {
        say(row.count, `${members}`)
        row.count.title = `${counted(members, "member")}, ${counted(connections, "connection")}, ${counted(observers, "observer")}`
      }
      mark(row, room)
    },
  )
  let shown: readonly RoomSummary[] = []

  const asked = (): Record<string, string> => {
    const prefix = search.value.trim()
    return { limit: String(PAGE), ...(prefix === "" ? {} : { prefix }), ...(cursor === null ? {} : { cursor }) }
  }

  const polling = poll(EVERY_MS, async () => {
    const prefix = search.value.trim()
    const query = asked()
    try {
      const page = await service.rooms(query)
      // What was typed meanwhile is asked for next.
      if (isOver || JSON.stringify(query) !== JSON.stringify(asked())) return
      shown = page.rooms
      // Only of what is shown: the history of a room that went goes with it.
      histories = new Map(shown.map(({ room, members }) => [room, remembered(histories.get(room) ?? [], members, HISTORY)]))
      following = page.cursor
      draw(shown)
      // The button that turned the page may be hidden now, and the rooms of the page before are gone.
      if (isTurned) (part("rooms", HTMLElement).querySelector("a") ?? search).focus()
      isTurned = false
      next.hidden = following === null
      first.hidden = cursor === null
      note.dataset["state"] = "fresh"
      say(note, shown.length > 0 ? "" : prefix === "" ? emptyNote : `No room begins with “${prefix}”.`)
    } catch (error) {
      if (isOver) return
      note.dataset["state"] = "stale"
      say(
        note,
        `${error instanceof Error ? error.message : "It failed."} ${shown.length > 0 ? "What you see is not fresh. " : ""}Trying again.`,
      )
      throw error
    }
    const totals = await service.totals()
    if (isOver) return
    for (const name of ["rooms", "members", "connections", "observers"] as const)
      say(part(`total-${name}`, HTMLElement), totals[name]?.toLocaleString("en") ?? "–")
  })

  const restart = () => {
    cursor = null
    isTurned = false
    polling.now()
  }
  const turn = (to: string | null) => {
    cursor = to
    isTurned = true
    polling.now()
  }
  const arrows = (event: KeyboardEvent) => {
    const step = event.key === "ArrowDown" ? 1 : event.key === "ArrowUp" ? -1 : 0
    if (step === 0) return
    const links: Element[] = [...part("rooms", HTMLElement).querySelectorAll("a")]
    const at = document.activeElement === null ? -1 : links.indexOf(document.activeElement)
    event.preventDefault()
    const next = links[Math.min(links.length - 1, Math.max(0, at + step))]
    if (next instanceof HTMLElement) next.focus()
  }
  const listening = new AbortController()
  const { signal } = listening
  search.addEventListener("input", restart, { signal })
  next.addEventListener("click", () => turn(following), { signal })
  first.addEventListener("click", () => turn(null), { signal })
  part("rooms", HTMLElement).addEventListener("keydown", arrows, { signal })
  say(note, "Looking for rooms.")
  return {
    select(room) {
      selected = room
      draw(shown)
    },
    refresh: polling.now,
    stop() {
      isOver = true
      listening.abort()
      polling.stop()
      shown = []
      draw(shown)
    },
  }
}

const emptyNote = "Nobody is in any room. Connect a client, or place a member over HTTP, and its room appears here."

function rowOf(room: string): Row {
  const row: Row = make("li")
  const link = make("a", "room-link")
  link.href = `#room=${encodeURIComponent(room)}`
  const svg = document.createElementNS(SVG, "svg")
  svg.setAttribute("viewBox", `-1 -2 ${WIDTH + 2} ${HEIGHT + 4}`)
  svg.setAttribute("aria-hidden", "true")
  svg.classList.add("spark")
  const path = document.createElementNS(SVG, "path")
  svg.append(path)
  const count = make("span", "room-count")
  link.append(make("span", "room-name", room), svg, count, make("span", "unseen", "members"))
  row.append(link)
  return Object.assign(row, { path, count, link })
}
