/** Entries to members: the tabs and devices of one member are one. Pure. */
import type { Entry, Member } from "./types.ts"

/** A member in whom nothing changed is the old one's object, and an unchanged list the old list. */
export function collapse(entries: Iterable<Entry>, self: string | null, old: readonly Member[]): readonly Member[] {
  const connections = Map.groupBy(entries, ({ member }) => member)
  const known = new Map(old.map((member) => [member.member, member]))
  const members = [...connections].map(([member, its]): Member => {
    const previous = known.get(member)
    const isSelf = its.some(({ connection }) => connection === self)
    return previous !== undefined && previous.isSelf === isSelf && isSameList(previous.connections, its) ? previous : memberOf(its, isSelf)
  })
  return isSameList(old, members) ? old : members
}

function memberOf(connections: readonly Entry[], isSelf: boolean): Member {
  const newest = connections.findLast(({ status }) => status === "active") ?? connections.at(-1)
  if (newest === undefined) throw new RangeError("a member has a connection at least")
  const { member, info, status, data } = newest
  return { member, info, connections, status, data, isSelf }
}

export function isSameList<T>(a: readonly T[], b: readonly T[]): boolean {
  return a.length === b.length && a.every((item, at) => item === b[at])
}
