/** Three tabs, each a thread, against the service as it is: one socket, and a crash of the leader that nobody sees. */
import { Worker } from "node:worker_threads"
import { afterEach, describe, expect, it, vi } from "vitest"
import { type Client, createClient, type Entry, type JsonObject } from "../../src/client/index.ts"
import { byMember, listen } from "../client/scene.ts"
import { serviceForFile } from "./service.ts"
import { freshRoom, statsOf, tokenFor } from "./wire-client.ts"

const service = serviceForFile({ GRACE_MS: 8000 })

type Tab = { readonly worker: Worker; status: string; others: readonly Entry[]; readonly seen: string[] }

const tabs: Tab[] = []
const clients: Client[] = []

afterEach(async () => {
  for (const client of clients.splice(0)) client.close()
  await Promise.all(tabs.splice(0).map(({ worker }) => worker.terminate()))
})

async function openTab(room: string, initial: JsonObject): Promise<Tab> {
  const workerData = { url: service.url, token: await tokenFor("anna"), room, initial }
  const worker = new Worker(new URL("client-tab.ts", import.meta.url), { workerData })
  const tab: Tab = { worker, status: "none", others: [], seen: [] }
  worker.on("message", ({ status, others, entered, left }) => {
    if (entered !== undefined) tab.seen.push(`${entered} entered`)
    else if (left !== undefined) tab.seen.push(`${left} left`)
    else Object.assign(tab, { status, others })
  })
  tabs.push(tab)
  return tab
}

const until = (check: () => void | Promise<void>) => vi.waitFor(check, { timeout: 10_000, interval: 20 })

describe("tabs", () => {
  it("[TB1] [TB11] three hold one socket; when the leader crashes another leads, and nobody in the room sees it", async () => {
    const room = freshRoom()
    const client = createClient({ url: service.url, token: () => tokenFor("bert") })
    clients.push(client)
    const bert = client.room<JsonObject>(room, { initial: { b: 1 } })
    const leader = await openTab(room, { tab: 1 })
    await until(() => expect([leader.status, byMember(bert.others)]).toEqual(["connected", { anna: { tab: 1 } }]))
    const [second, third] = [await openTab(room, { tab: 2 }), await openTab(room, { tab: 3 })]
    await until(() => expect([second.status, third.status]).toEqual(["connected", "connected"]))
    await until(() => expect([second, third].map(({ others }) => byMember(others))).toEqual(Array(2).fill({ bert: { b: 1 } })))
    await until(async () => expect(await statsOf(service, room)).toMatchObject({ members: 2, connections: 2 }))
    third.worker.postMessage({ cursor: 1 })
    await until(() => expect(byMember(bert.others)).toEqual({ anna: { tab: 3, cursor: 1 } }))

    const heard = listen(bert)
    const { connection } = bert.others[0] ?? {}
    await leader.worker.terminate()
    // Once, in the instant between two leaders.
    second.worker.postMessage({ cursor: 2 })
    await until(() => expect(byMember(bert.others)).toEqual({ anna: { tab: 2, cursor: 2 } }))
    bert.update({ b: 2 })
    await until(() => expect([second, third].map(({ others }) => byMember(others))).toEqual(Array(2).fill({ bert: { b: 2 } })))
    await until(() => expect([second.status, third.status]).toEqual(["connected", "connected"]))
    expect([heard.enter, heard.leave, bert.others[0]?.connection]).toEqual([[], [], connection])
    expect([second.seen, third.seen]).toEqual([["bert entered"], ["bert entered"]])
    expect(await statsOf(service, room)).toMatchObject({ members: 2, connections: 2 })
  })
})
