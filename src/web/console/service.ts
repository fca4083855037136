/** The admin API as this page calls it. The key lives in the closure alone, and goes with it. */
import type { Kick, MemberPage, RoomPage, RoomStats } from "../../protocol/admin.ts"

/** A refusal, or no answer at all: then `status` is 0. */
export class Problem extends Error {
  readonly status: number

  constructor(status: number, detail: string) {
    super(detail)
    this.status = status
  }
}

export type Totals = { readonly rooms?: number; readonly members?: number; readonly connections?: number; readonly observers?: number }

export type Service = ReturnType<typeof createService>

const LIMIT_MS = 10_000

export function createService(key: string) {
  async function ask<Answer>(method: string, path: string, body?: object): Promise<Answer> {
    const response = await fetch(`/v1/admin${path}`, {
      method,
      headers: { authorization: `Bearer ${key}` },
      body: body === undefined ? null : JSON.stringify(body),
      signal: AbortSignal.timeout(LIMIT_MS),
    }).catch(() => {
      throw new Problem(0, "The service does not answer.")
    })
    const text = await response.text()
    if (!response.ok) throw new Problem(response.status, detailOf(text) ?? `The service answered ${response.status}.`)
    return JSON.parse(text === "" ? "null" : text)
  }
  const at = (room: string) => `/rooms/${encodeURIComponent(room)}`
  const of = (room: string, member: string) => `${at(room)}/members/${encodeURIComponent(member)}`
  // A name of its own: who is called console must not use up the places of this one.
  const watcher = `console-${crypto.getRandomValues(new Uint32Array(3)).join("-")}`
  return {
    totals: () => ask<Totals>("GET", "/stats"),
    rooms: (query: Record<string, string>) => ask<RoomPage>("GET", `/rooms?${new URLSearchParams(query)}`),
    stats: (room: string) => ask<RoomStats>("GET", at(room)),
    members: (room: string) => ask<MemberPage>("GET", `${at(room)}/members?limit=1000&heard=1`),
    kick: (room: string, member: string, banMs: number) => ask<Kick>("DELETE", `${of(room, member)}${banMs > 0 ? `?ban=${banMs}` : ""}`),
    send: (room: string, message: { event: string; data: unknown; to?: string[] }) => ask<void>("POST", `${at(room)}/messages`, message),
    close: (room: string) => ask<void>("DELETE", at(room)),
    /** For this room alone, and to look at it only. */
    async token(room: string): Promise<string> {
      const minted = await ask<{ token: string }>("POST", "/tokens", { member: watcher, rooms: { [room]: ["subscribe"] }, ttl: 600_000 })
      return minted.token
    },
  }
}

function detailOf(text: string): string | null {
  try {
    const body: unknown = JSON.parse(text)
    return typeof body === "object" && body !== null && "detail" in body ? String(body.detail) : null
  } catch {
    return null
  }
}
