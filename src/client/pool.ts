/**
 * A pool of things that are dear to open and cheap to keep: acquire, use, release. Things have keys, and whoever asks for a key that is
 * open shares it. Never more than `max` are open; who comes later waits in order.
 */
import { RollcallError } from "./error.ts"

export type AcquireOptions = {
  /** So long to wait at most, in milliseconds; then the promise rejects with `acquire_timeout`. */
  readonly timeoutMs?: number
  /** Ends the wait; the promise rejects with the signal's reason. */
  readonly signal?: AbortSignal
}

export type PoolOptions<Resource> = {
  /** So many stay open although nobody uses them. */
  readonly min: number
  /** So many are open at once, at most. */
  readonly max: number
  /** So long stays open what nobody uses, in milliseconds. */
  readonly lingerMs: number
  readonly open: (key: string) => Resource
  readonly close: (resource: Resource, key: string) => void
  /** Nobody used it for the linger, and it is among the minimum that is kept. */
  readonly rest?: (resource: Resource, key: string) => void
  readonly after: (ms: number, run: () => void) => () => void
}

export type PoolStats = {
  readonly min: number
  readonly max: number
  /** `idle` + `inUse`. */
  readonly open: number
  /** Open, and used by nobody. */
  readonly idle: number
  readonly inUse: number
  /** Handles that are out, on whatever is in use. */
  readonly leases: number
  /** Acquirers that wait for a place. */
  readonly waiting: number
  /** Ever since: opened, closed (broken ones included), found broken, given up waiting, forgotten by the app and taken back. */
  readonly opened: number
  readonly closed: number
  readonly broken: number
  readonly timeouts: number
  readonly forgotten: number
}

/** A place, or the wait for one; `release` ends either. */
export type Claim = { readonly release: () => void; readonly isWaiting: boolean }

export type Held<Resource> = { readonly resource: Resource; readonly release: () => void }

export type Waiting<Resource> = {
  readonly granted: (resource: Resource) => void
  /** The pool was closed, or could not open. */
  readonly failed: (error: unknown) => void
}

type Slot<Resource> = {
  readonly key: string
  readonly resource: Resource
  users: number
  /** Kept among the minimum. */
  isResting: boolean
  cancelLinger: (() => void) | null
}

type Waiter<Resource> = { readonly key: string; readonly to: Waiting<Resource>; isWaiting: boolean; slot: Slot<Resource> | null }

export class Pool<Resource> {
  readonly #options: PoolOptions<Resource>
  /** By key; the idle ones in the order in which they became so. */
  readonly #slots = new Map<string, Slot<Resource>>()
  #waiters: Waiter<Resource>[] = []
  #warmKeys: readonly string[] = []
  #isClosed = false
  readonly #counts = { leases: 0, opened: 0, closed: 0, broken: 0, timeouts: 0, forgotten: 0 }

  constructor(options: PoolOptions<Resource>) {
    const { min, max } = options
    if (!(min >= 0 && max >= 1 && min <= max))
      throw new RangeError(`a pool needs 0 <= min <= max and max >= 1, not min ${min} and max ${max}`)
    this.#options = options
  }

  /** Tells `to` as soon as there is a place, which may be before this returns. */
  request(key: string, to: Waiting<Resource>): Claim {
    if (this.#isClosed) throw poolClosed()
    const waiter: Waiter<Resource> = { key, to, isWaiting: true, slot: null }
    this.#waiters.push(waiter)
    this.#serve()
    return {
      release: () => this.#release(waiter),
      get isWaiting() {
        return waiter.isWaiting
      },
    }
  }

  /** The same as a promise. Whoever gives up, by time or by signal, waits no longer and is never served. */
  async acquire(key: string, { timeoutMs = Infinity, signal }: AcquireOptions = {}): Promise<Held<Resource>> {
    signal?.throwIfAborted()
    const { promise, resolve, reject } = Promise.withResolvers<Held<Resource>>()
    let stopWaiting = () => {}
    const claim = this.request(key, {
      granted: (resource) => {
        // Not later: an abort that comes once it is granted must not take it back.
        stopWaiting()
        resolve({ resource, release: once(() => claim.release()) })
      },
      failed: (error) => {
        stopWaiting()
        reject(error)
      },
    })
    const giveUp = (reason: unknown) => {
      stopWaiting()
      claim.release()
      reject(reason)
    }
    if (claim.isWaiting) {
      const aborted = () => giveUp(signal?.reason)
      const late = () => {
        this.#counts.timeouts++
        giveUp(new RollcallError("acquire_timeout", `no place in the pool for ${key} within ${timeoutMs} ms`))
      }
      const cancelTimeout = timeoutMs === Infinity ? null : this.#options.after(timeoutMs, late)
      signal?.addEventListener("abort", aborted)
      stopWaiting = () => {
        cancelTimeout?.()
        signal?.removeEventListener("abort", aborted)
      }
    }
    return promise
  }

  /** Whoever has it keeps it, nobody else gets it, and it counts no longer. */
  broken(key: string): void {
    const slot = this.#slots.get(key)
    if (slot === undefined) return
    this.#counts.broken++
    this.#warmKeys = this.#warmKeys.filter((warm) => warm !== key)
    this.#close(slot)
    this.#serve()
  }

  /** Opens the first `min` of these, as far as there is place, and keeps them open although nobody uses them. */
  warm(keys: readonly string[]): void {
    if (this.#isClosed) throw poolClosed()
    this.#warmKeys = keys.slice(0, this.#options.min)
    for (const slot of this.#resting()) if (!this.#warmKeys.includes(slot.key)) this.#linger(slot)
    this.#heat()
  }

  /** Whether it is open, or waited for. */
  has(key: string): boolean {
    return this.#slots.has(key) || this.#waiters.some((waiter) => waiter.key === key)
  }

  countForgotten(): void {
    this.#counts.forgotten++
  }

  stats(): PoolStats {
    const { min, max } = this.#options
    const open = this.#slots.size
    const inUse = [...this.#slots.values()].filter(({ users }) => users > 0).length
    return { min, max, open, idle: open - inUse, inUse, waiting: this.#waiters.length, ...this.#counts }
  }

  close(): void {
    this.#isClosed = true
    const waiters = this.#waiters
    for (const waiter of waiters) this.#forget(waiter)
    for (const slot of this.#slots.values()) this.#close(slot)
    for (const { to } of waiters) to.failed(poolClosed())
  }

  #serve(): void {
    for (let next = this.#next(); next !== undefined; next = this.#next()) {
      const { key, to } = next
      this.#forget(next)
      try {
        const slot = this.#slots.get(key) ?? this.#open(key)
        slot.cancelLinger?.()
        slot.cancelLinger = null
        slot.isResting = false
        slot.users++
        this.#counts.leases++
        next.slot = slot
      } catch (error) {
        to.failed(error)
        continue
      }
      to.granted(next.slot.resource)
    }
    this.#heat()
  }

  /** The first in line for whom there is a place; past it goes only who needs none, because what it asks for is open. */
  #next(): Waiter<Resource> | undefined {
    const sharer = this.#waiters.find(({ key }) => this.#slots.has(key))
    if (sharer !== undefined || this.#waiters.length === 0) return sharer
    if (this.#slots.size >= this.#options.max) {
      const idle = [...this.#slots.values()].find(({ users }) => users === 0)
      if (idle === undefined) return undefined
      this.#close(idle)
    }
    return this.#waiters[0]
  }

  #open(key: string): Slot<Resource> {
    const slot: Slot<Resource> = { key, resource: this.#options.open(key), users: 0, isResting: false, cancelLinger: null }
    this.#slots.set(key, slot)
    this.#counts.opened++
    return slot
  }

  #release(waiter: Waiter<Resource>): void {
    const { slot } = waiter
    if (slot === null) return void this.#forget(waiter)
    waiter.slot = null
    this.#counts.leases--
    slot.users--
    if (slot.users > 0 || this.#slots.get(slot.key) !== slot) return
    this.#linger(slot)
    this.#serve()
  }

  /** Idle from now on: the last to be taken away when somebody else needs the place. */
  #linger(slot: Slot<Resource>): void {
    this.#slots.delete(slot.key)
    this.#slots.set(slot.key, slot)
    slot.isResting = false
    slot.cancelLinger = this.#options.after(this.#options.lingerMs, () => {
      slot.cancelLinger = null
      if (this.#resting().length >= this.#options.min) return this.#close(slot)
      slot.isResting = true
      this.#options.rest?.(slot.resource, slot.key)
    })
  }

  #forget(waiter: Waiter<Resource>): void {
    waiter.isWaiting = false
    this.#waiters = this.#waiters.filter((other) => other !== waiter)
  }

  #resting(): Slot<Resource>[] {
    return [...this.#slots.values()].filter(({ isResting }) => isResting)
  }

  #heat(): void {
    for (const key of this.#warmKeys) {
      if (this.#slots.has(key) || this.#slots.size >= this.#options.max || this.#resting().length >= this.#options.min) continue
      this.#open(key).isResting = true
    }
  }

  #close(slot: Slot<Resource>): void {
    slot.cancelLinger?.()
    slot.cancelLinger = null
    this.#slots.delete(slot.key)
    this.#counts.closed++
    this.#options.close(slot.resource, slot.key)
  }
}

function once(release: () => void): () => void {
  let isOut = true
  return () => {
    if (!isOut) throw new RollcallError("released", "this lease was released already")
    isOut = false
    release()
  }
}

function poolClosed(): RollcallError {
  return new RollcallError("closed", "the client was closed")
}
