import { afterEach, beforeEach, expect, test, vi } from "vitest"
import type { Client } from "../../src/client/index.ts"
import { RoomStore } from "../../src/react/room-store.ts"
import { ScriptedService } from "../doubles/scripted-socket.ts"
import { clientOf } from "./scene.tsx"

// Where React has no layout effects of ours to run, in a terminal for one, whoever looks at a room comes before whoever holds it.
let service: ScriptedService
let client: Client

beforeEach(() => {
  vi.useFakeTimers()
  service = new ScriptedService()
  client = clientOf(service)
})

afterEach(() => {
  client.close()
  expect(vi.getTimerCount()).toBe(0)
  vi.useRealTimers()
})

test("[RX6] who subscribed before the room was held is told when it is, and of what comes after", async () => {
  const store = new RoomStore(client, "doc")
  const changed = vi.fn()
  const unsubscribe = store.subscribe(changed)
  const end = store.hold({})
  expect(changed).toHaveBeenCalledOnce()
  await vi.advanceTimersByTimeAsync(100)
  changed.mockClear()
  service.enter("doc", "ann", {})
  expect(changed).toHaveBeenCalledOnce()
  expect(store.getSnapshot().others).toMatchObject([{ member: "ann" }])
  unsubscribe()
  service.enter("doc", "bob", {})
  expect(changed).toHaveBeenCalledOnce()
  end()
  await Promise.resolve()
  expect(store.getSnapshot()).toBe(store.getServerSnapshot())
})

test("[RX6] who listens before the room is held hears it, and the next handle too", async () => {
  const store = new RoomStore(client, "doc")
  const hear = vi.fn()
  store.follow((room) => room.on("message", hear))
  for (const times of [1, 2]) {
    const end = store.hold({})
    await vi.advanceTimersByTimeAsync(100)
    service.message("doc", "wave", {})
    expect(hear).toHaveBeenCalledTimes(times)
    end()
    await Promise.resolve()
    service.message("doc", "wave", {})
    expect(hear).toHaveBeenCalledTimes(times)
  }
})

test("[RX6] what one asked before the room was held may be a mistake, and what others asked is done all the same", async () => {
  const store = new RoomStore<{ at: number }>(client, "doc")
  const late = vi.fn()
  store.update({ at: 1 })
  void store.send("wave", {}).catch(late)
  let fault: unknown
  let end = (): void => undefined
  try {
    end = store.hold({})
  } catch (error) {
    fault = error
  }
  expect(fault).toMatchObject({ code: "not_entered" })
  await vi.advanceTimersByTimeAsync(100)
  expect(late).toHaveBeenCalledOnce()
  end()
})
