/** One room of one client: what is true of it now, and who is told when that changes. All handles on the room share it. */
import type { RoomFrame, Entry as WireEntry } from "../protocol/frames.ts"
import { RollcallError } from "./error.ts"
import type { Link, LinkEvents } from "./link.ts"
import { callAll, type Listener, report } from "./listeners.ts"
import { collapse, isSameList } from "./members.ts"
import { patched } from "./outgoing.ts"
import { applied, type Difference, NOBODY, type Picture, replaced } from "./picture.ts"
import type { ConnectionStatus, Entry, JsonObject, Reason, RoomEvents, Self, Snapshot } from "./types.ts"
import type { Validate } from "./validate.ts"

type Own = { readonly connection: string; readonly ref: number; readonly member: string }
type EventName = keyof RoomEvents
type Handlers = { [Name in EventName]: Set<Listener<RoomEvents[Name]>> }

const ALONE: Snapshot = { self: null, others: [], members: [], status: "connecting", reason: null }

export class SharedRoom implements LinkEvents {
  readonly name: string
  readonly #ended: () => void
  #validate: Validate | null = null
  #picture: Picture = NOBODY
  #own: Own | null = null
  /** What the app says about itself; null: an observer. */
  #wanted: JsonObject | null = null
  #link: Link | null = null
  #snapshot: Snapshot = ALONE
  /** The last one that the subscribers were told of. */
  #told: Snapshot = ALONE
  #isStale = false
  #status: ConnectionStatus = "connecting"
  #reason: Reason | null = null
  /** The others as they are shown, by connection: with a schema, not all are, and not as they came. */
  #shown = new Map<string, Entry>()
  readonly #subscribers = new Set<Listener<void>>()
  readonly #handlers: Handlers = {
    enter: new Set(),
    update: new Set(),
    leave: new Set(),
    status: new Set(),
    message: new Set(),
    connection: new Set(),
    error: new Set(),
  }

  /** `ended` is called once, when the room is closed for good. */
  constructor(name: string, ended: () => void) {
    this.name = name
    this.#ended = ended
  }

  get snapshot(): Snapshot {
    if (this.#isStale) {
      this.#isStale = false
      this.#snapshot = this.#look(this.#snapshot)
    }
    return this.#snapshot
  }

  /** The pool has found it a place; before, it only remembers what to say. */
  connect(link: (events: LinkEvents) => Link): void {
    this.#link = link(this)
    if (this.#wanted !== null) this.#link.say(this.#wanted)
  }

  /** Final: its place went to another, or the client was closed. */
  close(reason: Reason): void {
    const link = this.#link
    this.#link = null
    this.status("closed", reason)
    link?.close()
  }

  /** The first schema decides. */
  check(validate: Validate): void {
    if (this.#validate !== null) return
    this.#validate = validate
    this.#shown.clear()
    for (const entry of this.#picture.values()) this.#show({ kind: "enter", entry })
    this.#changed()
  }

  /** Settles when the room is connected, or never will be. */
  async connected(signal: AbortSignal): Promise<void> {
    signal.throwIfAborted()
    const { promise, resolve, reject } = Promise.withResolvers<void>()
    const look = () => {
      if (this.#status === "connected") resolve()
      if (this.#status === "closed") reject(new RollcallError("closed", `the room is closed: ${this.#reason?.message}`))
    }
    const aborted = () => reject(signal.reason)
    const stop = this.on(signal, "connection", look)
    signal.addEventListener("abort", aborted)
    look()
    try {
      await promise
    } finally {
      stop()
      signal.removeEventListener("abort", aborted)
    }
  }

  say(wanted: JsonObject | null): void {
    this.#wanted = wanted
    this.#link?.say(wanted)
    this.#changed()
  }

  update(patch: object | ((old: JsonObject) => object)): void {
    if (this.#wanted === null) throw new RollcallError("not_entered", "call enter before update: nobody sees this client yet")
    this.say(patched(this.#wanted, typeof patch === "function" ? patch(this.#wanted) : patch))
  }

  get hasEntered(): boolean {
    return this.#wanted !== null
  }

  send(event: string, data: unknown, to: readonly string[] | undefined): Promise<void> {
    if (this.#link === null) return Promise.reject(new RollcallError("not_connected", "the room is not connected"))
    return this.#link.send(event, data, to)
  }

  subscribe(owner: object, call: () => void): () => void {
    if (this.#subscribers.size === 0) this.#told = this.snapshot
    return added(this.#subscribers, { owner, call })
  }

  on<Name extends EventName>(owner: object, name: Name, call: (event: RoomEvents[Name]) => void): () => void {
    const handlers: Set<Listener<RoomEvents[Name]>> = this.#handlers[name]
    return added(handlers, { owner, call })
  }

  /** The listeners of a handle that was given back. */
  forget(owner: object): void {
    const all: Set<{ readonly owner: object }>[] = [this.#subscribers, ...Object.values(this.#handlers)]
    for (const listeners of all) {
      for (const listener of listeners) if (listener.owner === owner) listeners.delete(listener)
    }
  }

  frame(frame: Extract<RoomFrame, { type: "welcome" | "sync" | "presence" | "message" }>): void {
    if (frame.type === "message") return void this.#message(frame)
    const { picture, differences } = frame.type === "presence" ? applied(this.#picture, frame) : replaced(this.#picture, frame.present)
    this.#picture = picture
    const all = frame.type === "welcome" ? [...this.#welcomed(frame), ...differences] : differences
    const tellings = all.map((difference) => this.#show(difference))
    this.#isStale = true
    for (const tell of tellings) tell?.()
    this.#changed()
  }

  status(status: ConnectionStatus, reason: Reason | null): void {
    if (this.#status === "closed") return
    this.#status = status
    this.#reason = reason
    this.#isStale = true
    this.#emit("connection", { status, reason })
    this.#changed()
    if (status === "closed") this.#ended()
  }

  error(error: RollcallError): void {
    this.#emit("error", error)
  }

  corrected(data: JsonObject): void {
    this.#wanted = data
    this.#changed()
  }

  /** On a fresh connection, what we were may still be there, as somebody else. */
  #welcomed({ connection, ref, member }: Own): Difference[] {
    const before = this.#own
    this.#own = { connection, ref, member }
    if (before === null || before.connection === connection) return []
    const former = [...this.#picture.values()].find((entry) => entry.connection === before.connection)
    return former === undefined ? [] : [{ kind: "enter", entry: former }]
  }

  /** Takes a difference over into what is shown; returns how to tell it, once all are taken. */
  #show(difference: Difference): (() => void) | null {
    const { connection } = difference.entry
    if (connection === this.#own?.connection) return null
    const previous = this.#shown.get(connection)
    if (difference.kind === "leave") {
      this.#shown.delete(connection)
      const { reason } = difference
      return previous === undefined ? null : () => this.#emit("leave", { entry: previous, reason })
    }
    const entry = this.#valid(difference.entry, previous)
    if (entry === null) return null
    this.#shown.set(connection, entry)
    if (previous === undefined) return () => this.#emit("enter", { entry })
    return () => {
      if (entry.data !== previous.data || entry.info !== previous.info) this.#emit("update", { entry, previous })
      if (entry.status !== previous.status) this.#emit("status", { entry, previous })
    }
  }

  /** Null: kept out. Who was valid before stays with the last data that was. */
  #valid(entry: WireEntry, previous: Entry | undefined): Entry | null {
    if (this.#validate === null) return entry
    const result = this.#validate(entry.data)
    if (result.ok) return { ...entry, data: result.data }
    const { member, connection } = entry
    this.error(new RollcallError("invalid_data", `the data of ${member} (connection ${connection}) is not valid: ${result.fault}`))
    return previous === undefined ? null : { ...entry, data: previous.data }
  }

  #message({ event, data, member, from }: Extract<RoomFrame, { type: "message" }>): void {
    const entry = from === null ? undefined : this.#picture.get(from)
    const sender = entry?.connection === this.#own?.connection ? entry : this.#shown.get(entry?.connection ?? "")
    this.#emit("message", { event, data, member, from: sender ?? null })
  }

  #emit<Name extends EventName>(name: Name, event: RoomEvents[Name]): void {
    const handlers: Set<Listener<RoomEvents[Name]>> = this.#handlers[name]
    // An error that nobody handles is not lost.
    if (name === "error" && handlers.size === 0) report(event)
    callAll(handlers, event, report)
  }

  #changed(): void {
    this.#isStale = true
    if (this.#subscribers.size === 0 || this.snapshot === this.#told) return
    this.#told = this.snapshot
    callAll(this.#subscribers, undefined, report)
  }

  #look(old: Snapshot): Snapshot {
    const own = this.#own?.connection ?? null
    const shown: Entry[] = []
    let self: Entry | null = null
    for (const entry of this.#picture.values()) {
      if (entry.connection === own) {
        self = entry
        shown.push(entry)
      } else {
        const other = this.#shown.get(entry.connection)
        if (other !== undefined) shown.push(other)
      }
    }
    const others = shown.filter((entry) => entry !== self)
    const next: Snapshot = {
      self: this.#self(old.self, self),
      others: isSameList(old.others, others) ? old.others : others,
      members: collapse(shown, own, old.members),
      status: this.#status,
      reason: this.#reason,
    }
    return isSameRecord(old, next) ? old : next
  }

  #self(old: Self | null, entry: Entry | null): Self | null {
    if (this.#wanted === null) return null
    const { connection = null, ref = null, member = null } = this.#own ?? {}
    const { info = old?.info ?? null, status = "active", since = null } = entry ?? {}
    const next: Self = { connection, ref, member, info, data: this.#wanted, status, since }
    return old !== null && isSameRecord(old, next) ? old : next
  }
}

function isSameRecord<T extends object>(a: T, b: T): boolean {
  return isSameList<unknown>(Object.values(a), Object.values(b))
}

function added<Event>(listeners: Set<Listener<Event>>, listener: Listener<Event>): () => void {
  listeners.add(listener)
  return () => void listeners.delete(listener)
}
