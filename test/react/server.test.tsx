// Here in Node, where there is no document.
import { type ReactNode, StrictMode } from "react"
import { renderToString } from "react-dom/server"
import { afterEach, beforeEach, expect, test, vi } from "vitest"
import { RollcallProvider, RoomProvider, useConnectionStatus, useMembers, useOthers, useRoom, useSelf } from "../../src/react/index.tsx"
import { ScriptedService } from "../doubles/scripted-socket.ts"
import { clientOf } from "./scene.tsx"

beforeEach(() => {
  vi.spyOn(console, "error")
  vi.useFakeTimers()
})

afterEach(() => {
  expect(vi.mocked(console.error).mock.calls).toEqual([])
  vi.restoreAllMocks()
  vi.useRealTimers()
})

const Everything = (): ReactNode =>
  JSON.stringify([useConnectionStatus(), useSelf(), useSelf(({ data }) => data), useOthers(), useMembers((all) => all.length), useRoom()])

test("[RX10] on a server nobody is here, the status is connecting, and nothing is opened", async () => {
  expect(typeof document).toBe("undefined")
  const service = new ScriptedService()
  const client = clientOf(service)
  const html = renderToString(
    <StrictMode>
      <RollcallProvider client={client}>
        <RoomProvider room="doc" initial={{ at: 1 }}>
          <Everything />
        </RoomProvider>
      </RollcallProvider>
    </StrictMode>,
  )
  await vi.runAllTimersAsync()
  expect(html.replaceAll("&quot;", '"')).toBe('["connecting",null,null,[],0,null]')
  expect(service.sockets).toEqual([])
  expect(client.pool.stats()).toMatchObject({ open: 0, opened: 0, leases: 0, waiting: 0 })
})

test("[RX10] importing on a server opens nothing and sets no timer", async () => {
  const sockets = vi.fn()
  vi.stubGlobal("WebSocket", sockets)
  vi.resetModules()
  const { createHooks } = await import("../../src/react/index.tsx")
  createHooks()
  expect(sockets).not.toHaveBeenCalled()
  expect(vi.getTimerCount()).toBe(0)
  vi.unstubAllGlobals()
})
