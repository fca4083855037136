// Held by the compiler: an error that is expected and does not come is one. Nothing in here runs.
import { expectTypeOf } from "vitest"
import type { ConnectionStatus, Entry, JsonObject, Member, Room, Self, Snapshot } from "../../src/client/index.ts"
import * as react from "../../src/react/index.tsx"

type Data = { cursor: { x: number; y: number } | null; typing?: boolean }
type Info = { name: string }
type Messages = { wave: { emoji: string }; nod: undefined; note: string | undefined }

/** An interface has no index signature, and is data all the same. */
interface Drawing {
  readonly color: string
}

const hooks = react.createHooks<Data, Info, Messages>()

export function Typed() {
  const { RoomProvider, useMembers, useMessages, useOthers, useRoom, useSelf, useSend, useSnapshot, useUpdatePresence } = hooks

  expectTypeOf(useOthers()).toEqualTypeOf<readonly Entry<Data, Info>[]>()
  expectTypeOf(useOthers((others) => others.length)).toEqualTypeOf<number>()
  expectTypeOf(useOthers(([first]) => first?.data.cursor?.x)).toEqualTypeOf<number | undefined>()
  expectTypeOf(useOthers((others) => others.map(({ info }) => info.name))).toEqualTypeOf<string[]>()
  useOthers(
    (others) => others[0]?.info.name,
    (a, b) => a?.length === b?.length,
  )
  // @ts-expect-error no such datum
  useOthers((others) => others[0]?.data.colour)
  const isSame = (a: string, b: string) => a === b
  // @ts-expect-error the equality is about what the selector picks
  useOthers((others) => others.length, isSame)
  // @ts-expect-error what is shown is immutable
  useOthers().push()

  expectTypeOf(useMembers()).toEqualTypeOf<readonly Member<Data, Info>[]>()
  expectTypeOf(useMembers((members) => members.some(({ isSelf }) => isSelf))).toEqualTypeOf<boolean>()

  expectTypeOf(useSelf()).toEqualTypeOf<Self<Data, Info> | null>()
  expectTypeOf(useSelf(({ data }) => data.cursor)).toEqualTypeOf<Data["cursor"] | null>()
  expectTypeOf(useSelf(({ info }) => info?.name)).toEqualTypeOf<string | undefined | null>()

  expectTypeOf(useSnapshot()).toEqualTypeOf<Snapshot<Data, Info>>()
  expectTypeOf(useSnapshot(({ status }) => status)).toEqualTypeOf<ConnectionStatus>()
  expectTypeOf(hooks.useConnectionStatus()).toEqualTypeOf<ConnectionStatus>()

  const update = useUpdatePresence()
  update({ cursor: { x: 1, y: 2 } })
  update({ typing: null })
  update(({ cursor }) => ({ cursor, typing: true }))
  // @ts-expect-error no such datum
  update({ colour: "red" })
  // @ts-expect-error half a cursor is none
  update({ cursor: { x: 1 } })

  const send = useSend()
  expectTypeOf(send("nod")).toEqualTypeOf<Promise<void>>()
  send("wave", { emoji: "👋" }, { to: ["ann"] })
  send("note")
  // @ts-expect-error a wave has an emoji
  send("wave")
  // @ts-expect-error no such message
  send("kiss", {})

  useMessages("wave", ({ event, data, from }) => {
    expectTypeOf(event).toEqualTypeOf<"wave">()
    expectTypeOf(data).toEqualTypeOf<{ emoji: string }>()
    expectTypeOf(from).toEqualTypeOf<Entry<Data, Info> | null>()
  })
  // @ts-expect-error no such message
  useMessages("kiss", () => {})
  // @ts-expect-error a wave has no text
  useMessages("wave", ({ data }) => data.text)

  const room = useRoom()
  expectTypeOf(room?.others).toEqualTypeOf<readonly Entry<Data, Info>[] | undefined>()
  // @ts-expect-error it may not be there yet
  room.leave()
  // @ts-expect-error it is the provider's to release
  room?.release()

  return (
    <>
      <RoomProvider room="doc" initial={{ cursor: null }} />
      <RoomProvider room="doc" />
      {/* @ts-expect-error a cursor is required */}
      <RoomProvider room="doc" initial={{ typing: true }} />
      {/* @ts-expect-error a room has a name */}
      <RoomProvider initial={{ cursor: null }} />
      {/* @ts-expect-error a provider needs a client */}
      <react.RollcallProvider />
    </>
  )
}

export function Plain() {
  expectTypeOf(react.useOthers()).toEqualTypeOf<readonly Entry[]>()
  expectTypeOf(react.useOthers<Drawing>()).toEqualTypeOf<readonly Entry<Drawing>[]>()
  expectTypeOf(react.useOthers((others: readonly Entry<Drawing>[]) => others.map(({ data }) => data.color))).toEqualTypeOf<string[]>()
  expectTypeOf(react.useMembers<Drawing, Info>()).toEqualTypeOf<readonly Member<Drawing, Info>[]>()
  expectTypeOf(react.useSelf<Drawing>()).toEqualTypeOf<Self<Drawing> | null>()
  expectTypeOf(react.useSelf(({ status }) => status)).toEqualTypeOf<"active" | "away" | null>()
  expectTypeOf(react.useUpdatePresence<Drawing>()).toEqualTypeOf<Room<Drawing>["update"]>()
  expectTypeOf(react.useRoom<Drawing>()).toEqualTypeOf<react.HeldRoom<Drawing> | null>()
  react.useMessages("anything", ({ data }) => expectTypeOf(data).toEqualTypeOf<unknown>())
  react.useMessages<Messages, "wave">("wave", ({ data }) => data.emoji)
  // @ts-expect-error of the messages that were named, this is none
  react.useMessages<Messages>("kiss", () => {})
  expectTypeOf(react.createHooks().useOthers()).toEqualTypeOf<readonly Entry<JsonObject, JsonObject>[]>()
  return <react.RoomProvider<Drawing> room="doc" initial={{ color: "red" }} />
}
