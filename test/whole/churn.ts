/** Many clients that act at random for a while, each keeping book of what it last said of itself. */
import { connect, silence, type Where, type WireClient } from "./wire-client.ts"

export type Churned = {
  /** Those that are connected in the end. */
  readonly clients: readonly WireClient[]
  /** Whom the room must show in the end, by ref: connection, member and data, by the clients' own account. */
  expected(): [string, string, Record<string, unknown>][]
  /** Connections whose line broke for good while they were present. */
  readonly gone: readonly string[]
}

type Player = { client: WireClient; data: Record<string, unknown> | null }
type Random = () => number

export async function churn(where: Where, room: string, of: { clients: number; forMs: number; seed: number }): Promise<Churned> {
  const gone: string[] = []
  const until = Date.now() + of.forMs
  const players = await Promise.all(
    Array.from({ length: of.clients }, async (_, i): Promise<Player> => {
      const random = generator(of.seed + i)
      await silence(random() * 500)
      // Every member has several connections.
      const asking = { room, member: `member-${i % 30}` }
      const player: Player = { client: await connect(where, asking), data: null }
      while (Date.now() < until) {
        await silence(50 + random() * 400)
        await act(player, random, where, gone)
      }
      return player
    }),
  )
  const sorted = players.toSorted((a, b) => a.client.ref - b.client.ref)
  return {
    clients: players.map(({ client }) => client),
    expected: () => sorted.flatMap(({ client, data }) => (data === null ? [] : [[client.welcome.connection, client.member, data]])),
    gone,
  }
}

async function act(player: Player, random: Random, where: Where, gone: string[]): Promise<void> {
  const { client } = player
  const dice = random()
  if (player.data === null || dice < 0.1) {
    player.data = { n: Math.floor(random() * 100), of: client.member }
    await client.ask({ type: "enter", data: player.data })
  } else if (dice < 0.55) {
    const patch = { n: Math.floor(random() * 100), [`key-${Math.floor(random() * 4)}`]: random() < 0.3 ? null : { v: [dice] } }
    player.data = Object.fromEntries(Object.entries({ ...player.data, ...patch }).filter(([, value]) => value !== null))
    // Not awaited: several may be on their way at once.
    client.send({ type: "update", data: patch })
  } else if (dice < 0.65) {
    player.data = null
    await client.ask({ type: "leave" })
  } else if (dice < 0.75) {
    await client.ask({ type: "send", event: "noise", data: dice })
  } else if (dice < 0.8) {
    await client.ask({ type: "sync" })
  } else if (dice < 0.9) {
    await resumed(player, random, where)
  } else {
    await replaced(player, random, where, gone)
  }
}

/** The line breaks, and the same connection comes back in time. What it sent is awaited first: a broken line may lose it. */
async function resumed(player: Player, random: Random, where: Where): Promise<void> {
  const { client } = player
  const { room, session } = client.welcome
  await client.ask({ type: "pong" })
  const how = random()
  const from = Date.now()
  if (how < 0.4) await client.drop()
  else if (how < 0.8) await client.close(1001)
  await silence(random() * 300)
  player.client = await connect(where, { room, member: client.member, session })
  const { welcome } = player.client
  if (!welcome.resumed || welcome.ref !== client.ref)
    throw new Error(`${client.member} was not resumed within ${Date.now() - from} ms: ${JSON.stringify(welcome).slice(0, 200)}`)
}

/** A goodbye, or a line that breaks for good; then a new connection. */
async function replaced(player: Player, random: Random, where: Where, gone: string[]): Promise<void> {
  const { client } = player
  if (random() < 0.5) {
    await client.close(1000)
  } else {
    await client.ask({ type: "pong" })
    if (player.data !== null) gone.push(client.welcome.connection)
    await client.drop()
  }
  player.data = null
  player.client = await connect(where, { room: client.welcome.room, member: client.member })
}

/** mulberry32: the same numbers for the same seed. */
function generator(seed: number): Random {
  let state = seed
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let t = Math.imul(state ^ (state >>> 15), 1 | state)
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t
    return ((t ^ (t >>> 14)) >>> 0) / 4_294_967_296
  }
}
