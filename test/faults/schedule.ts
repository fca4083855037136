/** What happens in one seed, drawn ahead of time: who does what, when, and with which dice. The same seed gives the same schedule. */
import { Random } from "./random.ts"

export const PLAYER_DEEDS = {
  enter: 8,
  update: 26,
  leave: 4,
  say: 14,
  sync: 8,
  cut: 16,
  halfFrame: 3,
  vanish: 6,
  mute: 3,
  delay: 6,
  stall: 6,
  goodbye: 6,
  supersede: 5,
  steal: 4,
  garbage: 8,
  garbageToTheEnd: 2,
  oversize: 2,
  flood: 3,
  shortToken: 4,
  badAuth: 3,
  swell: 4,
  overreach: 4,
  crowd: 2,
} as const

export const OPERATOR_DEEDS = { evict: 34, look: 26, kick: 8, ban: 5, place: 8, announce: 10, forge: 8, close: 1 } as const

export const APP_DEEDS = { appEnter: 10, appUpdate: 30, appLeave: 4, appCut: 12, appStall: 6 } as const

export type AppDeed = keyof typeof APP_DEEDS
export type PlayerDeed = keyof typeof PLAYER_DEEDS
export type OperatorDeed = keyof typeof OPERATOR_DEEDS
/** `dice` are three numbers from 0 to 1, which the deed reads as it likes. */
export type Step<D extends string = string> = { readonly at: number; readonly deed: D; readonly dice: readonly [number, number, number] }

export type Schedule = {
  readonly seed: number
  readonly players: readonly Step<PlayerDeed>[][]
  readonly operator: readonly Step<OperatorDeed>[]
  readonly app: readonly Step<AppDeed>[]
  readonly sleepsWhenQuiet: boolean
  readonly ends: readonly number[]
  /** By player: whether it does not come back from a crash. */
  readonly stayAway: readonly boolean[]
}

/** How long faults go on. */
export const TURMOIL_MS = 3000
export const PLAYERS = 6
const STAYS_AWAY = 0.25
const PAUSE_MS = [60, 340] as const
const OPERATOR_PAUSE_MS = [60, 260] as const

export function scheduleOf(seed: number): Schedule {
  const random = new Random(seed)
  return {
    seed,
    players: Array.from({ length: PLAYERS }, () => steps(random, PLAYER_DEEDS, PAUSE_MS)),
    operator: steps(random, OPERATOR_DEEDS, OPERATOR_PAUSE_MS),
    sleepsWhenQuiet: random.chance(0.5),
    ends: Array.from({ length: PLAYERS }, () => random.next()),
    app: steps(random, APP_DEEDS, PAUSE_MS),
    stayAway: Array.from({ length: PLAYERS }, () => random.chance(STAYS_AWAY)),
  }
}

/** Kills hit every seed of a wave: they are the wave's own. */
export function killsOf(wave: number): number[] {
  const random = new Random(wave + 1_000_003)
  const dice = random.next()
  const times = dice < 0.2 ? 0 : dice < 0.75 ? 1 : 2
  return Array.from({ length: times }, () => random.int(400, TURMOIL_MS - 200)).sort((a, b) => a - b)
}

export function printed({ seed, players, operator, app }: Schedule, kills: readonly number[]): string {
  const lines = [
    ...players.flatMap((list, i) => list.map((step) => ({ ...step, who: `p${i}` }))),
    ...operator.map((step) => ({ ...step, who: "operator" })),
    ...app.map((step) => ({ ...step, who: "app" })),
    ...kills.map((at) => ({ at, who: "everybody", deed: "kill -9", dice: [] as readonly number[] })),
  ].sort((a, b) => a.at - b.at)
  return [
    `seed ${seed}`,
    ...lines.map(({ at, who, deed, dice }) => `${at} ms ${who} ${deed} ${dice.map((d) => d.toFixed(2)).join(" ")}`),
  ].join("\n  ")
}

function steps<T extends string>(random: Random, deeds: Readonly<Record<T, number>>, [from, to]: readonly [number, number]): Step<T>[] {
  const list: Step<T>[] = []
  for (let at = random.int(0, 300); at < TURMOIL_MS; at += random.int(from, to)) {
    list.push({ at, deed: random.weighted(deeds), dice: [random.next(), random.next(), random.next()] })
  }
  return list
}
