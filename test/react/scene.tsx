/** What a test of the hooks stands in: a page, a client of a scripted service, and a look at what is left behind. */
import { act, type ReactNode, StrictMode } from "react"
import { createRoot, type Root } from "react-dom/client"
import { afterEach, beforeEach, expect, vi } from "vitest"
import { type Client, createClient } from "../../src/client/index.ts"
import { RollcallProvider } from "../../src/react/index.tsx"
import { ScriptedService } from "../doubles/scripted-socket.ts"

export const LINGER_MS = 1000
/** In which a client says what it has to say, and much less than the linger. */
const PACE_MS = 50

export type Scene = {
  readonly service: ScriptedService
  readonly client: Client
  readonly container: HTMLElement
  /** Renders below a RollcallProvider, and waits until everything has settled. */
  readonly render: (node: ReactNode) => Promise<void>
  readonly unmount: () => Promise<void>
  /** What an error boundary caught, in order. */
  readonly caught: unknown[]
}

type Options = {
  readonly isStrict?: boolean
  readonly lingerMs?: number
}

const scenes: { readonly root: Root; readonly client: Client; readonly container: HTMLElement }[] = []
let listening = 0

type Listening = [type: string, listener: EventListenerOrEventListenerObject, options?: boolean | AddEventListenerOptions]

/** In every test of the file: time stands still, React must find nothing to complain of, and no timer and no listener may stay. */
export function watchOver(): void {
  beforeEach(() => {
    vi.stubGlobal("IS_REACT_ACT_ENVIRONMENT", true)
    vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout", "setInterval", "clearInterval", "Date"] })
    vi.spyOn(console, "error")
    vi.spyOn(console, "warn")
    listening = 0
    countListeners()
  })

  afterEach(async () => {
    for (const { root, client, container } of scenes.splice(0)) {
      await act(async () => root.unmount())
      client.close()
      container.remove()
    }
    const left = { timers: vi.getTimerCount(), listeners: listening }
    const complaints = [console.error, console.warn].flatMap((method) => vi.mocked(method).mock.calls)
    vi.restoreAllMocks()
    vi.useRealTimers()
    vi.unstubAllGlobals()
    expect(left).toEqual({ timers: 0, listeners: 0 })
    expect(complaints).toEqual([])
  })
}

/** On the window and on the document; those with a signal go when it is aborted. React's own one, once per document and for good, is not counted. */
function countListeners(): void {
  for (const target of [window, document]) {
    const { addEventListener, removeEventListener } = target
    vi.spyOn(target, "addEventListener").mockImplementation(function (this: EventTarget | undefined, ...args: Listening) {
      const [type, , options] = args
      const listener = this ?? target
      addEventListener.apply(listener, args)
      if (listener !== target || type === "selectionchange") return
      listening++
      if (typeof options === "object") options.signal?.addEventListener("abort", () => listening--)
    })
    vi.spyOn(target, "removeEventListener").mockImplementation(function (this: EventTarget | undefined, ...args: Listening) {
      removeEventListener.apply(this ?? target, args)
      if ((this ?? target) === target) listening--
    })
  }
}

/** How many there are now. */
export function listeners(): number {
  return listening
}

export function scene({ isStrict = false, lingerMs = LINGER_MS }: Options = {}): Scene {
  const service = new ScriptedService()
  const client = clientOf(service, lingerMs)
  const container = document.createElement("div")
  document.body.append(container)
  const caught: unknown[] = []
  const root = createRoot(container, { onCaughtError: (error) => caught.push(error) })
  scenes.push({ root, client, container })
  const below = (node: ReactNode) => {
    const tree = <RollcallProvider client={client}>{node}</RollcallProvider>
    return isStrict ? <StrictMode>{tree}</StrictMode> : tree
  }
  return {
    service,
    client,
    container,
    caught,
    render: (node) => settled(() => root.render(below(node))),
    unmount: () => settled(() => root.unmount()),
  }
}

export function clientOf(service: ScriptedService, lingerMs = LINGER_MS): Client {
  return createClient({ url: "https://rollcall.test", token: "a-token", WebSocket: service.WebSocket, pool: { lingerMs } })
}

/** Does it as an event of the page would, and waits until the client has said, and heard, what it has to. */
export async function settled(run: () => void): Promise<void> {
  await act(async () => run())
  await pass(PACE_MS)
}

/** Lets time pass, in the page as in the client. */
export function pass(ms: number): Promise<void> {
  return act(async () => {
    await vi.advanceTimersByTimeAsync(ms)
  })
}
