/** What Cloudflare would bill, counted around the classes of a Worker as they are: their code is not changed. */
import type { Bill } from "../load/result.ts"

const NO_BILL: Bill = { constructed: 0, requests: 0, messages: 0, alarms: 0, rowsRead: 0, rowsWritten: 0, activeMs: 0 }

/** Whose events are what; every other method is a call by another object. */
const KINDS: Readonly<Record<string, "messages" | "alarms" | null>> = {
  webSocketMessage: "messages",
  alarm: "alarms",
  // No request by Cloudflare's count: the end of a socket.
  webSocketClose: null,
  webSocketError: null,
}

/** A cursor counts while it is read: it is asked when the bill is. */
type Cursor = { readonly rowsRead: number; readonly rowsWritten: number }

export class Meter {
  #bill = NO_BILL
  #cursors: Cursor[] = []
  #busy = 0
  #busySince = 0

  read(): Bill {
    this.#settle()
    const running = this.#busy > 0 ? Date.now() - this.#busySince : 0
    return { ...this.#bill, activeMs: this.#bill.activeMs + running }
  }

  add(name: keyof Bill, count = 1): void {
    this.#bill = { ...this.#bill, [name]: this.#bill[name] + count }
  }

  /** Something runs, or waits for a timer, until `ended` is called as often. */
  began(): void {
    if (this.#busy++ === 0) this.#busySince = Date.now()
  }

  ended(): void {
    if (--this.#busy === 0) this.add("activeMs", Date.now() - this.#busySince)
  }

  /** Counts the events of all objects of a class, given its prototype. */
  watch(prototype: object): void {
    for (const name of Object.getOwnPropertyNames(prototype)) {
      const method: unknown = Reflect.get(prototype, name)
      if (name === "constructor" || typeof method !== "function") continue
      const meter = this
      Object.defineProperty(prototype, name, {
        value: function (...args: unknown[]): unknown {
          const kind = Object.hasOwn(KINDS, name) ? KINDS[name] : "requests"
          if (kind !== null && kind !== undefined) meter.add(kind)
          return meter.#run(() => Reflect.apply(method, this, args))
        },
      })
    }
  }

  /** Counts rows and alarms of one object's storage, before its own constructor runs. */
  own(storage: DurableObjectStorage): void {
    const { sql } = storage
    const exec = sql.exec.bind(sql)
    const setAlarm = storage.setAlarm.bind(storage)
    Object.defineProperty(sql, "exec", {
      value: (query: string, ...bindings: SqlStorageValue[]) => {
        const cursor = exec(query, ...bindings)
        this.#cursors.push(cursor)
        return cursor
      },
    })
    Object.defineProperty(storage, "setAlarm", {
      value: (at: number) => {
        this.add("rowsWritten")
        return setAlarm(at)
      },
    })
  }

  #run(act: () => unknown): unknown {
    this.began()
    let result: unknown
    try {
      result = act()
    } catch (error) {
      this.ended()
      throw error
    }
    if (!(result instanceof Promise)) {
      this.ended()
      return result
    }
    return result.finally(() => this.ended())
  }

  #settle(): void {
    for (const { rowsRead, rowsWritten } of this.#cursors) {
      this.add("rowsRead", rowsRead)
      this.add("rowsWritten", rowsWritten)
    }
    this.#cursors = []
  }
}
