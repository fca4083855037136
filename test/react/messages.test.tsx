// @vitest-environment happy-dom
import { type ReactNode, useState } from "react"
import { expect, test, vi } from "vitest"
import type { RollcallError, Room } from "../../src/client/index.ts"
import { createHooks } from "../../src/react/index.tsx"
import { pass, type Scene, scene, settled, watchOver } from "./scene.tsx"

type Data = { at: number; typing?: boolean }
type Messages = { wave: { emoji: string }; nod: undefined }
type Here = Room<Data, { name: string }, Messages>

const { RoomProvider, useMessages, useSend, useSelf, useUpdatePresence } = createHooks<Data, { name: string }, Messages>()

watchOver()

const Waves = ({ room }: { room?: string }) => {
  const [waves, setWaves] = useState<string[]>([])
  // Written in place, and over the state of its own render.
  useMessages("wave", ({ member, data }) => setWaves([...waves, `${member}: ${data.emoji}`]))
  return (
    <p>
      {room}
      {waves.join(", ")}
    </p>
  )
}

const Listener = ({ event, hear }: { event: "wave" | "nod"; hear: (message: { event: string }) => void }) => {
  useMessages(event, hear)
  return null
}

type Kept = { update: Here["update"]; send: Here["send"] }

const Keeper = ({ keep }: { keep: (functions: Kept) => void }) => {
  keep({ update: useUpdatePresence(), send: useSend() })
  return null
}

const At = () => useSelf(({ data }) => data.at)

function inRoom(children: ReactNode, initial: Data = { at: 0 }): ReactNode {
  return (
    <RoomProvider room="doc" initial={initial}>
      {children}
    </RoomProvider>
  )
}

async function kept(stage: Scene, children: ReactNode = null): Promise<{ renders: Kept[]; functions: Kept }> {
  const renders: Kept[] = []
  await stage.render(
    inRoom(
      <>
        <Keeper keep={(functions) => renders.push(functions)} />
        {children}
      </>,
    ),
  )
  const [functions] = renders
  if (functions === undefined) throw new Error("nothing was rendered")
  return { renders, functions }
}

test("[RX11] the latest handler hears each message of its name, and nothing is subscribed again", async () => {
  const stage = scene()
  const room = vi.spyOn(stage.client, "room")
  await stage.render(inRoom(<Waves />))
  const handle = room.mock.results[0]?.value
  const on = vi.spyOn(handle, "on")
  const ann = stage.service.enter("doc", "ann", { at: 1 })
  for (const emoji of ["a", "b", "c"]) await settled(() => stage.service.message("doc", "wave", { emoji }, ann))
  await settled(() => stage.service.message("doc", "nod", null, ann))
  expect(stage.container.textContent).toBe("ann: a, ann: b, ann: c")
  expect(on).not.toHaveBeenCalled()
})

test("[RX11] a message has its sender's entry, and none when nobody in the room sent it", async () => {
  const stage = scene()
  const heard: unknown[] = []
  await stage.render(inRoom(<Listener event="wave" hear={(message) => heard.push(message)} />))
  const ann = stage.service.enter("doc", "ann", { at: 1 })
  await settled(() => stage.service.message("doc", "wave", { emoji: "a" }, ann))
  await settled(() => stage.service.message("doc", "wave", { emoji: "b" }))
  expect(heard).toMatchObject([
    { event: "wave", member: "ann", data: { emoji: "a" }, from: { ref: ann, data: { at: 1 } } },
    { event: "wave", member: null, data: { emoji: "b" }, from: null },
  ])
})

test("[RX11] another name and another room are followed, and after the unmount nothing is heard", async () => {
  const stage = scene()
  const heard: string[] = []
  const listen = (room: string, event: "wave" | "nod") => (
    <RoomProvider room={room}>
      <Listener event={event} hear={(message) => heard.push(`${room} ${message.event}`)} />
    </RoomProvider>
  )
  const tell = () =>
    settled(() => {
      for (const room of ["one", "two"]) for (const event of ["wave", "nod"]) stage.service.message(room, event, {})
    })
  await stage.render(listen("one", "wave"))
  await tell()
  await stage.render(listen("one", "nod"))
  await tell()
  await stage.render(listen("two", "nod"))
  await tell()
  await stage.render(null)
  await tell()
  expect(heard).toEqual(["one wave", "one nod", "two nod"])
})

test("[RX11] in StrictMode a message is heard once", async () => {
  const stage = scene({ isStrict: true })
  const heard: unknown[] = []
  await stage.render(inRoom(<Listener event="wave" hear={(message) => heard.push(message)} />))
  await settled(() => stage.service.message("doc", "wave", { emoji: "a" }))
  expect(heard).toHaveLength(1)
})

test("[RX12] updates are told merged, and show in useSelf at once", async () => {
  const stage = scene()
  const { functions } = await kept(stage, <At />)
  await settled(() => {
    functions.update({ at: 1 })
    functions.update((old) => ({ at: old.at + 1, typing: true }))
  })
  expect(stage.container.textContent).toBe("2")
  await pass(100)
  await settled(() => functions.update({ typing: null }))
  await pass(100)
  expect(stage.service.sockets[0]?.heard.slice(1)).toEqual([
    { type: "update", data: { at: 2, typing: true } },
    { type: "update", data: { typing: null } },
  ])
})

test("[RX12] a message is sent to all or to some, and the promise resolves when the room has taken it", async () => {
  const stage = scene()
  const { functions } = await kept(stage, <Waves />)
  await settled(() => void functions.send("nod"))
  let isTaken = false
  await settled(() => void functions.send("wave", { emoji: "a" }, { to: ["ann", "me"] }).then(() => (isTaken = true)))
  expect(isTaken).toBe(true)
  expect(stage.service.sockets[0]?.heard.slice(1)).toMatchObject([
    { type: "send", event: "nod" },
    { type: "send", event: "wave", data: { emoji: "a" }, to: ["ann", "me"] },
  ])
  expect(stage.container.textContent).toBe("me: a")
})

test("[RX12] the functions stay the same, and neither they nor useMessages cause a render", async () => {
  const stage = scene()
  const { renders, functions } = await kept(stage)
  const ann = stage.service.enter("doc", "ann", { at: 1 })
  await settled(() => stage.service.update("doc", ann, { at: 2 }))
  await settled(() => functions.update({ at: 9 }))
  await settled(() => stage.service.message("doc", "wave", { emoji: "a" }))
  expect(renders).toHaveLength(1)
  await kept(stage).then(({ functions: again }) => {
    expect(again.update).toBe(functions.update)
    expect(again.send).toBe(functions.send)
  })
})

test("[RX12] once the provider is gone an update does nothing, and a message is refused as released", async () => {
  const stage = scene()
  const { functions } = await kept(stage)
  await stage.render(null)
  const refusal = vi.fn<(error: RollcallError) => void>()
  await settled(() => {
    functions.update({ at: 1 })
    functions.send("wave", { emoji: "a" }).catch(refusal)
  })
  await pass(100)
  expect(refusal).toHaveBeenCalledExactlyOnceWith(expect.objectContaining({ name: "RollcallError", code: "released" }))
  expect(stage.service.sockets[0]?.heard).toMatchObject([{ type: "enter" }])
  expect(stage.client.pool.stats()).toMatchObject({ leases: 0 })
})

test("[RX12] without a connection a message is refused as not_connected, and an update is told when there is one", async () => {
  const stage = scene()
  stage.service.isHolding = true
  const { functions } = await kept(stage)
  const refusal = vi.fn<(error: RollcallError) => void>()
  await settled(() => {
    functions.update({ at: 5 })
    functions.send("wave", { emoji: "a" }).catch(refusal)
  })
  expect(refusal).toHaveBeenCalledExactlyOnceWith(expect.objectContaining({ code: "not_connected" }))
  await settled(() => stage.service.sockets[0]?.admit())
  expect(stage.service.sockets[0]?.entered).toEqual({ at: 5 })
})
