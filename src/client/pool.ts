/**
 * A pool of things that are dear to open and cheap to keep: acquire, use, release. Things have keys, and whoever asks for a key that is
 * there shares it. Never more than `max` are open; who comes later waits in order.
 */
import { RollcallError } from "./error.ts"

export type PoolOptions<Resource> = {
  /** So many stay open although nobody uses them. */
  readonly min: number
  /** So many are open at once, at most. */
  readonly max: number
  /** So long stays open what nobody uses, in milliseconds. */
  readonly lingerMs: number
  /** Makes one that waits for its place, and costs nothing yet. */
  readonly create: (key: string) => Resource
  /** It has a place. Must not throw: what cannot be opened is `broken`. */
  readonly open: (resource: Resource) => void
  /** Final, be it open or still waiting. */
  readonly close: (resource: Resource) => void
  /** Nobody used it for the linger, and it is among the minimum that is kept. */
  readonly rest: (resource: Resource) => void
  /** Settles when it is fit for use, or never will be: `acquire` hands out nothing before. */
  readonly ready: (resource: Resource, signal: AbortSignal) => Promise<void>
}

export type PoolStats = {
  readonly min: number
  readonly max: number
  /** `idle` + `inUse`. */
  readonly open: number
  /** Open, and used by nobody. */
  readonly idle: number
  readonly inUse: number
  /** Handles that are out; `waiting` of them wait for a place. */
  readonly leases: number
  readonly waiting: number
  /** Ever since: opened, closed (broken ones included), found broken, given up waiting, forgotten by the app and taken back. */
  readonly opened: number
  readonly closed: number
  readonly broken: number
  readonly timeouts: number
  readonly forgotten: number
}

/** To be released once. `isFirst`: nobody held it when it was asked for. */
export type Held<Resource> = { readonly resource: Resource; readonly isFirst: boolean; readonly release: () => void }

export type AcquireOptions = {
  /** So long to wait at most, in milliseconds; then the promise rejects with `acquire_timeout`. */
  readonly timeoutMs: number
  /** Ends the wait; the promise rejects with the signal's reason. */
  readonly signal?: AbortSignal
}

export type Pool<Resource> = {
  /** A hold on what may still wait for its place. */
  request(key: string): Held<Resource>
  /** A hold on what is fit for use. Whoever gives up, by time or by signal, waits no longer. */
  acquire(key: string, options: AcquireOptions): Promise<Held<Resource>>
  /** Whoever has it keeps it, nobody else gets it, and it counts no longer. */
  broken(key: string): void
  /** Opens the first `min` of these, as far as there is place, and keeps them open although nobody uses them. */
  warm(keys: readonly string[]): void
  /** Counts a hold that the app lost; whether that matters, because the pool is not closed. */
  forgot(): boolean
  stats(): PoolStats
  close(): void
}

type Slot<Resource> = {
  readonly key: string
  readonly resource: Resource
  users: number
  isOpen: boolean
  /** Pending while it lingers. */
  timer: ReturnType<typeof setTimeout> | undefined
}

export function createPool<Resource>(options: PoolOptions<Resource>): Pool<Resource> {
  const { min, max, lingerMs, create, open, close, ready, rest } = options
  if (!(min >= 0 && max >= 1 && min <= max)) throw new RangeError(`a pool of min ${min} and max ${max}`)
  /** Those that wait in the order in which they came; the idle ones in the order in which they became so. */
  const slots = new Map<string, Slot<Resource>>()
  const counts = { leases: 0, opened: 0, closed: 0, broken: 0, timeouts: 0, forgotten: 0 }
  let warmKeys: readonly string[] = []
  let isClosed = false

  const those = (is: (slot: Slot<Resource>) => boolean) => [...slots.values()].filter(is)
  const waiting = () => those(({ isOpen }) => !isOpen)
  const opened = () => those(({ isOpen }) => isOpen)
  const idle = () => opened().filter(({ users }) => users === 0)
  const resting = () => idle().filter(({ timer }) => timer === undefined)

  function slotOf(key: string): Slot<Resource> {
    if (isClosed) throw new RollcallError("closed", "the client was closed")
    const slot = slots.get(key) ?? { key, resource: create(key), users: 0, isOpen: false, timer: undefined }
    slots.set(key, slot)
    return slot
  }

  function start(slot: Slot<Resource>): void {
    slot.isOpen = true
    counts.opened++
    open(slot.resource)
  }

  function shut(slot: Slot<Resource>): void {
    clearTimeout(slot.timer)
    slots.delete(slot.key)
    if (slot.isOpen) counts.closed++
    close(slot.resource)
  }

  function serve(): void {
    for (const slot of waiting()) {
      if (opened().length >= max) {
        const [oldest] = idle()
        if (oldest === undefined) return
        shut(oldest)
      }
      start(slot)
    }
    for (const key of warmKeys) if (!slots.has(key) && opened().length < max && resting().length < min) start(slotOf(key))
  }

  function linger(slot: Slot<Resource>): void {
    slots.delete(slot.key)
    slots.set(slot.key, slot)
    slot.timer = setTimeout(() => {
      slot.timer = undefined
      if (resting().length > min) shut(slot)
      else rest(slot.resource)
    }, lingerMs)
  }

  function request(key: string): Held<Resource> {
    const slot = slotOf(key)
    clearTimeout(slot.timer)
    slot.timer = undefined
    const isFirst = slot.users++ === 0
    counts.leases++
    serve()
    const release = () => {
      slot.users--
      counts.leases--
      if (slot.users > 0 || slots.get(key) !== slot) return
      if (slot.isOpen) linger(slot)
      else shut(slot)
      serve()
    }
    return { resource: slot.resource, isFirst, release }
  }

  return {
    request,
    async acquire(key, { timeoutMs, signal }) {
      signal?.throwIfAborted()
      const held = request(key)
      const late = new AbortController()
      const ends = signal === undefined ? late.signal : AbortSignal.any([late.signal, signal])
      const timer = setTimeout(() => {
        counts.timeouts++
        late.abort(new RollcallError("acquire_timeout", `no ${key} within ${timeoutMs} ms`))
      }, timeoutMs)
      try {
        await ready(held.resource, ends)
        ends.throwIfAborted()
        return held
      } catch (error) {
        held.release()
        throw error
      } finally {
        clearTimeout(timer)
      }
    },
    broken(key) {
      const slot = slots.get(key)
      if (slot === undefined) return
      counts.broken++
      warmKeys = warmKeys.filter((warm) => warm !== key)
      shut(slot)
      serve()
    },
    warm(keys) {
      warmKeys = keys.slice(0, min)
      for (const slot of resting()) if (!warmKeys.includes(slot.key)) linger(slot)
      serve()
    },
    forgot() {
      counts.forgotten++
      return !isClosed
    },
    stats() {
      const all = opened().length
      const unused = idle().length
      const queue = waiting().reduce((sum, { users }) => sum + users, 0)
      return { min, max, open: all, idle: unused, inUse: all - unused, waiting: queue, ...counts }
    },
    close() {
      isClosed = true
      for (const slot of those(() => true)) shut(slot)
    },
  }
}
