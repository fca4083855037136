// @vitest-environment happy-dom
import { useEffect, useLayoutEffect } from "react"
import { describe, expect, test, vi } from "vitest"
import { type HeldRoom, RoomProvider, useConnectionStatus, useOthers, useRoom, useSelf, useUpdatePresence } from "../../src/react/index.tsx"
import { LINGER_MS, listeners, pass, scene, settled, watchOver } from "./scene.tsx"

watchOver()

const Names = () => (
  <p>
    {useOthers((others) => others.map(({ member }) => member)).join(" ")} ({useConnectionStatus()})
  </p>
)

const Mine = () => <q>{JSON.stringify(useSelf((self) => self.data))}</q>

const Mounted = ({ tell }: { tell: () => void }) => {
  useEffect(tell, [tell])
  return null
}

const Updater = ({ keep }: { keep: (update: (patch: { at: number }) => void) => void }) => {
  keep(useUpdatePresence<{ at: number }>())
  return null
}

const Bell = ({ saw, rang }: { saw: (room: HeldRoom | null) => void; rang: (member: string) => void }) => {
  const room: HeldRoom | null = useRoom()
  saw(room)
  useEffect(() => room?.on("enter", ({ entry }) => rang(entry.member)), [room, rang])
  return null
}

const Eager = () => {
  const update = useUpdatePresence<{ layout?: boolean; effect?: boolean }>()
  useLayoutEffect(() => update({ layout: true }), [update])
  useEffect(() => update({ effect: true }), [update])
  return null
}

const Parting = () => {
  const update = useUpdatePresence<{ typing: boolean }>()
  useEffect(() => () => update({ typing: false }), [update])
  return null
}

describe("mounting and unmounting", () => {
  test("[RX1] the room is acquired on mount, entered with `initial`, and leaves after the linger when it was unmounted", async () => {
    const { service, client, container, render } = scene()
    service.enter("doc", "ann", {})
    await render(
      <RoomProvider room="doc" initial={{ color: "red" }}>
        <Names />
        <Mine />
      </RoomProvider>,
    )
    expect(container.textContent).toBe('ann (connected){"color":"red"}')
    expect(service.open).toHaveLength(1)
    expect(service.open[0]?.entered).toEqual({ color: "red" })
    expect([listeners() > 0, vi.getTimerCount() > 0]).toEqual([true, true])
    await render(null)
    expect(client.pool.stats()).toMatchObject({ inUse: 0, idle: 1 })
    await pass(LINGER_MS)
    expect(service.open).toHaveLength(0)
    expect(client.pool.stats()).toMatchObject({ open: 0, leases: 0, forgotten: 0 })
    expect([listeners(), vi.getTimerCount()]).toEqual([0, 0])
  })

  test("[RX1] without `initial` the room is seen, and nothing is said", async () => {
    const { service, container, render } = scene()
    service.enter("doc", "ann", {})
    await render(
      <RoomProvider room="doc">
        <Names />
        <Mine />
      </RoomProvider>,
    )
    expect(container.textContent).toBe("ann (connected)null")
    expect(service.open[0]?.heard).toEqual([])
  })

  test("[RX2] StrictMode's double mount is one handle, one socket and one enter, even without a linger", async () => {
    const { service, client, container, render } = scene({ isStrict: true, lingerMs: 0 })
    await render(
      <RoomProvider room="doc" initial={{ color: "red" }}>
        <Names />
      </RoomProvider>,
    )
    await pass(100)
    expect(service.sockets).toHaveLength(1)
    expect(service.sockets[0]?.heard.map(({ type }) => type)).toEqual(["enter"])
    expect(client.pool.stats()).toMatchObject({ opened: 1, leases: 1 })
    expect(container.textContent).toBe(" (connected)")
  })

  test("[RX2] a tree that mounts elsewhere in the same commit keeps the socket and the presence, even without a linger", async () => {
    const { service, render } = scene({ lingerMs: 0 })
    const page = (
      <RoomProvider room="doc" initial={{ color: "red" }}>
        <Names />
      </RoomProvider>
    )
    await render(<div key="here">{page}</div>)
    await render(<div key="there">{page}</div>)
    await pass(100)
    expect(service.sockets).toHaveLength(1)
    expect(service.sockets[0]?.heard.map(({ type }) => type)).toEqual(["enter"])
  })

  test("[RX2] unmounted and mounted again within the linger: the same socket, and the picture at once", async () => {
    const { service, container, render } = scene()
    const page = (
      <RoomProvider room="doc">
        <Names />
      </RoomProvider>
    )
    await render(page)
    await settled(() => service.enter("doc", "ann", {}))
    await render(null)
    await pass(LINGER_MS / 2)
    await render(page)
    expect(container.textContent).toBe("ann (connected)")
    await pass(LINGER_MS * 2)
    expect(service.sockets).toHaveLength(1)
    expect(service.open).toHaveLength(1)
  })

  test("[RX3] two providers of one room share a socket and what it knows, and the last one that goes gives it back", async () => {
    const { service, client, container, render } = scene()
    const first = (
      <RoomProvider key="first" room="doc">
        <Names />
      </RoomProvider>
    )
    await render(first)
    await settled(() => service.enter("doc", "ann", {}))
    await render(
      <>
        {first}
        <RoomProvider room="doc">
          <Names />
        </RoomProvider>
      </>,
    )
    expect(service.sockets).toHaveLength(1)
    expect(client.pool.stats()).toMatchObject({ open: 1, leases: 2 })
    expect(container.textContent).toBe("ann (connected)ann (connected)")
    await render(first)
    await pass(LINGER_MS * 2)
    expect(service.open).toHaveLength(1)
    expect(client.pool.stats()).toMatchObject({ open: 1, leases: 1 })
    await render(null)
    await pass(LINGER_MS)
    expect(service.open).toHaveLength(0)
  })
})

describe("another room", () => {
  test("[RX4] a new name gives the old room back and acquires the new one; what is below keeps its state", async () => {
    const { service, container, render } = scene()
    service.enter("one", "ann", {})
    service.enter("two", "bob", {})
    const mounts: string[] = []
    const mounted = () => void mounts.push("mount")
    const at = (room: string) => (
      <RoomProvider room={room} initial={{ in: room }}>
        <Mounted tell={mounted} />
        <Names />
        <Mine />
      </RoomProvider>
    )
    await render(at("one"))
    expect(container.textContent).toBe('ann (connected){"in":"one"}')
    await render(at("two"))
    expect(container.textContent).toBe('bob (connected){"in":"two"}')
    expect(mounts).toEqual(["mount"])
    await pass(LINGER_MS)
    expect(service.open.map(({ room }) => room)).toEqual(["two"])
  })

  test("[RX4] an update through the old room's function does not reach the new room", async () => {
    const { service, render } = scene()
    const functions = new Set<(patch: { at: number }) => void>()
    const at = (room: string) => (
      <RoomProvider room={room} initial={{ at: 0 }}>
        <Updater keep={(update) => functions.add(update)} />
      </RoomProvider>
    )
    await render(at("one"))
    await render(at("two"))
    const [first, second] = functions
    expect(functions.size).toBe(2)
    await settled(() => first?.({ at: 1 }))
    await pass(100)
    expect(service.sockets.map(({ room, heard }) => [room, heard.map(({ type }) => type)])).toEqual([
      ["one", ["enter"]],
      ["two", ["enter"]],
    ])
    await settled(() => second?.({ at: 2 }))
    await pass(100)
    expect(service.sockets[1]?.heard.at(-1)).toEqual({ type: "update", data: { at: 2 } })
  })
})

describe("the room itself", () => {
  test("[RX5] useRoom is null in the first render, there in the first effect, and not the caller's to release", async () => {
    const { service, render } = scene()
    const seen: (string | null)[] = []
    const entered: string[] = []
    const rang = (member: string) => void entered.push(member)
    await render(
      <RoomProvider room="doc">
        <Bell saw={(room) => seen.push(room?.name ?? null)} rang={rang} />
      </RoomProvider>,
    )
    await settled(() => service.enter("doc", "ann", {}))
    expect(seen).toEqual([null, "doc"])
    expect(entered).toEqual(["ann"])
  })

  test("[RX6] what children say in their effects is said, though they run before their provider's", async () => {
    const { service, render } = scene()
    await render(
      <RoomProvider room="doc" initial={{}}>
        <Eager />
      </RoomProvider>,
    )
    expect(service.sockets[0]?.entered).toEqual({ layout: true, effect: true })
  })

  test("[RX6] what children say in the clean-up of an unmount is said", async () => {
    const { service, render } = scene()
    await render(
      <RoomProvider room="doc" initial={{ typing: true }}>
        <Parting />
      </RoomProvider>,
    )
    await render(null)
    await pass(100)
    expect(service.sockets[0]?.heard.at(-1)).toEqual({ type: "update", data: { typing: false } })
  })
})
