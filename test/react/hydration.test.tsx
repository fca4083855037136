// @vitest-environment happy-dom
import { act, type ReactNode, StrictMode, Suspense, use } from "react"
import { hydrateRoot } from "react-dom/client"
import { renderToString } from "react-dom/server"
import { expect, test } from "vitest"
import { RollcallProvider, RoomProvider, useConnectionStatus, useOthers, useRoom, useSelf } from "../../src/react/index.tsx"
import { ScriptedService } from "../doubles/scripted-socket.ts"
import { clientOf, settled, watchOver } from "./scene.tsx"

watchOver()

const Page = () => (
  <p>
    {useRoom()?.name ?? "no room"} {useConnectionStatus()}: {useOthers((others) => others.map(({ member }) => member)).join(" ")}{" "}
    {JSON.stringify(useSelf(({ data }) => data))}
  </p>
)

const Late = ({ until, children }: { until: Promise<ReactNode> | null; children: ReactNode }) => (until === null ? children : use(until))

function appOf(service: ScriptedService, until: Promise<ReactNode> | null = null) {
  const client = clientOf(service)
  const app = (
    <StrictMode>
      <RollcallProvider client={client}>
        <RoomProvider room="doc" initial={{ at: 1 }}>
          <Page />
          <Suspense fallback="waiting">
            <Late until={until}>
              <Page />
            </Late>
          </Suspense>
        </RoomProvider>
      </RollcallProvider>
    </StrictMode>
  )
  return { client, app }
}

test("[RX10] what a server rendered is hydrated without a complaint, and then comes alive", async () => {
  const service = new ScriptedService()
  service.enter("doc", "ann", {})
  const { client, app } = appOf(service)
  const container = document.createElement("div")
  container.innerHTML = renderToString(appOf(new ScriptedService()).app)
  const paragraph = container.querySelector("p")
  expect(paragraph?.textContent).toBe("no room connecting:  null")
  const complaints: unknown[] = []
  service.isHolding = true
  const root = await act(async () => hydrateRoot(container, app, { onRecoverableError: (error) => complaints.push(error) }))
  expect(paragraph?.textContent).toBe('doc connecting:  {"at":1}')
  await settled(() => service.sockets[0]?.admit())
  expect(container.querySelector("p")).toBe(paragraph)
  expect(paragraph?.textContent).toBe('doc connected: ann {"at":1}')
  expect(complaints).toEqual([])
  expect(service.sockets).toHaveLength(1)
  await settled(() => root.unmount())
  client.close()
})

test("[RX10] a part that is hydrated when the room is long alive is hydrated without a complaint, too", async () => {
  const service = new ScriptedService()
  service.enter("doc", "ann", {})
  const { promise, resolve } = Promise.withResolvers<ReactNode>()
  const { client, app } = appOf(service, promise)
  const container = document.createElement("div")
  container.innerHTML = renderToString(appOf(new ScriptedService()).app)
  const late = container.querySelectorAll("p")[1]
  const complaints: unknown[] = []
  const root = await act(async () => hydrateRoot(container, app, { onRecoverableError: (error) => complaints.push(error) }))
  await settled(() => {})
  expect(container.querySelector("p")?.textContent).toBe('doc connected: ann {"at":1}')
  expect(late?.textContent).toBe("no room connecting:  null")
  await settled(() => resolve(<Page />))
  expect(container.querySelectorAll("p")[1]).toBe(late)
  expect(late?.textContent).toBe('doc connected: ann {"at":1}')
  expect(complaints).toEqual([])
  await settled(() => root.unmount())
  client.close()
})
