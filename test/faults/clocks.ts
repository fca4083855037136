/** The settings that a wave of seeds runs under: short clocks, so that every deadline comes within seconds. */

export type Clocks = {
  readonly name: string
  /** How many times slower than usual all goes, the schedule of faults too. */
  readonly stretch: number
  readonly interval: number
  readonly timeout: number
  readonly grace: number
  readonly away: number
  readonly idle: number
  readonly tick: number
  readonly retention: number
  readonly report: number
  readonly maxData: number
  readonly maxFrame: number
  readonly framesPerSecond: number
  readonly perMember: number
}

const USUAL: Clocks = {
  name: "usual",
  stretch: 1,
  interval: 600,
  timeout: 1500,
  grace: 800,
  away: 0,
  idle: 0,
  tick: 25,
  retention: 300,
  report: 100,
  maxData: 2048,
  maxFrame: 4096,
  framesPerSecond: 60,
  perMember: 6,
}

const PROFILES: readonly Clocks[] = [
  USUAL,
  { ...USUAL, name: "away and idle", away: 500, idle: 2600 },
  { ...USUAL, name: "no grace, no tick", grace: 0, tick: 0 },
  { ...USUAL, name: "long tick, long grace", tick: 120, grace: 1300, timeout: 1200, framesPerSecond: 30 },
]

export function clocksOfWave(wave: number): Clocks {
  return PROFILES[wave % PROFILES.length] ?? USUAL
}

/**
 * For a machine so many times slower: what is judged stays the same, while what is on its way takes no larger a part of it.
 * A second look at somebody who is sent away as idle after 2.6 s is not to be had from a machine that is busy for 3.
 */
export function stretched(clocks: Clocks, by: number): Clocks {
  const { interval, timeout, grace, away, idle } = clocks
  const times = Object.entries({ interval, timeout, grace, away, idle }).map(([name, ms]) => [name, Math.round(ms * by)])
  return { ...clocks, ...Object.fromEntries(times), stretch: by }
}

const MOST = 3
const MEASURED_MS = 300

/** How many times slower this process gets on than if a core were its own, as a whole number: 1 on a machine that has nothing else to do. */
export function slowness(): number {
  const before = process.cpuUsage()
  const from = performance.now()
  while (performance.now() - from < MEASURED_MS);
  const { user, system } = process.cpuUsage(before)
  const share = (user + system) / 1000 / (performance.now() - from)
  return Math.min(MOST, Math.max(1, Math.round(1 / share)))
}

export function variablesOf(clocks: Clocks): Record<string, string> {
  const numbers = {
    HEARTBEAT_INTERVAL_MS: clocks.interval,
    HEARTBEAT_TIMEOUT_MS: clocks.timeout,
    GRACE_MS: clocks.grace,
    AWAY_AFTER_MS: clocks.away,
    IDLE_TIMEOUT_MS: clocks.idle,
    TICK_MS: clocks.tick,
    LAST_SEEN_RETENTION_MS: clocks.retention,
    REPORT_MS: clocks.report,
    MAX_DATA_BYTES: clocks.maxData,
    MAX_FRAME_BYTES: clocks.maxFrame,
    MAX_FRAMES_PER_SECOND: clocks.framesPerSecond,
    MAX_CONNECTIONS_PER_MEMBER: clocks.perMember,
  }
  return Object.fromEntries(Object.entries(numbers).map(([name, value]) => [name, String(value)]))
}

/** How late an end for liveness may come, by LV2 and LV4. */
export function leewayOf(clocks: Clocks): number {
  const fine = [clocks.away, clocks.idle].filter((after) => after > 0 && after < clocks.interval)
  return Math.min(clocks.interval / 2, ...fine.map((after) => after / 10))
}

/** LV10: who vanished without a word is gone within this, counted from its last word. */
export function silentBound(clocks: Clocks): number {
  return clocks.timeout + Math.max(clocks.grace, clocks.interval / 2) + clocks.tick
}

/** LV10: the dead of a crash are gone within this, counted from the crash. */
export function crashBound(clocks: Clocks): number {
  return clocks.timeout + clocks.interval / 10 + clocks.grace + clocks.tick
}
