/** The service's process dies and comes back: every client is back by itself, and nobody saw anybody go. */
import { afterEach, describe, expect, it, vi } from "vitest"
import { type Client, createClient, type JsonObject } from "../../src/client/index.ts"
import { byMember, listen } from "../client/scene.ts"
import { serviceForFile } from "./service.ts"
import { freshRoom, tokenFor } from "./wire-client.ts"

const service = serviceForFile({ GRACE_MS: 10_000 })

const clients: Client[] = []
afterEach(() => {
  for (const client of clients.splice(0)) client.close()
})

const until = (check: () => void, timeout = 20_000) => vi.waitFor(check, { timeout, interval: 20 })

describe("a crash", () => {
  it("[RE16] SIGKILL of workerd: both come back by themselves, with what they said last", async () => {
    const room = freshRoom()
    const [anna, bert] = ["anna", "bert"].map((member) => {
      const client = createClient({ url: service.url, token: () => tokenFor(member) })
      clients.push(client)
      return client.room<JsonObject>(room, { initial: { of: member } })
    })
    if (anna === undefined || bert === undefined) throw new Error("two were made")
    await until(() => expect([byMember(anna.others), byMember(bert.others)]).toEqual([{ bert: { of: "bert" } }, { anna: { of: "anna" } }]))
    const heard = [listen(anna), listen(bert)]
    const [, worker] = service.workerdPids()
    if (worker === undefined) throw new Error("no workerd")
    process.kill(worker, "SIGKILL")
    await until(() => expect([anna.status, bert.status]).not.toContain("connected"))
    anna.update({ said: "meanwhile" })
    await until(() => expect([anna.status, bert.status]).toEqual(["connected", "connected"]))
    await until(() => expect(byMember(bert.others)).toEqual({ anna: { of: "anna", said: "meanwhile" } }))
    await until(() => expect(byMember(anna.others)).toEqual({ bert: { of: "bert" } }))
    expect(heard.map(({ enter, leave }) => [enter, leave])).toEqual([
      [[], []],
      [[], []],
    ])
  })
})
