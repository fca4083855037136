// @vitest-environment happy-dom
import { Activity, type ReactNode, Suspense, use } from "react"
import { expect, test } from "vitest"
import { RoomProvider, useConnectionStatus, useMessages, useOthers } from "../../src/react/index.tsx"
import { LINGER_MS, pass, scene, settled, watchOver } from "./scene.tsx"

watchOver()

const Names = () => (
  <p>
    {useOthers((others) => others.map(({ member }) => member)).join(" ")} ({useConnectionStatus()})
  </p>
)

const Listener = ({ hear }: { hear: (event: string) => void }) => {
  useMessages("wave", ({ member }) => hear(String(member)))
  return null
}

const Late = ({ until }: { until: Promise<string> | null }) => (until === null ? "here" : use(until))

const Waiting = ({ room, until, children }: { room: string; until: Promise<string> | null; children: ReactNode }) => (
  <Suspense fallback="waiting">
    <RoomProvider room={room} initial={{ at: 1 }}>
      {children}
      <Late until={until} />
    </RoomProvider>
  </Suspense>
)

const Hideable = ({ isHidden, children }: { isHidden: boolean; children: ReactNode }) => (
  <Activity mode={isHidden ? "hidden" : "visible"}>
    <RoomProvider room="doc" initial={{ at: 1 }}>
      {children}
    </RoomProvider>
  </Activity>
)

test("[RX2] a subtree that suspends keeps the room, however long it waits", async () => {
  const { service, container, render } = scene()
  const page = (until: Promise<string> | null) => (
    <Waiting room="doc" until={until}>
      <Names />
    </Waiting>
  )
  await render(page(null))
  const { promise, resolve } = Promise.withResolvers<string>()
  await render(page(promise))
  await pass(LINGER_MS * 3)
  expect(container.textContent).toContain("waiting")
  await settled(() => service.enter("doc", "ann", {}))
  await settled(() => resolve("back"))
  expect(container.textContent).toBe("ann (connected)back")
  expect(service.sockets[0]?.heard.map(({ type }) => type)).toEqual(["enter"])
  expect(service.sockets).toHaveLength(1)
})

test("[RX4] a subtree that suspends over another room shows it and hears it all the same", async () => {
  const { service, container, render } = scene()
  service.enter("two", "bob", {})
  const heard: string[] = []
  const hear = (member: string) => void heard.push(member)
  const page = (room: string, until: Promise<string> | null) => (
    <>
      <RoomProvider room="two">{null}</RoomProvider>
      <Waiting room={room} until={until}>
        <Names />
        <Listener hear={hear} />
      </Waiting>
    </>
  )
  await render(page("one", null))
  const { promise, resolve } = Promise.withResolvers<string>()
  await render(page("two", promise))
  expect(container.textContent).toContain("waiting")
  await settled(() => resolve("back"))
  expect(container.textContent).toBe("bob (connected)back")
  await settled(() => service.enter("two", "cyd", {}))
  expect(container.textContent).toBe("bob cyd (connected)back")
  await settled(() => service.message("two", "wave", {}, 1))
  expect(heard).toEqual(["bob"])
})

test("[RX1] a subtree that Activity hides gives the room back, and acquires it again when it is shown", async () => {
  const { service, client, container, render } = scene()
  const heard: string[] = []
  const page = (isHidden: boolean) => (
    <Hideable isHidden={isHidden}>
      <Names />
      <Listener hear={(member) => heard.push(member)} />
    </Hideable>
  )
  service.enter("doc", "ann", {})
  await render(page(false))
  await render(page(true))
  expect(client.pool.stats()).toMatchObject({ leases: 0 })
  await pass(LINGER_MS)
  expect(service.open).toHaveLength(0)
  service.enter("doc", "bob", {})
  await render(page(false))
  expect(container.textContent).toBe("ann bob (connected)")
  expect(service.sockets).toHaveLength(2)
  expect(service.open[0]?.entered).toEqual({ at: 1 })
  await settled(() => service.message("doc", "wave", {}, 1))
  expect(heard).toEqual(["ann"])
})

test("[RX11] a room that is acquired anew tells nothing to a component that has gone", async () => {
  const { service, render } = scene()
  const heard: string[] = []
  const page = (isHidden: boolean, listener: ReactNode) => <Hideable isHidden={isHidden}>{listener}</Hideable>
  await render(page(false, <Listener hear={(member) => heard.push(member)} />))
  await render(page(false, null))
  await render(page(true, null))
  await render(page(false, null))
  await settled(() => service.message("doc", "wave", {}))
  expect(heard).toEqual([])
})
