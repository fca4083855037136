/** The demo: one room of Rollcall, on the public client alone. */
import { createClient } from "../../client/index.ts"
import { icon, make, part, say } from "../dom.ts"
import { linkTo, lobbyLink, readAddress } from "./address.ts"
import { announcer } from "./announcer.ts"
import { chat } from "./chat.ts"
import { type Cursor, drawCursors } from "./cursors.ts"
import { drawEffects } from "./effects.ts"
import { offerInvitations, showAlone } from "./invite.ts"
import { watchLine } from "./line.ts"
import { showMe } from "./me.ts"
import { showPeople } from "./people.ts"
import { createPlug } from "./plug.ts"
import {
  type DemoEntry,
  type DemoRoom,
  type Info,
  lookOf,
  type Messages,
  type Presence,
  personOf,
  pointFrom,
  REACTIONS,
  reactionFrom,
  samePeople,
} from "./presence.ts"
import { mintToken, presentNow } from "./service.ts"
import { watchStage } from "./stage.ts"
import { showSheet, showStatus } from "./status.ts"
import { visitorStore } from "./visitor.ts"

const address = readAddress(new URL(location.href))
if (address.ok) start(address.room, address.isGuest, address.sharesTabs)
else {
  document.documentElement.dataset["status"] = "nowhere"
  const fresh = `demo-${Math.random().toString(36).slice(2, 8)}`
  const here = new URL(location.href)
  showSheet("There is no such room", address.fault, [
    { label: "Go to the lobby", href: lobbyLink(here) },
    { label: "Open a new room", href: linkTo(here, fresh) },
  ])
}

function start(name: string, isGuest: boolean, sharesTabs: boolean): void {
  const store = visitorStore(isGuest)
  let visitor = store.load()
  const plug = createPlug()
  const token = () => mintToken(visitor)
  // Named by the member: a guest's window in the same browser is somebody else's.
  const tabs = sharesTabs && visitor.member
  const client = createClient({ url: location.origin, token, tabs, WebSocket: plug.Socket })
  const room: DemoRoom = client.room<Presence, Info, Messages>(name, { initial: { name: visitor.name, color: visitor.color } })

  say(part("room-name", HTMLElement), name)
  const announce = announcer()
  offerInvitations(name, announce.tell)
  showMe(visitor, (next) => {
    visitor = next
    store.save(next)
    // In the token only the next time; in what this connection says about itself at once.
    room.update({ name: next.name, color: next.color })
  })
  showStage(room, () => visitor)

  const people = showPeople()
  const { showTyping } = chat(room)
  room.subscribe(
    ({ members }) => members.map(personOf),
    (all) => {
      people(all)
      showTyping(all)
      announce.people(all)
      document.title = all.length > 1 ? `(${all.length}) ${name} · Rollcall` : `${name} · Rollcall`
    },
    samePeople,
  )
  room.subscribe(
    ({ others, status }) => status === "connected" && others.length === 0,
    (isAlone) => showAlone(isAlone),
  )
  room.on("connection", ({ status, reason }) => showStatus(status, reason))
  room.on("error", ({ code, message }) => console.warn(`rollcall: ${code}: ${message}`))
  showStatus(room.status, room.reason)
  if (sharesTabs) part("line", HTMLElement).hidden = true
  else watchLine(room, plug, async () => presentNow(name, await token()), announce)
}

function showStage(room: DemoRoom, visitor: () => { name: string; color: string }): void {
  const surface = part("stage", HTMLElement)
  const draw = drawCursors(part("cursors", HTMLElement))
  const effect = drawEffects(part("effects", HTMLElement))
  const drawAll = () => {
    const { self, others } = room.getSnapshot()
    const mine = self === null ? null : cursorOf({ ...self, key: "self", label: "You", isOwn: true })
    const theirs = others.map((entry) => {
      const label = entry.member === self?.member ? "You, elsewhere" : lookOf(entry).name
      return cursorOf({ ...entry, key: entry.connection, label, isOwn: false })
    })
    // Yours last: nobody else's lies over it.
    draw([...theirs, mine].filter((cursor) => cursor !== null))
  }
  room.subscribe(drawAll)

  // Of the moment: what finds no connection is not made up for later.
  const perhaps = (sent: Promise<void>) => void sent.catch(() => {})
  const stage = watchStage(surface, {
    move: (point) => room.update({ cursor: point }),
    ripple: (point) => perhaps(room.send("ripple", point)),
    react: (kind) => perhaps(room.send("reaction", { ...stage.here(), kind })),
  })
  for (const button of part("reactions", HTMLElement).querySelectorAll("button")) {
    const kind = REACTIONS.find((known) => known === button.dataset["kind"])
    if (kind !== undefined) button.addEventListener("click", () => perhaps(room.send("reaction", { ...stage.here(), kind })))
  }
  room.on("message", ({ event, data, from }) => {
    const color = from === null ? visitor().color : lookOf(from).color
    const point = pointFrom(data)
    if (event === "ripple" && point !== null) effect(make("span", "ripple"), point, color)
    const reaction = event === "reaction" ? reactionFrom(data) : null
    if (reaction === null) return
    const flight = make("span", "flight")
    flight.append(icon(reaction.kind))
    effect(flight, reaction, color)
  })
}

type Pointing = Pick<DemoEntry, "data" | "status"> & {
  readonly member: string | null
  readonly info: Info | null
  readonly key: string
  readonly label: string
  readonly isOwn: boolean
}

/** Null: they point nowhere. */
function cursorOf({ member, info, data, status, key, label, isOwn }: Pointing): Cursor | null {
  const point = pointFrom(data.cursor)
  if (point === null) return null
  const look = lookOf({ member: member ?? "", info: info ?? {}, data })
  return { ...look, key, label, point, isOwn, isAway: status === "away", isTyping: data.typing === true }
}
