/** The runtime is killed under the room: who comes back is never seen to have gone, and who does not leaves no ghost. */
import { afterAll, beforeAll, describe, expect, it } from "vitest"
import { serviceForFile, waitForHealth } from "./service.ts"
import { connect, enter, freshRoom, silence, statsOf, type WireClient } from "./wire-client.ts"

const GRACE = 5000
const TIMEOUT = 3000
const service = serviceForFile({ GRACE_MS: GRACE, HEARTBEAT_INTERVAL_MS: TIMEOUT / 2, HEARTBEAT_TIMEOUT_MS: TIMEOUT })

/** What a restart, an alarm and a busy machine may add. */
const SLACK = 2500

type Scene = { readonly room: string; readonly clients: readonly WireClient[] }

async function scene(...members: string[]): Promise<Scene> {
  const room = freshRoom()
  const clients: WireClient[] = []
  for (const member of members) {
    clients.push(pinging(await enter(service, { room, member, claims: { info: { name: member } } }, { of: member })))
  }
  for (const client of clients) await client.until(() => client.picture.entries.size === members.length, "all entries")
  return { room, clients }
}

async function back(of: WireClient): Promise<WireClient> {
  return pinging(await connect(service, { room: of.welcome.room, member: of.member, session: of.welcome.session }))
}

const timers: NodeJS.Timeout[] = []
afterAll(() => {
  for (const timer of timers) clearInterval(timer)
})

function pinging(client: WireClient): WireClient {
  const ping = () => {
    if (client.isOpen) client.sendText("ping")
  }
  ping()
  timers.push(setInterval(ping, TIMEOUT / 4))
  return client
}

/** Kills the user Worker's runtime, which the dev server then starts anew, and waits until it answers. */
async function crash(): Promise<void> {
  const [, userWorker] = service.workerdPids()
  if (userWorker === undefined) throw new Error("there is no second workerd")
  process.kill(userWorker, "SIGKILL")
  while (service.workerdPids().includes(userWorker)) await silence(20)
  await waitForHealth(service.url)
}

async function prepare() {
  const all = {
    returned: await scene("anna", "bert", "chloe"),
    partly: await scene("anna", "bert", "chloe"),
    abandoned: await scene("anna", "bert"),
    stranger: await scene("anna", "bert"),
    elsewhere: await scene("anna"),
    watched: await scene("anna"),
  }
  const leaving = await scene("anna", "bert", "chloe", "dora")
  const [, bert, chloe, dora] = leaving.clients
  await chloe?.ask({ type: "leave" })
  await bert?.close(1000)
  const late = await enter(service, { room: leaving.room, member: "late" }, { of: "late" })
  await leaving.clients[0]?.until(() => leaving.clients[0]?.picture.entries.has(late.ref) === true, "the late one")
  const observer = await connect(service, { room: all.watched.room, member: "observer" })
  const lines = [observer, ...Object.values(all).flatMap(({ clients }) => clients)]
  await dora?.drop()
  await crash()
  const at = Date.now()
  const ends = await Promise.all(lines.map((client) => client.closed()))
  return { ...all, leaving, late, observer, ends, at }
}

let scenes: Awaited<ReturnType<typeof prepare>>
beforeAll(async () => {
  scenes = await prepare()
})

// The quick ones come first: only so many run at a time, and everybody's grace runs.
describe.concurrent("after a crash", () => {
  it("[CN9] a newcomer gets no ref of somebody who may come back", async () => {
    const [anna] = scenes.elsewhere.clients
    if (anna === undefined) throw new Error("one was asked for")
    const newcomer = await enter(service, { room: scenes.elsewhere.room, member: "newcomer" })
    expect(newcomer.ref).not.toBe(anna.ref)
    expect(newcomer.welcome.present.map(({ member }) => member)).toEqual(["anna"])
    const resumed = await back(anna)
    expect(resumed.welcome).toMatchObject({ resumed: true, ref: anna.ref })
    expect(newcomer.presenceOf(anna.ref)).toEqual([])
  })

  it("[HB8] the other rooms and their observers come back as well", async () => {
    const { observer } = scenes
    const [anna] = scenes.watched.clients
    if (anna === undefined) throw new Error("one was asked for")
    const returned = await back(anna)
    expect(returned.welcome.resumed).toBe(true)
    const again = await back(observer)
    expect(again.welcome.present).toEqual(returned.picture.list())
    expect(again.welcome.present[0]).toMatchObject({ member: "anna", info: { name: "anna" }, data: { of: "anna" } })
  })

  it("[HB8] every line broke as 1006, and whoever comes back resumes; nobody sees a flap", async () => {
    expect(new Set(scenes.ends.map(({ code }) => code))).toEqual(new Set([1006]))
    const { clients } = scenes.returned
    const [first, ...later] = clients
    if (first === undefined) throw new Error("three were asked for")
    const entries = first.picture.list()
    const watcher = await back(first)
    // Those who are not back yet are in their grace, and seen.
    expect(watcher.picture.list()).toEqual(entries)
    const returned = [watcher]
    for (const client of later) returned.push(await back(client))
    for (const [i, client] of returned.entries()) {
      const { connection, ref } = clients[i]?.welcome ?? {}
      expect(client.welcome).toMatchObject({ resumed: true, connection, ref })
      expect(client.picture.list()).toEqual(entries)
    }
    await silence(scenes.at + GRACE + SLACK - Date.now())
    for (const client of returned) expect(client.all("presence")).toEqual([])
    await watcher.ask({ type: "update", data: { after: 1 } })
    for (const client of returned) await client.until(() => client.picture.entries.get(first.ref)?.data["after"] === 1, "an update")
    expect(await watcher.sync()).toEqual(returned[2]?.picture.list())
  })

  it("[HB9] who does not come back leaves as closed, within the grace", async () => {
    const [anna, bert, chloe] = scenes.partly.clients
    if (anna === undefined || bert === undefined || chloe === undefined) throw new Error("three were asked for")
    const watcher = await back(anna)
    const resumed = await back(bert)
    expect(await watcher.leaveOf(chloe.ref, GRACE + SLACK)).toBe("closed")
    expect(Date.now() - scenes.at).toBeGreaterThan(GRACE / 2)
    expect(Date.now() - scenes.at).toBeLessThan(GRACE + SLACK)
    expect((await watcher.sync()).map(({ ref }) => ref)).toEqual([anna.ref, bert.ref])
    expect(resumed.picture.list()).toEqual(watcher.picture.list())
    const late = await back(chloe)
    expect(late.welcome.resumed).toBe(false)
    expect([anna.ref, bert.ref, chloe.ref]).not.toContain(late.ref)
    expect(await statsOf(service, scenes.partly.room)).toMatchObject({ members: 2, connections: 3, observers: 1 })
  })

  it("[LV10] a room that nobody visits has no ghosts after timeout and grace", async () => {
    const { room } = scenes.abandoned
    await silence(scenes.at + TIMEOUT + GRACE + SLACK - Date.now())
    const late = await connect(service, { room, member: "late" })
    expect(late.welcome.present).toEqual([])
    expect(await statsOf(service, room)).toMatchObject({ members: 0, connections: 1, observers: 1 })
  })

  it("[LV10] a stranger who comes first sees them go", async () => {
    const { room, clients } = scenes.stranger
    const stranger = pinging(await connect(service, { room, member: "stranger" }))
    expect(stranger.picture.list()).toEqual(clients[0]?.picture.list())
    for (const { ref } of clients) expect(await stranger.leaveOf(ref, GRACE + SLACK)).toBe("closed")
    expect(await stranger.sync()).toEqual([])
  })

  it("[HB8] who left before it stays gone, who came just before it or was in grace is back", async () => {
    const { leaving, late } = scenes
    const [anna, bert, chloe, dora] = leaving.clients
    if (anna === undefined || bert === undefined || chloe === undefined || dora === undefined) throw new Error("four were asked for")
    const watcher = await back(anna)
    expect(watcher.picture.list().map(({ member }) => member)).toEqual(["anna", "dora", "late"])
    const returned = [await back(dora), await back(late)]
    expect(returned.map(({ welcome: { resumed, ref } }) => [resumed, ref])).toEqual([
      [true, dora.ref],
      [true, late.ref],
    ])
    const again = await back(bert)
    expect(again.welcome.resumed).toBe(false)
    await back(chloe)
    await silence(scenes.at + GRACE + SLACK - Date.now())
    expect(watcher.all("presence")).toEqual([])
    expect(await watcher.sync()).toEqual(watcher.picture.list())
  })
})
