// @vitest-environment happy-dom
import { type ReactNode, startTransition, useLayoutEffect, useState } from "react"
import { createRoot } from "react-dom/client"
import { afterEach, beforeEach, expect, test, vi } from "vitest"
import { RollcallProvider, RoomProvider, useOthers, useSnapshot, useUpdatePresence } from "../../src/react/index.tsx"
import { ScriptedService } from "../doubles/scripted-socket.ts"
import { clientOf } from "./scene.tsx"

/** Longer than React works before it lets the page breathe. */
const SLOW_MS = 8
const READERS = 8
/** On a busy machine. */
const PATIENCE_MS = 10_000

vi.setConfig({ testTimeout: 3 * PATIENCE_MS })

const ends: (() => void)[] = []

beforeEach(() => {
  vi.spyOn(console, "error")
})

afterEach(() => {
  for (const end of ends.splice(0)) end()
  expect(vi.mocked(console.error).mock.calls).toEqual([])
  vi.restoreAllMocks()
})

/** A page outside of `act`, where React works as it does in a browser: in slices, and with pauses in which frames arrive. */
async function page(children: ReactNode) {
  const service = new ScriptedService()
  const client = clientOf(service)
  const container = document.createElement("div")
  document.body.append(container)
  const root = createRoot(container)
  ends.push(() => {
    root.unmount()
    client.close()
    container.remove()
  })
  const first = service.enter("doc", "ann", { at: 0 })
  root.render(<RollcallProvider client={client}>{children}</RollcallProvider>)
  await vi.waitFor(() => expect(service.open[0]?.ref).toBeGreaterThan(0), PATIENCE_MS)
  return { service, container, first }
}

function breathe(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve))
}

function work(): void {
  const until = performance.now() + SLOW_MS
  while (performance.now() < until);
}

/** Three ways to the same value, so that readers differ in hook and in selector. */
const Reader = ({ nth, saw }: { nth: number; saw: (value: unknown) => void }) => {
  const others = useOthers()
  const selected = useOthers(([ann]) => ann?.data["at"])
  const whole = useSnapshot((snapshot) => snapshot.others[0]?.data["at"])
  const value = [others[0]?.data["at"], selected, whole][nth % 3]
  saw(value)
  work()
  return <i>{String(value)}</i>
}

const Readers = ({ saw, committed }: { saw: (value: unknown) => void; committed: (shown: (string | null)[]) => void }) => {
  useLayoutEffect(() => {
    committed([...document.querySelectorAll("i")].map(({ textContent }) => textContent))
  })
  return Array.from({ length: READERS }, (_, nth) => `reader ${nth}`).map((key, nth) => <Reader key={key} nth={nth} saw={saw} />)
}

const Stage = ({ keep, children }: { keep: (show: () => void) => void; children: ReactNode }) => {
  const [isShown, setIsShown] = useState(false)
  keep(() => startTransition(() => setIsShown(true)))
  return isShown ? children : null
}

test("[RX9] what changes while React works in slices: every commit shows one snapshot, in all components", async () => {
  let show = () => {}
  const seen: unknown[] = []
  const commits: (string | null)[][] = []
  const { service, container, first } = await page(
    <RoomProvider room="doc" initial={{}}>
      <Stage
        keep={(next) => {
          show = next
        }}
      >
        <Readers saw={(value) => seen.push(value)} committed={(shown) => commits.push(shown)} />
      </Stage>
    </RoomProvider>,
  )
  show()
  // Changes arrive in the pauses of the very first rendering.
  let at = 0
  await vi.waitFor(
    async () => {
      await breathe()
      if (seen.length > 0 && commits.length === 0 && at < 3) service.update("doc", first, { at: ++at })
      expect(commits.length).toBeGreaterThan(0)
    },
    { interval: 0, timeout: PATIENCE_MS },
  )
  await vi.waitFor(() => expect(container.textContent).toBe(String(at).repeat(READERS)), PATIENCE_MS)
  expect(at, "no frame arrived while React worked: the test shows nothing").toBeGreaterThan(0)
  expect(seen).toContain(0)
  expect(seen).toContain(at)
  for (const shown of commits) expect(new Set(shown).size).toBe(1)
})

const Names = () => <b>{useOthers((others) => others.map(({ member }) => member)).join(" ")};</b>

test("[RX3] a second provider of a room shows what is known of it before the browser can paint", async () => {
  let show = () => {}
  const { container } = await page(
    <>
      <RoomProvider room="doc">
        <Names />
      </RoomProvider>
      <Stage
        keep={(next) => {
          show = next
        }}
      >
        <RoomProvider room="doc">
          <Names />
        </RoomProvider>
      </Stage>
    </>,
  )
  await vi.waitFor(() => expect(container.textContent).toBe("ann;"), PATIENCE_MS)
  const painted = new Set<string | null>()
  show()
  await vi.waitFor(
    async () => {
      await breathe()
      painted.add(container.textContent)
      expect(painted).toContain("ann;ann;")
    },
    { interval: 0, timeout: PATIENCE_MS },
  )
  expect([...painted].filter((text) => text !== "ann;")).toEqual(["ann;ann;"])
})

const Eager = () => {
  const update = useUpdatePresence<{ at: number }>()
  useLayoutEffect(() => update({ at: 7 }), [update])
  return null
}

test("[RX6] what a child says in a layout effect, before its provider's, is said", async () => {
  const { service } = await page(
    <RoomProvider room="doc" initial={{ at: 0 }}>
      <Eager />
    </RoomProvider>,
  )
  await vi.waitFor(() => expect(service.open[0]?.entered).toEqual({ at: 7 }), PATIENCE_MS)
})
