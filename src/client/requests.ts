/** Questions that wait for their answers, by id. */
import { errorOf, type Fault, RollcallError } from "./error.ts"

export type Requests = {
  /** Asks with an id; settles with the answer. */
  add(ask: (id: number) => void): Promise<void>
  /** Whether anybody waited for that answer. */
  settle(id: number, fault: Fault | null): boolean
  /** No answer will come any more. */
  lose(): void
}

export function pendingRequests(): Requests {
  const waiting = new Map<number, (fault: Fault | null) => void>()
  let lastId = 0

  function settle(id: number, fault: Fault | null): boolean {
    waiting.get(id)?.(fault)
    return waiting.delete(id)
  }

  return {
    add(ask) {
      const id = ++lastId
      return new Promise((resolve, reject) => {
        waiting.set(id, (fault) => (fault === null ? resolve() : reject(errorOf(fault))))
        ask(id)
      })
    },
    settle,
    lose() {
      for (const id of waiting.keys()) settle(id, { code: "connection_lost", message: "the line broke" })
    },
  }
}

export function notConnected(): RollcallError {
  return new RollcallError("not_connected", "the room is not connected")
}
