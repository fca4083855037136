/** One room, its gateways, members who move and watchers who look on, in virtual time; deterministic by its seed. */
import type { PaceLimits } from "../../src/core/pace.ts"
import type { PresenceFrame } from "../../src/protocol/frames.ts"
import { Gateway } from "./gateway.ts"
import { Hub, type WatchersView } from "./hub.ts"
import { Timeline } from "./timeline.ts"

export type Scenario = {
  readonly watchers: number
  readonly gateways: number
  readonly view: WatchersView
  readonly members: number
  /** Updates a second of each. */
  readonly rate: number
  /** How many members a second leave and come back at once. */
  readonly churn: number
  /** When everybody has come; what is counted, is counted from then on. */
  readonly fromMs: number
  readonly ms: number
  readonly limits: PaceLimits
  /** Between two objects, one way, in milliseconds. */
  readonly hopMs: number
  /** So often a gateway's line to the room breaks for 200 ms; 0: never. */
  readonly cutEveryMs: number
  /** Every so many frames to gateways one is lost, which no line of the service does: then gateways go astray. 0: none. */
  readonly loseEvery: number
  readonly seed: number
}

/** Frames and bytes a second, bytes as characters of JSON, which is ASCII here. */
export type Outcome = {
  readonly framesToRoom: number
  readonly framesToGateways: number
  readonly bytesToGateways: number
  readonly framesToWatchers: number
  readonly bytesToWatchers: number
  /** From a member's word until a watcher was told, in milliseconds: of all that was told. */
  readonly p50: number
  readonly p99: number
  /** Gateways that know, or whose watchers were told, anything else than the room's state once it is quiet. */
  readonly astray: number
}

const CUT_MS = 200

export function simulate(scenario: Scenario): Outcome {
  const { watchers, gateways, view, members, rate, churn, fromMs, ms, limits, hopMs, cutEveryMs, loseEvery } = scenario
  const timeline = new Timeline()
  const random = randomOf(scenario.seed)
  const hub = new Hub(timeline, limits, view)
  const counts = { framesToRoom: 0, framesToGateways: 0, bytesToGateways: 0, framesToWatchers: 0, bytesToWatchers: 0 }
  const add = (what: keyof typeof counts, amount: number) => {
    if (timeline.now >= fromMs && timeline.now < ms) counts[what] += amount * (1000 / (ms - fromMs))
  }
  const delays = new Map<number, number>()
  /** A line that was cut carries nothing more, not even what is on its way. */
  const lines = Array.from({ length: gateways }, () => 0)
  const each = watchers / gateways

  const gone = new Set<number>()
  let sent = 0
  const all = lines.map(() => {
    const toRoom: ConstructorParameters<typeof Gateway>[3]["toRoom"] = (upward) => {
      add("framesToRoom", 1)
      timeline.after(hopMs, () => hub.receive(upward))
    }
    const toWatchers = (text: string, frame: PresenceFrame | null) => {
      add("framesToWatchers", each)
      add("bytesToWatchers", each * text.length)
      for (const { at } of Object.values(frame?.update ?? {})) {
        if (typeof at === "number") count(delays, Math.round(timeline.now) - at)
      }
    }
    return new Gateway(timeline, limits, each, { toRoom, toWatchers })
  })

  const link = (i: number) => {
    const line = lines[i]
    hub.link(i, (downward, text) => {
      add("framesToGateways", 1)
      add("bytesToGateways", text.length)
      if (loseEvery > 0 && ++sent % loseEvery === 0) return
      timeline.after(hopMs, () => lines[i] === line && all[i]?.receive(downward))
    })
  }
  const cut = (i: number) => {
    hub.unlink(i)
    lines[i] = (lines[i] ?? 0) + 1
    timeline.after(CUT_MS, () => link(i))
  }
  const say = (member: number, isEnter: boolean) => {
    if (isEnter) gone.delete(member)
    else if (gone.has(member)) return
    const at = Math.round(timeline.now)
    all[member % gateways]?.hear(`member-${member}`, {
      data: { x: Math.floor(random() * 1000), y: Math.floor(random() * 1000), at },
      isEnter,
    })
  }
  const repeat = (everyMs: number, run: () => void) => {
    timeline.after(everyMs, () => {
      run()
      if (timeline.now + everyMs < ms) repeat(everyMs, run)
    })
  }

  for (let i = 0; i < gateways; i++) link(i)
  for (let member = 0; member < members; member++) {
    timeline.after((random() * fromMs) / 2, () => say(member, true))
    timeline.after(fromMs / 2 + (random() * 1000) / rate, () => repeat(1000 / rate, () => say(member, false)))
  }
  if (churn > 0) {
    repeat(1000 / churn, () => {
      const member = Math.floor(random() * members)
      gone.add(member)
      all[member % gateways]?.hear(`member-${member}`, "leave")
      timeline.after(limits.tickMs * 2 + 1, () => say(member, true))
    })
  }
  if (cutEveryMs > 0) repeat(cutEveryMs, () => cut(Math.floor(random() * gateways)))
  timeline.runUntil(ms)
  // Until all that waits has been told, however slow a gateway is.
  timeline.runUntil(ms + 10_000 + (4 * each * 1000) / limits.fanoutPerSecond)

  const expected = JSON.stringify(hub.visible())
  const present = view === "count" ? hub.roster.presentOf.size : 0
  const isRight = (gateway: Gateway) =>
    sorted(gateway.known) === expected && sorted(gateway.told) === expected && gateway.toldMembers === present
  const [p50 = 0, p99 = 0] = percentiles(delays, [0.5, 0.99])
  return { ...counts, p50, p99, astray: all.filter((gateway) => !isRight(gateway)).length }
}

function sorted(told: Gateway["known"]): string {
  return JSON.stringify([...told.values()].sort((a, b) => a.ref - b.ref))
}

function count(histogram: Map<number, number>, value: number): void {
  histogram.set(value, (histogram.get(value) ?? 0) + 1)
}

function percentiles(histogram: ReadonlyMap<number, number>, shares: readonly number[]): number[] {
  const values = [...histogram].sort(([a], [b]) => a - b)
  const total = values.reduce((sum, [, times]) => sum + times, 0)
  return shares.map((share) => {
    let seen = 0
    for (const [value, times] of values) {
      seen += times
      if (seen >= share * total) return value
    }
    return 0
  })
}

function randomOf(seed: number): () => number {
  let state = seed >>> 0
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0
    return state / 2 ** 32
  }
}
