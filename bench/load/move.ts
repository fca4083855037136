/** One member says where it is. */
import type { Adapter } from "../adapters/adapter.ts"
import { positionOf } from "./motion.ts"
import type { Participant } from "./participant.ts"

/** Sends the member's next state, and returns its number. */
export function move({ adapter }: { readonly adapter: Adapter }, member: Participant): number {
  const seq = member.sentAt.length
  const frame = adapter.update(positionOf(member.index, seq))
  member.sentAt.push(performance.now())
  member.socket?.write(frame)
  return seq
}
