/**
 * A pool of things that are dear to open and cheap to keep: acquire, use, release. Things have keys, and whoever asks for a key that is
 * open shares it. Never more than `max` are open; who comes later waits in order.
 */
import { RollcallError } from "./error.ts"

export type PoolOptions<Resource> = {
  /** So many stay open although nobody uses them. */
  readonly min: number
  /** So many are open at once, at most. */
  readonly max: number
  /** So long stays open what nobody uses, in milliseconds. */
  readonly lingerMs: number
  readonly open: (key: string) => Resource
  readonly close: (resource: Resource, key: string) => void
  /** Settles when what was opened is fit for use; `acquire` hands out nothing before. */
  readonly ready?: (resource: Resource, signal: AbortSignal) => Promise<void>
  /** Nobody used it for the linger, and it is among the minimum that is kept. */
  readonly rest?: (resource: Resource, key: string) => void
}

export type PoolStats = {
  readonly min: number
  readonly max: number
  /** `idle` + `inUse`. */
  readonly open: number
  /** Open, and used by nobody. */
  readonly idle: number
  readonly inUse: number
  /** Acquirers that wait for a place. */
  readonly waiting: number
  /** Handles that are out, on whatever is in use. */
  readonly leases: number
  /** Ever since: opened, closed (broken ones included), found broken, given up waiting, forgotten by the app and taken back. */
  readonly opened: number
  readonly closed: number
  readonly broken: number
  readonly timeouts: number
  readonly forgotten: number
}

/** Gives a place back, or the wait for one up. Once is enough, and twice is no harm. */
export type Release = () => void

export type Held<Resource> = { readonly resource: Resource; readonly release: Release }

export type AcquireOptions = {
  /** So long to wait at most, in milliseconds; then the promise rejects with `acquire_timeout`. */
  readonly timeoutMs: number
  /** Ends the wait; the promise rejects with the signal's reason. */
  readonly signal?: AbortSignal
}

export type Pool<Resource> = {
  /** Calls `granted` as soon as there is a place, which may be before this returns; `failed` when there never will be. */
  request(key: string, granted: (resource: Resource) => void, failed: (error: unknown) => void): Release
  /** Whoever gives up, by time or by signal, waits no longer and is never served. */
  acquire(key: string, options: AcquireOptions): Promise<Held<Resource>>
  /** Whoever has it keeps it, nobody else gets it, and it counts no longer. */
  broken(key: string): void
  /** Opens the first `min` of these, as far as there is place, and keeps them open although nobody uses them. */
  warm(keys: readonly string[]): void
  /** Whether it is open, or waited for. */
  has(key: string): boolean
  /** Counts a handle that the app lost. */
  forgot(): void
  stats(): PoolStats
  close(): void
}

type Slot<Resource> = {
  readonly resource: Resource
  users: number
  /** Kept among the minimum. */
  isResting: boolean
  /** Pending while it is idle, and not yet resting. */
  timer: ReturnType<typeof setTimeout> | undefined
}

type Waiter<Resource> = {
  readonly key: string
  readonly granted: (resource: Resource) => void
  readonly failed: (error: unknown) => void
}

export function createPool<Resource>(options: PoolOptions<Resource>): Pool<Resource> {
  const { min, max, lingerMs, open, close, ready, rest } = options
  if (!(min >= 0 && max >= 1 && min <= max)) throw new RangeError(`0 <= min <= max and 1 <= max, not min ${min} and max ${max}`)
  /** The idle ones in the order in which they became so. */
  const slots = new Map<string, Slot<Resource>>()
  const waiters = new Set<Waiter<Resource>>()
  const using = new Map<Waiter<Resource>, Slot<Resource>>()
  const counts = { opened: 0, closed: 0, broken: 0, timeouts: 0, forgotten: 0 }
  let warmKeys: readonly string[] = []
  let isClosed = false

  const resting = () => [...slots.values()].filter(({ isResting }) => isResting).length

  function opened(key: string): Slot<Resource> {
    const slot = { resource: open(key), users: 0, isResting: true, timer: undefined }
    slots.set(key, slot)
    counts.opened++
    return slot
  }

  function shut(key: string, slot: Slot<Resource>): void {
    clearTimeout(slot.timer)
    slots.delete(key)
    counts.closed++
    close(slot.resource, key)
  }

  /** The first in line for whom there is a place; past it goes only who needs none, because what it asks for is open. */
  function next(): Waiter<Resource> | undefined {
    const [first] = waiters
    const sharer = [...waiters].find(({ key }) => slots.has(key))
    if (sharer !== undefined || first === undefined || slots.size < max) return sharer ?? first
    const idle = [...slots].find(([, { users }]) => users === 0)
    if (idle === undefined) return undefined
    shut(...idle)
    return first
  }

  function serve(): void {
    for (let waiter = next(); waiter !== undefined; waiter = next()) {
      const { key, granted, failed } = waiter
      waiters.delete(waiter)
      try {
        const slot = slots.get(key) ?? opened(key)
        clearTimeout(slot.timer)
        slot.isResting = false
        slot.users++
        using.set(waiter, slot)
        granted(slot.resource)
      } catch (error) {
        failed(error)
      }
    }
    for (const key of warmKeys) if (!slots.has(key) && slots.size < max && resting() < min) opened(key)
  }

  function release(waiter: Waiter<Resource>): void {
    const { key } = waiter
    const slot = using.get(waiter)
    waiters.delete(waiter)
    using.delete(waiter)
    if (slot === undefined || --slot.users > 0 || slots.get(key) !== slot) return
    linger(key, slot)
    serve()
  }

  function linger(key: string, slot: Slot<Resource>): void {
    slots.delete(key)
    slots.set(key, slot)
    slot.isResting = false
    slot.timer = setTimeout(() => {
      if (resting() >= min) return shut(key, slot)
      slot.isResting = true
      rest?.(slot.resource, key)
    }, lingerMs)
  }

  function request(key: string, granted: (resource: Resource) => void, failed: (error: unknown) => void): Release {
    if (isClosed) throw poolClosed()
    const waiter = { key, granted, failed }
    waiters.add(waiter)
    serve()
    return () => release(waiter)
  }

  return {
    request,
    async acquire(key, { timeoutMs, signal }) {
      const late = new AbortController()
      const ends = signal === undefined ? late.signal : AbortSignal.any([signal, late.signal])
      const timer = setTimeout(() => {
        counts.timeouts++
        late.abort(new RollcallError("acquire_timeout", `no ${key} within ${timeoutMs} ms`))
      }, timeoutMs)
      let give: Release = () => {}
      try {
        ends.throwIfAborted()
        const resource = await new Promise<Resource>((granted, failed) => {
          ends.addEventListener("abort", () => failed(ends.reason))
          give = request(key, granted, failed)
        })
        await ready?.(resource, ends)
        ends.throwIfAborted()
        return { resource, release: give }
      } catch (error) {
        give()
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
      shut(key, slot)
      serve()
    },
    warm(keys) {
      if (isClosed) throw poolClosed()
      warmKeys = keys.slice(0, min)
      for (const [key, slot] of [...slots]) if (slot.isResting && !warmKeys.includes(key)) linger(key, slot)
      serve()
    },
    has: (key) => slots.has(key) || [...waiters].some((waiter) => waiter.key === key),
    forgot: () => void counts.forgotten++,
    stats() {
      const idle = [...slots.values()].filter(({ users }) => users === 0).length
      return { min, max, open: slots.size, idle, inUse: slots.size - idle, waiting: waiters.size, leases: using.size, ...counts }
    },
    close() {
      isClosed = true
      warmKeys = []
      const waiting = [...waiters]
      waiters.clear()
      for (const [key, slot] of [...slots]) shut(key, slot)
      for (const { failed } of waiting) failed(poolClosed())
    },
  }
}

function poolClosed(): RollcallError {
  return new RollcallError("closed", "the client was closed")
}
