/** The commands that ask once: each prints what the admin API answers. */
import type { Capability } from "../protocol/capabilities.ts"
import type { Admin, JsonObject, Member } from "../server/index.ts"
import { type Terminal, UsageError } from "./terminal.ts"
import { ageText, jsonLine, table, visible } from "./text.ts"

/** What every command has: the service, the terminal, and whether a machine reads. */
export type Context = { readonly admin: Admin; readonly url: string; readonly terminal: Terminal; readonly json: boolean }

const PAGE = 500

/** With `json` one room a line as its page comes in, else a table. */
export async function listRooms({ admin, terminal, json }: Context, prefix: string | undefined): Promise<void> {
  const rows: string[][] = []
  const now = terminal.now()
  for await (const { rooms } of admin.roomPages({ prefix, limit: PAGE })) {
    if (json) for (const room of rooms) terminal.print(jsonLine(room))
    else
      for (const { room, members, connections, observers, since } of rooms) {
        rows.push([room, String(members), String(connections), String(observers), ageText(now - since)])
      }
  }
  if (!json) printTable(terminal, ["ROOM", "MEMBERS", "CONNECTIONS", "OBSERVERS", "AGE"], rows, "nobody is in any room")
}

/** Stats, then the members. */
export async function showRoom({ admin, terminal, json }: Context, room: string): Promise<void> {
  const stats = await admin.stats(room)
  const members: Member[] = []
  for await (const page of admin.memberPages(room, { limit: PAGE })) members.push(...page.members)
  if (json) return terminal.print(jsonLine({ stats, members }))
  const { liveness, rates, peak } = stats
  const facts = [
    ["members", `${stats.members} (at most ${peak.members})`],
    ["connections", `${stats.connections}, ${stats.observers} of them observers`],
    ["frames", `${rates.framesIn.toFixed(1)} in, ${rates.framesOut.toFixed(1)} out per second`],
    ["liveness", `${liveness.sweeps} sweeps, ${liveness.lost} lost, ${liveness.idle} idle`],
    ["next alarm", liveness.nextAlarmAt === null ? "none" : new Date(liveness.nextAlarmAt).toISOString()],
    ["wake-ups", String(stats.wakeups)],
  ] as const
  terminal.print(terminal.emphasise(visible(stats.room)))
  for (const [name, value] of facts) terminal.print(`${name.padEnd(12)} ${value}`)
  terminal.print("")
  printTable(terminal, MEMBER_HEAD, members.map(memberRow), "nobody is present")
}

export async function sendMessage(
  { admin, terminal, json }: Context,
  room: string,
  event: string,
  data: unknown,
  to: string[] | undefined,
) {
  await admin.message(room, { event, data, ...(to === undefined ? {} : { to }) })
  terminal.print(
    json
      ? jsonLine({ room, event })
      : `sent ${visible(event)} to ${to === undefined ? "everybody" : visible(to.join(", "))} in ${visible(room)}`,
  )
}

export async function kickMember({ admin, terminal, json }: Context, room: string, member: string, banMs: number | null): Promise<void> {
  const kick = banMs === null ? await admin.kick(room, member) : await admin.ban(room, member, banMs)
  if (json) return terminal.print(jsonLine(kick))
  const ban = kick.bannedUntil === null ? "" : `, kept out until ${new Date(kick.bannedUntil).toISOString()}`
  terminal.print(`${visible(kick.member)}: ${kick.kicked} ${kick.kicked === 1 ? "connection" : "connections"} ended${ban}`)
}

export async function closeRoom({ admin, terminal, json }: Context, room: string, isSure: boolean): Promise<void> {
  if (!isSure) {
    if (terminal.confirm === null) throw new UsageError("nobody can be asked here; say --yes to close the room")
    if (!(await terminal.confirm(`Close ${visible(room)}: everybody out, bans and last-seen forgotten? [y/N] `))) {
      throw new UsageError("nothing was closed")
    }
  }
  await admin.close(room)
  terminal.print(json ? jsonLine({ room, closed: true }) : `closed ${visible(room)}`)
}

export type Grant = {
  readonly rooms: readonly string[]
  readonly can: readonly Capability[]
  readonly ttl: number
  readonly info: JsonObject
}

/** The token alone on stdout, so that a script may take it as it is. */
export async function mintToken({ admin, terminal, json }: Context, member: string, { rooms, can, ttl, info }: Grant): Promise<void> {
  const minted = await admin.token({ member, info, rooms: Object.fromEntries(rooms.map((room) => [room, can])), ttl })
  terminal.print(json ? jsonLine(minted) : visible(minted.token))
}

export const MEMBER_HEAD = ["MEMBER", "STATUS", "CONNECTIONS", "DATA"]

/** `active` while one of the connections is; the data of the newest of those. */
export function memberRow({ member, connections }: Pick<Member, "member" | "connections">): string[] {
  const active = connections.filter(({ status }) => status === "active")
  const newest = (active.length > 0 ? active : connections).at(-1)
  return [member, active.length > 0 ? "active" : "away", String(connections.length), jsonLine(newest?.data ?? {})]
}

function printTable({ print, screen, emphasise }: Terminal, head: readonly string[], rows: readonly string[][], empty: string): void {
  if (rows.length === 0) {
    print(empty)
    return
  }
  const [first = "", ...lines] = table(head, rows, screen?.columns)
  print(emphasise(first))
  for (const line of lines) print(line)
}
