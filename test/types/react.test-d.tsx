/** What must compile for the user of `rollcall/react`, and what must not. Compiled, never run. */
import { createClient, type Entry } from "rollcall/client"
import { createHooks, RollcallProvider, RoomProvider, useConnectionStatus, useOthers } from "rollcall/react"
import type { Equal } from "./equal.ts"

type Data = { cursor: { x: number; y: number } | null; typing?: boolean }
type Info = { name: string }
type Messages = { wave: { emoji: string } }

const client = createClient({ url: "https://presence.example.com", token: "" })
const typed = createHooks<Data, Info, Messages>()

export const app = (
  <RollcallProvider client={client}>
    <RoomProvider room="doc-1" initial={{ cursor: null }}>
      <Cursors />
    </RoomProvider>
    <typed.RoomProvider room="doc-1" initial={{ cursor: { x: 1, y: 2 } }}>
      <Cursors />
    </typed.RoomProvider>
  </RollcallProvider>
)

// @ts-expect-error a provider needs a client
export const withoutClient = <RollcallProvider>nothing</RollcallProvider>
// @ts-expect-error a room needs a name
export const withoutRoom = <RoomProvider initial={{}}>nothing</RoomProvider>
const initial = { cursor: 1 }
// @ts-expect-error the initial data is of another type
export const wrongInitial = <typed.RoomProvider {...{ room: "doc-1", initial }} />

function Cursors() {
  const others = typed.useOthers()
  const same: Equal<typeof others, readonly Entry<Data, Info>[]> = true
  const count = typed.useOthers((all) => all.length)
  const names: readonly string[] = typed.useOthers((all) => all.map(({ info }) => info.name))
  const typing = typed.useOthers((all) => all.filter(({ data }) => data.typing === true).length)
  const own: boolean | null | undefined = typed.useSelf(({ data }) => data.typing)
  // @ts-expect-error the selector picks a number
  const wrong: string = typed.useOthers((all) => all.length)
  // @ts-expect-error the data has no such key
  typed.useOthers((all) => all.map(({ data }) => data.colour))
  const sameText = (a: string, b: string) => a === b
  // @ts-expect-error the equality compares what the selector picks
  typed.useOthers((all) => all.length, sameText)

  const update = typed.useUpdatePresence()
  update({ cursor: null })
  update({ typing: null })
  // @ts-expect-error the data has no such key
  update({ colour: "red" })
  // @ts-expect-error a coordinate is a number
  update({ cursor: { x: "1", y: 2 } })

  const send = typed.useSend()
  send("wave", { emoji: "👋" })
  // @ts-expect-error there is no such message
  send("wvae", { emoji: "👋" })
  // @ts-expect-error the message's data is of another type
  send("wave", { emoji: 1 })

  typed.useMessages("wave", ({ data, member }) => `${member} ${data.emoji}`)
  // @ts-expect-error there is no such message
  typed.useMessages("wvae", () => {})
  // @ts-expect-error the message has no such field
  typed.useMessages("wave", ({ data }) => data.sound)

  const status = useConnectionStatus()
  // @ts-expect-error a connection is in one of five states
  const isOpen = status === "open"

  const untyped = useOthers<Data, Info>()
  return (
    <p>
      {String(same)} {count} {names} {typing} {String(own)} {wrong} {isOpen} {untyped.length}
    </p>
  )
}
