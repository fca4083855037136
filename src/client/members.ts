/** Entries to members: the tabs and devices of one member are one. Pure. */
import { isSameList } from "./share.ts"
import type { Entry, Member } from "./types.ts"

/** A member in whom nothing changed is the old one's object, and an unchanged list the old list. */
export function collapse(entries: Iterable<Entry>, isOwn: (entry: Entry) => boolean, old: readonly Member[]): readonly Member[] {
  const known = new Map(old.map((member) => [member.member, member]))
  const members = [...Map.groupBy(entries, ({ member }) => member)].map(([member, connections]): Member => {
    const previous = known.get(member)
    const isSelf = connections.some(isOwn)
    if (previous?.isSelf === isSelf && isSameList(previous.connections, connections)) return previous
    // The newest active one, else the newest.
    const { info, status, data } = connections.reduce((chosen, entry) =>
      entry.status === "active" || chosen.status === "away" ? entry : chosen,
    )
    return { member, info, connections, status, data, isSelf }
  })
  return isSameList(old, members) ? old : members
}
