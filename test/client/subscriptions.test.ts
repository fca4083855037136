/** Who is told what, and when: snapshots, selectors, handlers, schemas. */
import type { StandardSchemaV1 } from "@standard-schema/spec"
import { describe, expect, expectTypeOf, it, vi } from "vitest"
import { z } from "zod"
import type { Entry, JsonObject, Member, Patch, Room, Snapshot } from "../../src/client/index.ts"
import { byMember, listen, setScene, virtualTime } from "./scene.ts"

virtualTime()

async function two() {
  const scene = setScene()
  const anna = scene.client("anna").room<JsonObject>("r", { initial: { x: 0 } })
  const bert = scene.client("bert").room<JsonObject>("r", { initial: { y: 0 } })
  const cleo = scene.client("cleo").room<JsonObject>("r", { initial: { z: 0 } })
  await scene.advance(500)
  return { ...scene, anna, bert, cleo }
}

describe("a snapshot", () => {
  it("[CL14] is the same object until something changes, and keeps what did not", async () => {
    const { anna, bert, cleo, advance } = await two()
    const before = anna.getSnapshot()
    expect(before).toEqual({ self: anna.self, others: anna.others, members: anna.members, status: "connected", reason: null })
    await advance(10_000)
    anna.update({ x: 0 })
    await advance(100)
    expect(anna.getSnapshot()).toBe(before)
    bert.update({ y: 1 })
    await advance(100)
    const after = anna.getSnapshot()
    expect(after).not.toBe(before)
    expect(after.self).toBe(before.self)
    expect(after.others).not.toBe(before.others)
    const of = ({ others }: Snapshot, member: string) => others.find((entry) => entry.member === member)
    expect(of(after, "cleo")).toBe(of(before, "cleo"))
    expect(of(after, "bert")?.info).toBe(of(before, "bert")?.info)
    expect(after.members.map((member, at) => member === before.members[at])).toEqual([true, false, true])
    anna.update({ x: 1 })
    expect(anna.getSnapshot().others).toBe(after.others)
    expect(cleo.status).toBe("connected")
  })

  it("[CL15] collapses tabs and devices into members, this client's own among them", async () => {
    const { client, anna, advance } = await two()
    const again = client("bert").room<JsonObject>("r", { initial: { y: 2 } })
    await advance(100)
    expect(anna.others).toHaveLength(3)
    expect(anna.members.map(({ member, connections, data, isSelf }) => [member, connections.length, data, isSelf])).toEqual([
      ["anna", 1, { x: 0 }, true],
      ["bert", 2, { y: 2 }, false],
      ["cleo", 1, { z: 0 }, false],
    ])
    expect(again.members.map(({ isSelf }) => isSelf)).toEqual([false, true, false])
    expect(again.others.filter(({ member }) => member === "bert")).toHaveLength(1)
  })
})

describe("subscriptions", () => {
  it("[CL16] hear of each change once, of what changed nothing not at all, and of nothing when they have ended", async () => {
    const { anna, bert, advance } = await two()
    const heard: Snapshot[] = []
    const stop = anna.subscribe((snapshot) => heard.push(snapshot))
    expect(heard).toEqual([])
    bert.update({ y: 1 })
    await advance(100)
    expect(heard).toEqual([anna.getSnapshot()])
    bert.update({ y: 1 })
    await advance(100)
    anna.update({ x: 9 })
    expect(heard).toHaveLength(2)
    await advance(100)
    // The room's echo of what this client said shows in its member.
    expect(heard).toHaveLength(3)
    expect(heard.at(-1)?.members[0]?.data).toEqual({ x: 9 })
    stop()
    bert.update({ y: 2 })
    await advance(100)
    expect(heard).toHaveLength(3)
  })

  it("[CL17] with a selector fire only when its slice changes", async () => {
    const { anna, bert, cleo, advance } = await two()
    const counts: [number, number][] = []
    const names: string[][] = []
    anna.subscribe(
      ({ others }) => others.length,
      (now, before) => counts.push([now, before]),
    )
    anna.subscribe(
      ({ others }) => others.map(({ member }) => member),
      (now) => names.push([...now]),
      (a, b) => a.join() === b.join(),
    )
    for (let y = 1; y < 5; y++) {
      bert.update({ y })
      await advance(50)
    }
    expect([counts, names]).toEqual([[], []])
    cleo.leave()
    await advance(100)
    expect([counts, names]).toEqual([[[1, 2]], [["bert"]]])
  })

  it("[CL18] one listener's fault is its own: the others are told, and the platform hears of it", async () => {
    const { anna, bert, advance } = await two()
    const faults: unknown[] = []
    const thrown = vi.spyOn(globalThis, "queueMicrotask").mockImplementation((run) => {
      try {
        run()
      } catch (fault) {
        faults.push(fault)
      }
    })
    const heard: unknown[] = []
    anna.on("update", () => {
      throw new Error("mine")
    })
    anna.on("update", ({ entry }) => heard.push(entry.data))
    const stop = anna.subscribe(() => {
      throw new Error("mine too")
    })
    anna.subscribe(() => heard.push("changed"))
    bert.update({ y: 1 })
    await advance(100)
    thrown.mockRestore()
    stop()
    expect(heard).toEqual([{ y: 1 }, "changed"])
    expect(faults).toEqual([new Error("mine"), new Error("mine too")])
  })

  it("[CL19] handlers see the new picture, and may change things themselves", async () => {
    const { service, anna, bert, cleo, advance } = await two()
    const seen: unknown[] = []
    const stop = anna.on("leave", ({ entry, reason }) => {
      seen.push([entry.member, reason, anna.others.map(({ member }) => member)])
      stop()
      anna.update({ sawLeave: true })
      cleo.release()
    })
    anna.on("connection", () => seen.push("connection"))
    bert.leave()
    await advance(3000)
    expect(seen).toEqual([["bert", "left", ["cleo"]]])
    expect(service.room("r").entryOf("anna")?.data).toEqual({ x: 0, sawLeave: true })
    expect(anna.others).toEqual([])
  })

  it("[CL19] who listens to the room is told last what holds, also where a listener before changed something", async () => {
    const { anna } = await two()
    anna.subscribe(
      ({ self }) => self?.data["x"],
      (x) => anna.update({ copied: x }),
    )
    const [slices, whole]: [unknown[], unknown[]] = [[], []]
    anna.subscribe(
      ({ self }) => self?.data["copied"],
      (copied) => slices.push(copied),
    )
    anna.subscribe(({ self }) => whole.push(self?.data))
    anna.update({ x: 1 })
    expect(anna.self?.data).toEqual({ x: 1, copied: 1 })
    expect(slices).toEqual([1])
    expect(whole.at(-1)).toEqual({ x: 1, copied: 1 })
  })

  it("[CL20] every kind of event is told, with the entries it is about", async () => {
    const { service, client, anna, bert, advance } = await two()
    const heard = listen(anna)
    const dora = client("dora").room<JsonObject>("r")
    dora.enter({ d: 1 })
    bert.update({ y: 7 })
    await advance(100)
    service.room("r").turnAway("bert")
    await advance(100)
    dora.leave()
    await advance(100)
    expect(heard.enter.map(({ entry }) => [entry.member, entry.data])).toEqual([["dora", { d: 1 }]])
    expect(heard.update.map(({ entry, previous }) => [entry.data, previous.data])).toEqual([[{ y: 7 }, { y: 0 }]])
    expect(heard.status.map(({ entry, previous }) => [entry.member, entry.status, previous.status])).toEqual([["bert", "away", "active"]])
    expect(heard.leave.map(({ entry, reason }) => [entry.member, reason])).toEqual([["dora", "left"]])
    expect([heard.connection, heard.error, heard.message]).toEqual([[], [], []])
  })

  it("[CL21] an error that nobody listens for is written to the console", async () => {
    const warned = vi.spyOn(console, "warn").mockImplementation(() => {})
    const { client, advance } = setScene()
    const anna = client("anna", { token: "anna;observer" }).room("r", { initial: {} })
    await advance(500)
    expect(warned.mock.calls).toEqual([[expect.objectContaining({ code: "forbidden" })]])
    anna.on("error", () => {})
    anna.enter({ x: 1 })
    await advance(500)
    expect(warned).toHaveBeenCalledTimes(1)
  })
})

describe("a schema", () => {
  const schema = z.object({ x: z.number().max(100), label: z.string().default("none") })

  it("[CL22] keeps out who is not valid, and keeps the last data of who was", async () => {
    const { client, advance } = setScene()
    const anna = client("anna").room("r", { schema })
    const heard = listen(anna)
    const bert = client("bert").room<JsonObject>("r", { initial: { x: "one" } })
    const cleo = client("cleo").room<JsonObject>("r", { initial: { x: 1, label: "c" } })
    await advance(500)
    expect(byMember(anna.others)).toEqual({ cleo: { x: 1, label: "c" } })
    expect(anna.members.map(({ member }) => member)).toEqual(["cleo"])
    expect(heard.error).toEqual([
      expect.objectContaining({ code: "invalid_data", message: expect.stringMatching(/^bert \(c-s\d\): .*number/) }),
    ])
    cleo.update({ x: 1000 })
    await advance(100)
    expect([byMember(anna.others), heard.error.length, heard.update]).toEqual([{ cleo: { x: 1, label: "c" } }, 2, []])
    cleo.update({ x: 3 })
    bert.update({ x: 2 })
    await advance(100)
    expect(byMember(anna.others)).toEqual({ bert: { x: 2, label: "none" }, cleo: { x: 3, label: "c" } })
    expect(heard.enter.map(({ entry }) => entry.member)).toEqual(["cleo", "bert"])
    expect(heard.update.map(({ entry, previous }) => [entry.data, previous.data])).toEqual([
      [
        { x: 3, label: "c" },
        { x: 1, label: "c" },
      ],
    ])
    bert.release()
    cleo.release()
    await advance(5000)
    expect(heard.leave.map(({ entry }) => entry.member).sort()).toEqual(["bert", "cleo"])
    expect(anna.others).toEqual([])
  })

  it("[CL22] one that answers later, or with no object, lets nobody in", async () => {
    for (const validate of [async (value: unknown) => ({ value }), () => ({ value: 1 })]) {
      const slow = { "~standard": { version: 1, vendor: "test", validate } } as StandardSchemaV1<unknown, JsonObject>
      const { client, advance } = setScene()
      const anna = client("anna").room("r", { schema: slow })
      const heard = listen(anna)
      client("bert").room("r", { initial: { x: 1 } })
      await advance(500)
      expect(anna.others).toEqual([])
      expect(heard.error).toEqual([expect.objectContaining({ code: "invalid_data", message: expect.stringContaining("at once") })])
    }
  })

  it("[CL22] is asked about what is there already, keeps identity where nothing changes, and never about this client's own", async () => {
    const { client, advance } = setScene()
    const one = client("anna")
    one.room<JsonObject>("r", { initial: { x: "mine is mine" } })
    client("bert").room<JsonObject>("r", { initial: { x: 1, label: "b" } })
    client("cleo").room<JsonObject>("r", { initial: { x: "bad" } })
    await advance(500)
    const warned = vi.spyOn(console, "warn").mockImplementation(() => {})
    const anna = one.room("r", { schema })
    expect(warned.mock.calls).toEqual([[expect.objectContaining({ code: "invalid_data" })]])
    expect(byMember(anna.others)).toEqual({ bert: { x: 1, label: "b" } })
    expect(anna.self?.data).toEqual({ x: "mine is mine" })
    const [shown] = anna.others
    client("dora").room<JsonObject>("r", { initial: { x: 4 } })
    await advance(500)
    expect(anna.others[0]).toBe(shown)
    expect(anna.others).toHaveLength(2)
  })
})

describe("types", () => {
  type Data = { cursor: { x: number; y: number } | null; typing?: boolean }
  type Info = { name: string }
  type Messages = { reaction: { emoji: string }; ping: undefined }

  it("[CL23] data, info and messages are what the app says they are", () => {
    expectTypeOf<Room<Data, Info, Messages>["others"]>().toEqualTypeOf<readonly Entry<Data, Info>[]>()
    expectTypeOf<Member<Data, Info>["info"]["name"]>().toEqualTypeOf<string>()
    expectTypeOf<Patch<Data>>().toEqualTypeOf<{ readonly cursor?: { x: number; y: number } | null; readonly typing?: boolean | null }>()
    const check = (room: Room<Data, Info, Messages>) => {
      room.send("reaction", { emoji: "🦉" }, { to: ["bert"] })
      room.send("ping")
      room.update({ typing: null })
      room.update((old) => ({ cursor: old.cursor }))
      // @ts-expect-error no such event
      room.send("nothing", 1)
      // @ts-expect-error another event's data
      room.send("reaction", { text: "" })
      // @ts-expect-error this event has data
      room.send("reaction")
      // @ts-expect-error no such key
      room.update({ colour: "red" })
      // @ts-expect-error the cursor is data that always is
      room.enter({ typing: true })
      room.on("message", (message) => {
        if (message.event === "reaction") expectTypeOf(message.data).toEqualTypeOf<{ emoji: string }>()
        expectTypeOf(message.from).toEqualTypeOf<Entry<Data, Info> | null>()
      })
      room.subscribe(
        ({ others }) => others.length,
        (now, before) => expectTypeOf([now, before]).toEqualTypeOf<number[]>(),
      )
    }
    expect(check).toBeTypeOf("function")
  })
})
