// @vitest-environment happy-dom
import { Component, type ReactNode } from "react"
import { createRoot } from "react-dom/client"
import { expect, test } from "vitest"
import {
  RoomProvider,
  useConnectionStatus,
  useMembers,
  useMessages,
  useOthers,
  useRoom,
  useSelf,
  useSend,
  useSnapshot,
  useUpdatePresence,
} from "../../src/react/index.tsx"
import { scene, settled, watchOver } from "./scene.tsx"

watchOver()

class Boundary extends Component<{ children: ReactNode }, { fault: string | null }> {
  override state = { fault: null }

  static getDerivedStateFromError(error: Error) {
    return { fault: `${error.name}: ${error.message}` }
  }

  override render() {
    return this.state.fault ?? this.props.children
  }
}

const MISPLACED: { readonly [hook: string]: () => ReactNode } = {
  useConnectionStatus: () => useConnectionStatus(),
  useMembers: () => void useMembers(),
  useMessages: () => void useMessages("wave", () => {}),
  useOthers: () => void useOthers(),
  useRoom: () => void useRoom(),
  useSelf: () => void useSelf(),
  useSend: () => void useSend(),
  useSnapshot: () => void useSnapshot(),
  useUpdatePresence: () => void useUpdatePresence(),
}

test.each(Object.keys(MISPLACED))("[RX13] %s outside of a RoomProvider says what it needs, to an error boundary", async (hook) => {
  const stage = scene()
  const Misplaced = MISPLACED[hook] ?? (() => null)
  await stage.render(
    <Boundary>
      <Misplaced />
    </Boundary>,
  )
  expect(stage.container.textContent).toBe(`Error: ${hook} needs a <RoomProvider room="…"> above it`)
})

test("[RX13] a RoomProvider outside of a RollcallProvider says what it needs", async () => {
  const container = document.createElement("div")
  const root = createRoot(container, { onCaughtError: () => {} })
  await settled(() =>
    root.render(
      <Boundary>
        <RoomProvider room="doc">here</RoomProvider>
      </Boundary>,
    ),
  )
  expect(container.textContent).toBe("Error: RoomProvider needs a <RollcallProvider client={…}> above it")
  await settled(() => root.unmount())
})

test("[RX13] what the client throws when the room is mounted reaches the error boundary", async () => {
  const stage = scene()
  stage.client.close()
  await stage.render(
    <Boundary>
      <RoomProvider room="doc">here</RoomProvider>
    </Boundary>,
  )
  expect(stage.container.textContent).toBe("RollcallError: the client was closed")
})
