/** `watch`: the room live, as an observer whom nobody sees. */
import { createClient, type Entry } from "../client/index.ts"
import { type Context, MEMBER_HEAD, memberRow } from "./commands.ts"
import { clip, jsonLine, table, visible } from "./text.ts"

const TOKEN_TTL_MS = 3_600_000
const REDRAW_MS = 100

/** What happened, as a line of JSON has it. */
type Happening =
  | { readonly type: "enter" | "update" | "status"; readonly entry: Entry }
  | { readonly type: "leave"; readonly entry: Entry; readonly reason: string }
  | { readonly type: "message"; readonly event: string; readonly data: unknown; readonly member: string | null }
  | { readonly type: "connection"; readonly status: string; readonly reason: unknown }

/** Until it is stopped, which is success; rejects when the room is closed for good. */
export async function watchRoom({ admin, url, terminal, json }: Context, name: string): Promise<void> {
  const stop = terminal.stop()
  // A name of its own: watchers must not use up each other's places.
  const watcher = `rollcall-watch-${crypto.randomUUID()}`
  // Refused here, a bad key or name is told as such; the client would try again.
  const mint = async () => (await admin.token({ member: watcher, rooms: { [name]: ["subscribe", "message"] }, ttl: TOKEN_TTL_MS })).token
  let first: string | null = await mint()
  const token = async () => {
    const ready = first ?? (await mint())
    first = null
    return ready
  }
  const screen = json ? null : terminal.screen
  using client = createClient({ url, token })
  const room = client.room(name)
  /** What went wrong since it was last connected. */
  let fault: string | null = null
  const draw = redraw(() => {
    if (screen === null) return
    const { members, status, reason } = room.getSnapshot()
    const trouble = reason?.message ?? fault
    const title = `${visible(name)}: ${members.length} ${members.length === 1 ? "member" : "members"}, ${trouble === null ? status : `${status} (${visible(trouble)})`}`
    const lines = table(MEMBER_HEAD, members.map(memberRow), screen.columns)
    const hidden = lines.length - (screen.rows - 3)
    const shown = hidden > 0 ? [...lines.slice(0, screen.rows - 4), `… and ${hidden + 1} more`] : lines
    screen.show([terminal.emphasise(clip(title, screen.columns)), "", ...shown])
  })
  const tell = (happening: Happening) => {
    if (screen === null) terminal.print(json ? jsonLine({ at: terminal.now(), ...happening }) : sentence(terminal.now(), happening))
  }
  room.on("enter", ({ entry }) => tell({ type: "enter", entry }))
  room.on("update", ({ entry }) => tell({ type: "update", entry }))
  room.on("status", ({ entry }) => tell({ type: "status", entry }))
  room.on("leave", ({ entry, reason }) => tell({ type: "leave", entry, reason }))
  room.on("error", ({ message }) => {
    fault = message
    if (screen === null) terminal.complain(`rollcall: ${visible(message)}`)
    else draw.soon()
  })
  room.on("message", ({ event, data, member }) => tell({ type: "message", event, data, member }))
  const ended = new Promise<void>((resolve, reject) => {
    room.on("connection", ({ status, reason }) => {
      if (status === "connected") fault = null
      tell({ type: "connection", status, reason })
      if (status === "closed") reject(new Error(reason?.message ?? "the room is closed"))
    })
    stop.addEventListener("abort", () => resolve())
    if (stop.aborted) resolve()
  })
  room.subscribe(draw.soon)
  draw.soon()
  try {
    await ended
  } finally {
    draw.end()
    screen?.end()
  }
}

/** For a person who reads a pipe: a time, what, who, and the rest. */
export function sentence(at: number, happening: Happening): string {
  const time = new Date(at).toISOString()
  return visible([time, happening.type, ...detail(happening)].join(" "))
}

function detail(happening: Happening): string[] {
  switch (happening.type) {
    case "connection":
      return [happening.status, ...(happening.reason === null ? [] : [jsonLine(happening.reason)])]
    case "message":
      return [happening.member ?? "(operator)", happening.event, jsonLine(happening.data)]
    case "leave":
      return [happening.entry.member, happening.reason]
    case "status":
      return [happening.entry.member, happening.entry.status]
    default:
      return [happening.entry.member, jsonLine(happening.entry.data)]
  }
}

/** Ten pictures a second are enough for eyes. */
function redraw(draw: () => void): { soon: () => void; end: () => void } {
  let timer: ReturnType<typeof setTimeout> | null = null
  return {
    soon() {
      timer ??= setTimeout(() => {
        timer = null
        draw()
      }, REDRAW_MS)
    },
    end() {
      if (timer !== null) clearTimeout(timer)
    },
  }
}
