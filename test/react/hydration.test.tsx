// @vitest-environment happy-dom
import { act, StrictMode } from "react"
import { hydrateRoot } from "react-dom/client"
import { renderToString } from "react-dom/server"
import { expect, test } from "vitest"
import { RollcallProvider, RoomProvider, useConnectionStatus, useOthers, useSelf } from "../../src/react/index.tsx"
import { ScriptedService } from "../doubles/scripted-socket.ts"
import { clientOf, settled, watchOver } from "./scene.tsx"

watchOver()

const Page = () => (
  <p>
    {useConnectionStatus()}: {useOthers((others) => others.map(({ member }) => member)).join(" ")}{" "}
    {JSON.stringify(useSelf(({ data }) => data))}
  </p>
)

function appOf(service: ScriptedService) {
  const client = clientOf(service)
  const app = (
    <StrictMode>
      <RollcallProvider client={client}>
        <RoomProvider room="doc" initial={{ at: 1 }}>
          <Page />
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
  expect(paragraph?.textContent).toBe("connecting:  null")
  const complaints: unknown[] = []
  service.isHolding = true
  const root = await act(async () => hydrateRoot(container, app, { onRecoverableError: (error) => complaints.push(error) }))
  expect(paragraph?.textContent).toBe('connecting:  {"at":1}')
  await settled(() => service.sockets[0]?.admit())
  expect(container.querySelector("p")).toBe(paragraph)
  expect(paragraph?.textContent).toBe('connected: ann {"at":1}')
  expect(complaints).toEqual([])
  expect(service.sockets).toHaveLength(1)
  await settled(() => root.unmount())
  client.close()
})
