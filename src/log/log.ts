/** The operator's log: one line of JSON an event. */
import { LogBudget } from "./budget.ts"
import { EVENTS, type EventName, type Facts } from "./events.ts"

/** Of this isolate: rooms and requests that share it share the budget. */
const budget = new LogBudget()

const WRITE = {
  error: (line: string) => console.error(line),
  warn: (line: string) => console.warn(line),
  info: (line: string) => console.info(line),
}

/** `heldBack` on a line: so many of its event were not written before it. */
export function log<E extends EventName>(event: E, facts: Facts<E>): void {
  const heldBack = budget.take(event, Date.now())
  if (heldBack === null) return
  const { level } = EVENTS[event]
  WRITE[level](JSON.stringify({ level, event, ...facts, ...(heldBack === 0 ? {} : { heldBack }) }))
}
