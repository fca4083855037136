/**
 * Many tabs of one browser, one connection per room. Whoever holds the room's lock leads: it has the connection, and passes on what it
 * hears. When its page goes, however it goes, the browser gives the lock to the next tab, which resumes the session: nobody else notices.
 */
import { type ConnectionOptions, GOODBYE, RESUMABLE } from "./connection.ts"
import { errorOf, type Fault, faultOf, type RollcallError } from "./error.ts"
import { directLink, type Link, type LinkEvents, type Message, type Told } from "./link.ts"
import { paced } from "./pace.ts"
import { watchPage } from "./page.ts"
import { notConnected, pendingRequests } from "./requests.ts"
import type { ConnectionStatus, JsonObject, Reason } from "./types.ts"

/** What tabs tell each other; `tab` is who says it, or for whom it is. */
type Talk =
  /** A tab's own data, and when its app said so: a new leader hears from all at once, and the latest counts, not who answers last. */
  | ({ readonly kind: "say"; readonly tab: string } & Words)
  | { readonly kind: "send"; readonly tab: string; readonly id: number; readonly message: Message }
  /** The rest is the leader's: who leads now, what the connection hears, what became of a message, or of what was said. */
  | { readonly kind: "lead" }
  | { readonly kind: "frame"; readonly frame: Told }
  | { readonly kind: "status"; readonly status: ConnectionStatus; readonly reason: Reason | null }
  | { readonly kind: "error"; readonly error: Fault }
  | { readonly kind: "sent"; readonly tab: string; readonly id: number; readonly error: Fault | null }
  | { readonly kind: "corrected"; readonly data: JsonObject }

type Words = { readonly wanted: JsonObject | null; readonly at: number }

/** `name` is what the tabs of one room, one service and one member have in common. */
export function tabLink(name: string, options: ConnectionOptions, events: LinkEvents): Link {
  const tab = crypto.randomUUID()
  const requests = pendingRequests()
  let wanted: JsonObject | null = null
  let at = 0
  let status: ConnectionStatus = "connecting"
  let welcome: Extract<Told, { type: "welcome" }> | null = null
  /** Of the leader alone. */
  let direct: Link | null = null
  let left: AbortController | null = null
  let channel: BroadcastChannel
  /** What each tab says about itself, as far as the leader knows. */
  const says = new Map<string, Words>()
  const saying = paced(say)

  function post(talk: Talk): void {
    if (left !== null) channel.postMessage(talk)
  }

  function say(): void {
    const talk: Talk = { kind: "say", tab, wanted, at }
    if (direct === null) post(talk)
    else heard(talk)
  }

  /** The one presence of all tabs: what was said last, by a tab that is still there. */
  function speak(): void {
    let last: Words = { wanted: null, at: 0 }
    for (const words of says.values()) if (words.wanted && words.at >= last.at) last = words
    direct?.say(last.wanted)
  }

  /** Holds the lock from when it is free until this tab leaves; not at all where `held` returns anything. */
  function hold(lock: string, held: () => unknown, { signal }: AbortController): void {
    // Who leaves before its turn wants no lock.
    navigator.locks
      .request(lock, { signal }, () => held() ?? new Promise((resolve) => signal.addEventListener("abort", resolve)))
      .catch(() => {})
  }

  function join(): void {
    const leaving = new AbortController()
    left = leaving
    channel = new BroadcastChannel(name)
    channel.onmessage = ({ data }: MessageEvent<Talk>) => heard(data)
    // A tab that speaks has its lock: when that is free, the tab is gone.
    hold(name + tab, say, leaving)
    hold(name, () => lead(leaving), leaving)
  }

  function leave(): void {
    const leaving = left
    // From here on what happens to the connection is no news for the others.
    left = direct = null
    leaving?.abort()
    requests.lose()
    says.clear()
    saying.stop()
    channel.close()
  }

  function lead(leaving: AbortController): void {
    requests.lose()
    post({ kind: "lead" })
    says.set(tab, { wanted, at })
    const goodbye = () => (says.size > 1 ? RESUMABLE : GOODBYE)
    direct = directLink(
      { ...options, session: welcome?.session ?? null, goodbye },
      {
        ...events,
        frame(frame) {
          if (says.size > 1) post({ kind: "frame", frame })
          if (frame.type === "welcome") welcome = frame
          return events.frame(frame)
        },
        status(next, reason) {
          if (left === null) return
          status = next
          post({ kind: "status", status, reason })
          events.status(status, reason)
        },
        error(error) {
          post({ kind: "error", error: faultOf(error) })
          events.error(error)
        },
        corrected(data) {
          post({ kind: "corrected", data })
          correct(data)
        },
      },
    )
    leaving.signal.addEventListener("abort", direct.close)
    speak()
  }

  /** Who is present is so with what the room holds. */
  function correct(data: JsonObject): void {
    if (wanted === null) return
    wanted = data
    events.corrected(data)
    say()
  }

  function heard(talk: Talk): void {
    switch (talk.kind) {
      case "say":
        if (direct === null || left === null) return
        if (!says.has(talk.tab)) {
          if (welcome !== null) post({ kind: "frame", frame: { ...welcome, present: events.present() } })
          post({ kind: "status", status, reason: null })
          // The tab wants its lock back when its page is shown again.
          hold(name + talk.tab, () => [says.delete(talk.tab), speak()], left)
        }
        says.set(talk.tab, talk)
        return void speak()
      case "send": {
        const answer = (error: Fault | null) => post({ kind: "sent", tab: talk.tab, id: talk.id, error })
        direct?.send(talk.message).then(
          () => answer(null),
          (error: RollcallError) => answer(faultOf(error)),
        )
        return
      }
      case "sent":
        if (talk.tab === tab) requests.settle(talk.id, talk.error)
        return
      case "lead":
        requests.lose()
        return void say()
      case "frame":
        // Nothing counts before the whole: a welcome.
        if (talk.frame.type === "welcome") welcome = talk.frame
        if (welcome !== null) events.frame(talk.frame)
        return
      case "status":
        status = talk.status
        return void events.status(status, talk.reason)
      case "error":
        return void events.error(errorOf(talk.error))
      case "corrected":
        correct(talk.data)
    }
  }

  join()
  const unwatch = watchPage((event) => {
    // A page that is put away as it is must not keep the lock.
    if (event === "pagehide" || event === "freeze") {
      leave()
      events.status("offline", null)
    } else if (event > "v") say()
    // In the alphabet, these two come after what the network does: pageshow and resume.
    else if (left === null && event > "p") join()
  })

  return {
    say(data) {
      wanted = data
      at = Date.now()
      if (direct === null) saying.soon()
      else say()
    },
    async send(message) {
      if (direct !== null) return direct.send(message)
      if (status !== "connected") throw notConnected()
      saying.flush()
      return requests.add((id) => post({ kind: "send", tab, id, message }))
    },
    close() {
      unwatch()
      leave()
    },
  }
}
