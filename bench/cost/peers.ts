/** What the same load costs elsewhere by what is published there: the same frames, one by one, as each counts them. */
import { tiered } from "./bill.ts"
import { DAYS, type Load, membersOf } from "./load.ts"
import { ABLY, LIVEBLOCKS, PUBNUB, PUSHER } from "./prices.ts"

export type Quote = {
  readonly service: string
  /** A month, or null: more than any published plan holds. */
  readonly dollars: number | null
  readonly how: string
}

export function quotes(load: Load): Quote[] {
  return [ably(load), pusher(load), liveblocks(load), pubnubByUsers(load), pubnubByTransactions(load)]
}

/** Events a month: each update, enter and leave is published once and delivered to the members of its room. */
function events({ connections, joins, rate, moving }: Load): { readonly updates: number; readonly comesAndGoes: number } {
  return { updates: connections * rate * 3600 * moving * DAYS, comesAndGoes: 2 * connections * joins * DAYS }
}

function ably(load: Load): Quote {
  const { connections, rooms, hours, rate } = load
  const members = membersOf(load)
  const { updates, comesAndGoes } = events(load)
  // One in, one out to each subscriber of the presence set, its author among them.
  const messages = (updates + comesAndGoes) * (1 + members)
  const minutes = hours * 60 * DAYS
  const usage = tiered(messages, ABLY.perMessage) + tiered(connections * minutes, ABLY.perMinute) + tiered(rooms * minutes, ABLY.perMinute)
  const peak = connections * rate * (1 + members)
  const plan = [ABLY.standard, ABLY.pro].find((one) => connections <= one.connections && peak <= one.messagesPerS)
  const base = plan ?? ABLY.pro
  const beyond = plan === undefined ? "; beyond Pro's limits, so Enterprise by quote: here its units at list price" : ""
  return {
    service: "Ably, by units",
    dollars: base.dollars + usage,
    how: `${big(messages)} messages, connection and channel minutes${beyond}`,
  }
}

function pusher(load: Load): Quote {
  const { updates, comesAndGoes } = events(load)
  const members = membersOf(load)
  // Delivered to all but its author.
  const messagesADay = ((updates + comesAndGoes) * members) / DAYS
  const plan = PUSHER.plans.find((one) => load.connections <= one.connections && messagesADay <= one.messagesADay)
  return { service: "Pusher Channels", dollars: plan?.dollars ?? null, how: `${big(messagesADay)} messages a day` }
}

function liveblocks(load: Load): Quote {
  const minutes = load.connections * load.moving * 60 * DAYS
  return {
    service: "Liveblocks Pro",
    dollars: Math.max(LIVEBLOCKS.pro, minutes * LIVEBLOCKS.perActiveMinute),
    how: `${big(minutes)} active user-minutes`,
  }
}

function pubnubByUsers({ connections }: Load): Quote {
  const plan = PUBNUB.plans.find(({ users }) => connections <= users)
  return { service: "PubNub, by users", dollars: plan?.dollars ?? null, how: `${big(connections)} users a month` }
}

function pubnubByTransactions(load: Load): Quote {
  const { updates, comesAndGoes } = events(load)
  const published = updates + comesAndGoes
  const delivered = published * membersOf(load)
  const dollars = published * PUBNUB.replicated + delivered * PUBNUB.edge
  return { service: "PubNub, by transactions", dollars, how: `${big(published)} published, ${big(delivered)} delivered` }
}

/** Three digits and a word. */
export function big(value: number): string {
  for (const [size, word] of [
    [1e12, " trillion"],
    [1e9, " billion"],
    [1e6, " million"],
  ] as const) {
    if (value >= size) return `${Number((value / size).toPrecision(3))}${word}`
  }
  return value < 1000 ? String(Number(value.toPrecision(3))) : Math.round(value).toLocaleString("en")
}
