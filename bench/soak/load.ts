/** The load of a soak: connections over some rooms that speak now and then, and come and go all the time. */
import { mintToken } from "../../src/token/token.ts"
import { type Counts, noCounts, type Ticket, Visitor } from "./visitor.ts"

export type LoadPlan = {
  readonly connections: number
  readonly rooms: number
  /** Updates a second of each connection. */
  readonly rate: number
  /** Seconds that a connection lasts on average before something happens to it. */
  readonly lifeS: number
}

const BEAT_MS = 50
const CONNECTING_AT_ONCE = 16
const TOKEN_LIFE_S = 4 * 3600

/** So many identities for each connection take turns, as the same people come back. */
const IDENTITIES_PER_CONNECTION = 4

export class Load {
  readonly counts: Counts = noCounts()
  readonly #plan: LoadPlan
  readonly #secret: string
  readonly #visitors: Visitor[]
  readonly #tickets = new Map<number, Ticket>()
  /** Whose connection is still there: one who stays long must not be somebody else's second connection. */
  readonly #inUse = new Set<Ticket>()
  #nextIdentity = 0
  #owed = { updates: 0, churn: 0 }
  #timer: NodeJS.Timeout | null = null

  constructor(port: number, secret: string, plan: LoadPlan) {
    this.#plan = plan
    this.#secret = secret
    const ticket = (before: Ticket | null) => this.#ticket(before)
    this.#visitors = Array.from(
      { length: plan.connections },
      (_, index) => new Visitor(port, `soak-${index % plan.rooms}`, this.counts, ticket),
    )
  }

  get rooms(): readonly string[] {
    return [...new Set(this.#visitors.map(({ room }) => room))]
  }

  get inside(): number {
    return this.#visitors.filter(({ isIn }) => isIn).length
  }

  /** Everybody connects; then the load begins. */
  async begin(): Promise<void> {
    const waiting = [...this.#visitors]
    const connectSome = async () => {
      for (let visitor = waiting.pop(); visitor !== undefined; visitor = waiting.pop()) await visitor.come()
    }
    await Promise.all(Array.from({ length: CONNECTING_AT_ONCE }, connectSome))
    this.#timer = setInterval(() => this.#beat(), BEAT_MS)
  }

  /** No more updates and no more churn; who is in stays. */
  pause(): void {
    if (this.#timer !== null) clearInterval(this.#timer)
    this.#timer = null
  }

  end(): void {
    this.pause()
    for (const visitor of this.#visitors) visitor.end()
  }

  #beat(): void {
    const { connections, rate, lifeS } = this.#plan
    const seconds = BEAT_MS / 1000
    this.#owed.updates += connections * rate * seconds
    this.#owed.churn += (connections / lifeS) * seconds
    for (; this.#owed.updates >= 1; this.#owed.updates--) this.#anyInside()?.update()
    for (; this.#owed.churn >= 1; this.#owed.churn--) void this.#anyInside()?.churn()
  }

  #anyInside(): Visitor | null {
    const visitor = this.#visitors[Math.floor(Math.random() * this.#visitors.length)]
    return visitor?.isIn === true ? visitor : null
  }

  async #ticket(before: Ticket | null): Promise<Ticket> {
    if (before !== null) this.#inUse.delete(before)
    let ticket = await this.#nextTicket()
    while (this.#inUse.has(ticket)) ticket = await this.#nextTicket()
    this.#inUse.add(ticket)
    return ticket
  }

  async #nextTicket(): Promise<Ticket> {
    const identity = this.#nextIdentity++ % (this.#plan.connections * IDENTITIES_PER_CONNECTION)
    const known = this.#tickets.get(identity)
    if (known !== undefined) return known
    const member = `v${identity}`
    const exp = Math.floor(Date.now() / 1000) + TOKEN_LIFE_S
    const token = await mintToken({ sub: member, exp, info: { name: member }, rooms: { "*": ["subscribe", "presence"] } }, this.#secret)
    const ticket = { member, token }
    this.#tickets.set(identity, ticket)
    return ticket
  }
}
