/** What goes wrong, for the operator's log: one line of JSON an event. */

/** `facts` hold ids, codes and texts of our own; no secret, no address, nobody's data. */
export function logError(event: string, facts: Readonly<Record<string, unknown>>): void {
  console.error(JSON.stringify({ level: "error", event, ...facts }))
}

export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}
