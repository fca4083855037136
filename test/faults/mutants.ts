/** Bugs put in on purpose, one line each: the fault suite has to find every one, by the invariant that it breaks. */
import type { Invariant } from "./book.ts"

export type Mutant = {
  readonly invariant: Invariant
  readonly what: string
  readonly file: string
  /** Occurs once in the file. */
  readonly from: string
  readonly to: string
  /** Where its search begins: a rare fault is looked for first where it was found before. */
  readonly firstSeed: number
}

export const MUTANTS: readonly Mutant[] = [
  {
    invariant: "convergence",
    what: "a joiner misses what is added later to the segment that its snapshot covers",
    file: "src/core/outbox.ts",
    from: "return last !== undefined && last.messages.length === 0 ? last.number : outbox.nextSegment",
    to: "return outbox.nextSegment",
    firstSeed: 0,
  },
  {
    invariant: "convergence",
    what: "what a tick told is not saved: sleep loses it",
    file: "src/room/perform.ts",
    from: "ticked: () => this.#save(Date.now())",
    to: "ticked: () => {}",
    firstSeed: 48,
  },
  {
    invariant: "no ghosts",
    what: "the dead of a crash are kept as if connected, for a minute",
    file: "src/room/restore.ts",
    from: "until: now + settings.graceMs }",
    to: "until: now + 60_000 }",
    firstSeed: 0,
  },
  {
    invariant: "no ghosts",
    what: "the end of a line is not noted, only found by the next sweep",
    file: "src/room/line-end.ts",
    from: "const kept = performer.keepForGrace(connection, now)",
    to: "const kept = { changes: [], lookBy: Number.POSITIVE_INFINITY }",
    firstSeed: 0,
  },
  {
    invariant: "no flap",
    what: "grace ends after half its time",
    file: "src/room/perform.ts",
    from: "const until = now + settings.graceMs",
    to: "const until = now + settings.graceMs / 2",
    firstSeed: 0,
  },
  {
    invariant: "no flap",
    what: "the end of a superseded socket counts",
    file: "src/room/welcome.ts",
    from: "  for (const old of sockets.allOf(connection.id)) sockets.release(old)\n",
    to: "",
    firstSeed: 0,
  },
  {
    invariant: "no leak",
    what: "who may not subscribe hears",
    file: "src/room/fan-out.ts",
    from: "connection === null || !connection.grants.subscribe",
    to: "connection === null",
    firstSeed: 0,
  },
  {
    invariant: "no leak",
    what: "a session is not bound to its member",
    file: "src/core/roster.ts",
    from: "connection === undefined || connection.member !== member ||",
    to: "connection === undefined ||",
    firstSeed: 0,
  },
  {
    invariant: "no leak",
    what: "a message for some goes to all",
    file: "src/room/fan-out.ts",
    from: "(to === null || to.has(connection.member))",
    to: "true",
    firstSeed: 0,
  },
  {
    invariant: "bounded",
    what: "the sum after patches is not limited",
    file: "src/core/roster.ts",
    from: "    if (dataBytes > maxDataBytes) return dataTooLarge(dataBytes, maxDataBytes)\n  }\n  connection.dataBytes = dataBytes\n  const told",
    to: "  }\n  connection.dataBytes = dataBytes\n  const told",
    firstSeed: 0,
  },
  {
    invariant: "bounded",
    what: "no frame is too large",
    file: "src/core/conversation.ts",
    from: "parseClientFrame(raw, limits.maxFrameBytes)",
    to: "parseClientFrame(raw, limits.maxFrameBytes * 100)",
    firstSeed: 0,
  },
  {
    invariant: "free when idle",
    what: "the next sweep comes at once, again and again",
    file: "src/core/liveness.ts",
    from: "Math.max(next, now + gap))\n",
    to: "now + 50)\n",
    firstSeed: 0,
  },
  {
    invariant: "free when idle",
    what: "every sweep writes a row",
    file: "src/room/sweep.ts",
    from: "  performer.countSweep(",
    to: "  parts.ledger.markRef(parts.roster.nextRef + now)\n  performer.countSweep(",
    firstSeed: 0,
  },
  {
    invariant: "nothing left",
    what: "the empty room is not wiped",
    file: "src/room/rest.ts",
    from: "  await ledger.wipe()\n",
    to: "",
    firstSeed: 0,
  },
  {
    invariant: "nothing left",
    what: "a connection that ends out of its grace leaves its row behind",
    file: "src/room/perform.ts",
    from: "    if (!isConnected(connection)) ledger.drop(connection.id)\n",
    to: "",
    firstSeed: 0,
  },
  {
    invariant: "nothing left",
    what: "whoever is kicked, or leaves, leaves its row behind",
    file: "src/room/perform.ts",
    from: "        ledger.drop(change.entry.connection)\n",
    to: "",
    firstSeed: 0,
  },
]
