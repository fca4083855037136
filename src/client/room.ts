/** One room of one client: what is true of it now, and who is told when that changes. All handles on the room share it. */
import { withoutNulls } from "../core/patch.ts"
import type { Entry as WireEntry } from "../protocol/frames.ts"
import { RollcallError } from "./error.ts"
import type { Link, LinkEvents, Told } from "./link.ts"
import { collapse } from "./members.ts"
import { asJson, patched } from "./outgoing.ts"
import { applied, type Difference, NOBODY, replaced } from "./picture.ts"
import { notConnected } from "./requests.ts"
import { isSameList, share } from "./share.ts"
import type { Events, IsEqual, Listener, Own, SharedRoom, SliceListener } from "./shared-room.ts"
import type { ConnectionStatus, Entry, JsonObject, Reason, Room, Self, SendOptions, Snapshot, Unsubscribe } from "./types.ts"
import { type Validate, validator } from "./validate.ts"

/** `ended` is called once, when the room is closed for good. */
export function shareRoom(name: string, ended: () => void): SharedRoom {
  const listeners = new Set<Listener>()
  /** The others as they are shown, by connection: with a schema, not all are, and not as they came. */
  const shown = new Map<string, Entry>()
  let picture = NOBODY
  let own: Own = { connection: null, ref: null, member: null }
  /** What the app says about itself; null: an observer. */
  let wanted: JsonObject | null = null
  let link: Link | null = null
  /** The first schema decides. */
  let validate = accept
  let status: ConnectionStatus = "connecting"
  let reason: Reason | null = null
  let snapshot: Snapshot = { self: null, others: [], members: [], status, reason }
  let isStale = false
  /** The last that the listeners were told of. */
  let told = snapshot

  function ownEntry(): WireEntry | undefined {
    const entry = picture.get(own.ref ?? -1)
    return entry?.connection === own.connection ? entry : undefined
  }

  const present = () => [...picture.values()]

  function look(): Snapshot {
    if (!isStale) return snapshot
    isStale = false
    const isOwn = ({ connection }: Entry) => connection === own.connection
    const all = present().flatMap((entry) => (isOwn(entry) ? entry : (shown.get(entry.connection) ?? [])))
    const others = all.filter((entry) => !isOwn(entry))
    const { self } = snapshot
    const { info = self?.info ?? null, status: activity = "active", since = null } = ownEntry() ?? {}
    snapshot = kept(snapshot, {
      self: wanted && share<Self>(self, { ...own, info, data: wanted, status: activity, since }),
      others: isSameList(snapshot.others, others) ? snapshot.others : others,
      members: collapse(all, isOwn, snapshot.members),
      status,
      reason,
    })
    return snapshot
  }

  function emit<Name extends keyof Events>(name: Name, event: Events[Name]): void {
    for (const listener of [...listeners]) {
      if (listener.name !== name) continue
      try {
        // `on` put the two together: a listener of this name takes this event.
        listener.call(event as never)
      } catch (cause) {
        // One listener's fault is its own: the others are told all the same, and the page hears of it.
        queueMicrotask(() => {
          throw cause
        })
      }
    }
  }

  function changed(): void {
    isStale = true
    if (listeners.size === 0 || look() === told) return
    told = snapshot
    emit("snapshot", snapshot)
  }

  function fail(error: RollcallError): void {
    // What nobody listens for is not lost.
    if (![...listeners].some((listener) => listener.name === "error")) console.warn(error)
    emit("error", error)
  }

  /** Takes a difference over into what is shown; returns how to tell it, once all are taken. */
  function show(difference: Difference): (() => void) | undefined {
    const { connection } = difference.entry
    if (connection === own.connection) return undefined
    const previous = shown.get(connection)
    if (difference.kind === "leave") {
      shown.delete(connection)
      return previous && (() => emit("leave", { entry: previous, reason: difference.reason }))
    }
    const entry = validate(difference.entry, previous)
    if (entry === undefined) return undefined
    shown.set(connection, entry)
    if (previous === undefined) return () => emit("enter", { entry })
    return () => {
      if (entry.data !== previous.data || entry.info !== previous.info) emit("update", { entry, previous })
      if (entry.status !== previous.status) emit("status", { entry, previous })
    }
  }

  const events: LinkEvents = {
    frame(frame: Told) {
      if (frame.type === "message") {
        const { event, data, member, from } = frame
        const sender = picture.get(from ?? -1)
        const entry = sender === ownEntry() ? sender : shown.get(sender?.connection ?? "")
        emit("message", { event, data, member, from: entry ?? null })
        return ownEntry()
      }
      if (frame.type === "welcome") {
        const { connection, ref, member } = frame
        // On a fresh connection, what we were may still be there, as somebody else.
        if (connection !== own.connection) picture = applied(picture, { leave: [[own.ref ?? -1, "unseen"]] }).picture
        own = { connection, ref, member }
      }
      const next = frame.type === "presence" ? applied(picture, frame) : replaced(picture, frame.present ?? present())
      picture = next.picture
      const tellings = next.differences.map(show)
      isStale = true
      for (const tell of tellings) tell?.()
      changed()
      return ownEntry()
    },
    status(nextStatus, nextReason) {
      if (status === "closed") return
      status = nextStatus
      reason = nextReason
      isStale = true
      // Before anybody hears of it: who asks for the room anew then gets another.
      if (status === "closed") ended()
      emit("connection", { status, reason })
      changed()
    },
    present,
    error: fail,
    corrected(data) {
      wanted = data
      changed()
    },
  }

  function say(data: JsonObject | null): void {
    wanted = data
    link?.say(data)
    changed()
  }

  function listen<Name extends keyof Events>(owner: object, of: Name, call: (event: Events[Name]) => void): Unsubscribe {
    const listener: Listener = { owner, name: of, call }
    listeners.add(listener)
    return () => void listeners.delete(listener)
  }

  function forget(owner: object): void {
    for (const listener of listeners) if (listener.owner === owner) listeners.delete(listener)
  }

  return {
    name,
    connect(make) {
      link = make(events)
      if (wanted !== null) link.say(wanted)
    },
    close(why) {
      const closing = link
      events.status("closed", why)
      link = null
      closing?.close()
    },
    async connected(signal) {
      await new Promise<void>((resolve, reject) => {
        const settle = () => {
          if (status === "connected") resolve()
          if (status === "closed") reject(new RollcallError("closed", `the room is closed: ${reason?.message}`))
        }
        signal.addEventListener("abort", () => reject(signal.reason))
        listen(signal, "connection", settle)
        settle()
      }).finally(() => forget(signal))
    },
    rest: () => say(null),
    handle({ initial, schema }, isFirst, release, released) {
      let isOut = true
      /** What works until the release. */
      const held =
        <Arguments extends unknown[], Result>(method: (...args: Arguments) => Result) =>
        (...args: Arguments): Result => {
          if (!isOut) throw new RollcallError("released", `this handle on ${name} was released`)
          return method(...args)
        }
      const getSnapshot = held(look)
      const enter = (data: object = {}) => say(withoutNulls(asJson(data)))
      const give = () => {
        isOut = false
        forget(handle)
        released(handle)
        release()
      }
      const handle: Room = {
        name,
        get self() {
          return getSnapshot().self
        },
        get others() {
          return getSnapshot().others
        },
        get members() {
          return getSnapshot().members
        },
        get status() {
          return getSnapshot().status
        },
        get reason() {
          return getSnapshot().reason
        },
        getSnapshot,
        enter: held(enter),
        update: held((patch: object | ((old: JsonObject) => object)) => {
          if (wanted === null) throw new RollcallError("not_entered", "enter first")
          say(patched(wanted, typeof patch === "function" ? patch(wanted) : patch))
        }),
        leave: held(() => say(null)),
        send: held(async (event: string, data?: unknown, { to }: SendOptions = {}) => {
          if (link === null) throw notConnected()
          await link.send({ event, data, to })
        }),
        subscribe: held((select: (snapshot: Snapshot) => unknown, call?: SliceListener, isEqual: IsEqual = Object.is) => {
          if (call === undefined) return listen(handle, "snapshot", () => select(look()))
          let slice = select(look())
          return listen(handle, "snapshot", () => {
            const previous = slice
            const picked = select(look())
            if (isEqual(picked, previous)) return
            slice = picked
            call(picked, previous)
          })
        }),
        on(of, call) {
          getSnapshot()
          return listen(handle, of, call)
        },
        release: held(give),
        [Symbol.dispose]() {
          if (isOut) give()
        },
      }
      if (schema !== undefined && validate === accept) {
        validate = validator(schema, fail)
        shown.clear()
        for (const entry of present()) show({ kind: "enter", entry })
        changed()
      }
      // What was said before belongs to those who said it: the first who comes after them begins anew.
      if (isFirst || wanted === null) {
        if (initial !== undefined) enter(initial)
        else if (wanted !== null) say(null)
      }
      return handle
    },
  }
}

const accept: Validate = (entry) => entry

/** The old record where the next one holds the same. */
function kept(old: Snapshot, next: Snapshot): Snapshot {
  return isSameList<unknown>(Object.values(old), Object.values(next)) ? old : next
}
