/** Entries to members: the tabs and devices of one member are one. Pure. */
import { isSameList } from "./share.ts"
import type { Entry, Member } from "./types.ts"

/** A member in whom nothing changed is the old one's object, and an unchanged list the old list. */
export function collapse(entries: Iterable<Entry>, isOwn: (entry: Entry) => boolean, old: readonly Member[]): readonly Member[] {
  const known = new Map(old.map((member) => [member.member, member]))
  const groups = new Map<string, Entry[]>()
  for (const entry of entries) {
    const group = groups.get(entry.member)
    if (group) group.push(entry)
    else groups.set(entry.member, [entry])
  }
  const members = [...groups].map(([member, connections]): Member => {
    const previous = known.get(member)
    const isSelf = connections.some(isOwn)
    if (previous?.isSelf === isSelf && isSameList(previous.connections, connections)) return previous
    // The newest active one, else the newest: `active` comes before `away` in the alphabet.
    const { info, status, data } = connections.reduce((chosen, entry) => (entry.status <= chosen.status ? entry : chosen))
    return { member, info, connections, status, data, isSelf }
  })
  return isSameList(old, members) ? old : members
}
