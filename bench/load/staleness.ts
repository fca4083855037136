/** How far what members see is behind the truth: pairs of a member who looks and another member of its room. */
import { setTimeout as sleep } from "node:timers/promises"
import type { Crowd } from "./crowd.ts"
import { lastSeq, type Participant } from "./participant.ts"
import type { Sight } from "./seen.ts"

/** The longest that any state may take to reach anybody, also after the end. */
export const STALE_AFTER_MS = 1500

/** What has not come by then will not: a server that is merely slow has worked off its backlog, or has one that never ends. */
const LOST_AFTER_MS = 10_000

const LOOK_EVERY_MS = 50

export type Staleness = { readonly stale: number; readonly checked: number }

/** Nobody says anything any more: how many pairs are stale once they may not be, and how many stay so. */
export async function settle(crowd: Crowd): Promise<Staleness & { readonly lost: number }> {
  const startedAt = performance.now()
  const staleAt = startedAt + STALE_AFTER_MS
  const { stale, checked } = await currentBy(crowd, staleAt)
  const { stale: lost } = await currentBy(crowd, startedAt + LOST_AFTER_MS)
  return { stale, checked, lost }
}

async function currentBy(crowd: Crowd, limit: number): Promise<Staleness> {
  let found = staleness(crowd, performance.now())
  while (found.stale > 0 && performance.now() < limit) {
    await sleep(LOOK_EVERY_MS)
    found = staleness(crowd, performance.now())
  }
  return found
}

/** Pairs in which the one lacks what the other sent before `instant`. */
export function staleness(crowd: Crowd, instant: number): Staleness {
  const rooms = new Map<string, Participant[]>()
  for (const participant of crowd.participants) {
    const room = rooms.get(participant.room) ?? []
    rooms.set(participant.room, room)
    room.push(participant)
  }
  let stale = 0
  let checked = 0
  for (const members of rooms.values()) {
    const due = members.map((member) => [member.index, newestBefore(member, instant)] as const)
    const missing = new Map<Sight, number[]>()
    for (const looking of members) {
      const sight = crowd.sightOf(looking)
      const lacks = missing.get(sight) ?? lacking(sight, due, members.length)
      missing.set(sight, lacks)
      checked += members.length - 1
      stale += lacks.length - (lacks.includes(looking.index) ? 1 : 0)
    }
  }
  return { stale, checked }
}

function lacking(sight: Sight, due: readonly (readonly [index: number, seq: number])[], members: number): number[] {
  const newest = sight.newest(members)
  return due.filter(([index, seq]) => (newest.get(index) ?? 0) < seq).map(([index]) => index)
}

/** The number of the last state that it sent before then. */
function newestBefore(participant: Participant, instant: number): number {
  let seq = lastSeq(participant)
  while (seq > 0 && (participant.sentAt[seq] ?? 0) > instant) seq--
  return seq
}
