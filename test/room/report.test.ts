/** Reports that do not arrive: they are told again, whatever becomes of the room meanwhile. */
import { runInDurableObject } from "cloudflare:test"
import { env, exports } from "cloudflare:workers"
import { afterEach, expect, it, vi } from "vitest"
import { z } from "zod"
import type { Directory, Report } from "../../src/directory/directory.ts"
import { connect, hibernate, newRoom, stubOf } from "./room-client.ts"

const page = z.object({ rooms: z.array(z.unknown()) })

const real = env.DIRECTORY
const WAIT = { timeout: 4000, interval: 20 }

afterEach(() => void Object.assign(env, { DIRECTORY: real }))

type Pick = (report: Report) => boolean

/** The directory, but the reports that these tests pick are refused, once each. Returns all that was told of this room, refused or not. */
function refusing(room: string, ...picks: Pick[]): Report[] {
  return failing(room, "refused", ...picks)
}

/** `taken`: the directory took it, and its answer was lost. */
function failing(room: string, how: "refused" | "taken", ...picks: Pick[]): Report[] {
  const told: Report[] = []
  const directory = real
  if (directory === undefined) throw new Error("the tests have a directory")
  const stubFor = (name: string) => ({
    async report(report: Report): Promise<void> {
      if (report.room === room) told.push(report)
      const picked = report.room === room ? picks.findIndex((fits) => fits(report)) : -1
      if (picked >= 0) picks.splice(picked, 1)
      if (picked < 0 || how === "taken") await directory.getByName(name).report(report)
      if (picked >= 0) throw new Error("overloaded")
    },
    list: (query: Parameters<Directory["list"]>[0]) => directory.getByName(name).list(query),
  })
  Object.assign(env, { DIRECTORY: { getByName: stubFor } })
  return told
}

async function listed(room: string): Promise<unknown[]> {
  const response = await exports.default.fetch(`https://rollcall.test/v1/admin/rooms?prefix=${room}`, {
    headers: { authorization: "Bearer test-admin-key" },
  })
  return page.parse(await response.json()).rooms
}

/** A report has failed, and the alarm stands for the next. */
async function paused(room: string): Promise<void> {
  const alarm = () => runInDurableObject(stubOf(room), (_room, state) => state.storage.getAlarm())
  await vi.waitFor(async () => expect(await alarm()).toBeLessThan(Date.now() + 2000), WAIT)
}

it("[DR9] [DR3] are told again by a room that has emptied during the pause", async () => {
  const room = newRoom()
  const told = refusing(room, ({ connections }) => connections === 2)
  const anna = await connect(room, "anna")
  await vi.waitFor(async () => expect(await listed(room)).toHaveLength(1), WAIT)
  const bert = await connect(room, "bert")
  await vi.waitFor(() => expect(told.map(({ connections }) => connections)).toEqual([1, 2]), WAIT)
  for (const client of [anna, bert]) client.close(1000)
  await vi.waitFor(async () => expect(await listed(room)).toEqual([]), WAIT)
})

it("[DR9] [DR3] that it is empty is told again, also after a sleep in between", async () => {
  const room = newRoom()
  const told = refusing(room, ({ connections }) => connections === 0)
  const anna = await connect(room, "anna")
  await vi.waitFor(async () => expect(await listed(room)).toHaveLength(1), WAIT)
  anna.close(1000)
  await vi.waitFor(() => expect(told.map(({ connections }) => connections)).toEqual([1, 0]), WAIT)
  await paused(room)
  await hibernate(room)
  await vi.waitFor(async () => expect(await listed(room)).toEqual([]), WAIT)
  expect(told.map(({ connections }) => connections)).toEqual([1, 0, 0])
})

it("[MT8] what was counted is told again, also after a sleep in between", async () => {
  const room = newRoom()
  const told = refusing(room, ({ members }) => members === 1)
  const anna = await connect(room, "anna")
  await vi.waitFor(() => expect(told).toHaveLength(1), WAIT)
  await anna.ask({ type: "enter", data: {} })
  await vi.waitFor(() => expect(told).toHaveLength(2), WAIT)
  const taken = told[1]?.counters
  expect(taken).toMatchObject({ enters: 1 })
  await paused(room)
  await hibernate(room)
  await vi.waitFor(() => expect(told).toHaveLength(3), WAIT)
  expect(told[2]?.counters).toMatchObject({ ...taken, wakeups: expect.any(Number) })
})

it("[DR9] [DR3] that failed does not keep a room that is closed meanwhile in the list", async () => {
  const room = newRoom()
  const told = refusing(room, ({ connections }) => connections === 2)
  await connect(room, "anna")
  await vi.waitFor(async () => expect(await listed(room)).toHaveLength(1), WAIT)
  await connect(room, "bert")
  await vi.waitFor(() => expect(told).toHaveLength(2), WAIT)
  await stubOf(room).close()
  await vi.waitFor(async () => expect(await listed(room)).toEqual([]), WAIT)
})

it("[DR9] [DR3] that arrived, though its answer was lost, is taken back by a room that has emptied", async () => {
  const room = newRoom()
  const told = failing(room, "taken", ({ connections }) => connections === 1)
  const anna = await connect(room, "anna")
  await vi.waitFor(() => expect(told).toHaveLength(1), WAIT)
  await paused(room)
  expect(await listed(room)).toHaveLength(1)
  anna.close(1000)
  await vi.waitFor(async () => expect(await listed(room)).toEqual([]), WAIT)
})
