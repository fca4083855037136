/** What must compile for the user of `rollcall/client`, and what must not. Compiled, never run. */
import { createClient, type Entry, type Patch, type Room, type Self, type SendArguments } from "rollcall/client"
import type { Equal } from "./equal.ts"

type Data = { cursor: { x: number; y: number } | null; typing?: boolean }
type Info = { name: string }
type Messages = { wave: { emoji: string }; ring: undefined }

const client = createClient({ url: "https://presence.example.com", token: async (room) => room.toUpperCase() })
// @ts-expect-error without an address there is no service
createClient({ token: "" })
// @ts-expect-error a token is text, or a function that gets one
createClient({ url: "", token: 7 })
// @ts-expect-error there is no such option
createClient({ url: "", token: "", retries: 3 })
// @ts-expect-error nor such a size of the pool
createClient({ url: "", token: "", pool: { maximum: 3 } })

const room = client.room<Data, Info, Messages>("doc-1", { initial: { cursor: null } })
// @ts-expect-error the initial data lacks the cursor
client.room<Data>("doc-1", { initial: {} })
// @ts-expect-error a room's name is text
client.room(1)

export const isRoom: Equal<typeof room, Room<Data, Info, Messages>> = true
export const seesOthers: Equal<typeof room.others, readonly Entry<Data, Info>[]> = true
export const seesItself: Equal<typeof room.self, Self<Data, Info> | null> = true

room.enter({ cursor: { x: 1, y: 2 } })
// @ts-expect-error a coordinate is a number
room.enter({ cursor: { x: "1", y: 2 } })
// @ts-expect-error the data has no such key
room.enter({ cursor: null, colour: "red" })

room.update({ cursor: { x: 1, y: 2 } })
room.update({ typing: null })
room.update(({ cursor }) => ({ cursor: cursor === null ? null : { x: cursor.x + 1, y: cursor.y } }))
// @ts-expect-error the data has no such key
room.update({ colour: "red" })
// @ts-expect-error a coordinate is a number
room.update({ cursor: { x: "1", y: 2 } })
// @ts-expect-error the function's patch is checked as well
room.update(() => ({ typing: "yes" }))
// @ts-expect-error what is required cannot be removed
export const removal: Patch<{ color: string }> = { color: null }

room.send("wave", { emoji: "👋" }, { to: ["anna"] })
room.send("ring")
export const wave: SendArguments<Messages["wave"]> = [{ emoji: "👋" }, { to: ["anna"] }]
export const ring: SendArguments<Messages["ring"]> = []
// @ts-expect-error there is no such message
room.send("wvae", { emoji: "👋" })
// @ts-expect-error the message's data is of another type
room.send("wave", { emoji: 1 })
// @ts-expect-error the message needs its data
room.send("wave")
// @ts-expect-error recipients are members' names
room.send("wave", { emoji: "👋" }, { to: [7] })

room.on("enter", ({ entry }) => entry.info.name.length)
room.on("update", ({ entry, previous }) => entry.data.cursor === previous.data.cursor)
room.on("message", (message) => {
  if (message.event === "wave") {
    const { emoji } = message.data
    export_(emoji)
    // @ts-expect-error a wave has no such field
    export_(message.data.sound)
  }
})
// @ts-expect-error there is no such event
room.on("entered", () => {})
// @ts-expect-error an entry has no name of its own: it is in the info
room.on("enter", ({ entry }) => entry.name)
// @ts-expect-error a connection is in one of five states
room.on("connection", ({ status }) => status === "open")

room.subscribe(
  ({ others }) => others.length,
  (count, before) => count.toFixed() + before.toFixed(),
)
type Seen = ReturnType<typeof room.getSnapshot>
// @ts-expect-error the snapshot has no such part
export const pickNothing = ({ strangers }: Seen) => strangers
// @ts-expect-error an entry's data has no such key
export const pickColour = ({ others }: Seen) => others.map(({ data }) => data.colour)
const count = ({ others }: Seen) => others.length
const name = (text: string) => text
const sameText = (a: string, b: string) => a === b
// @ts-expect-error the listener expects another type than the selector picks
room.subscribe(count, name)
// @ts-expect-error so does the equality
room.subscribe(count, () => {}, sameText)
// @ts-expect-error a selector selects from the snapshot
room.subscribe(name, () => {})

const [first] = room.others
if (first !== undefined) {
  // @ts-expect-error snapshots cannot be changed
  first.data = { cursor: null }
  // @ts-expect-error nor can the lists in them
  room.others.push(first)
}
// @ts-expect-error one's own presence is changed by update
room.self = null

const untyped = client.room("doc-2")
untyped.enter({ anything: ["goes", 1] })
// @ts-expect-error but it is an object
untyped.enter("here")

client.acquire<Data, Info, Messages>("doc-1", { timeoutMs: 500 }).then((lease) => {
  lease.room.update({ typing: true })
  lease.release()
})
// @ts-expect-error a timeout is a number of milliseconds
client.acquire("doc-1", { timeoutMs: "5s" })

declare function export_(text: string): void
