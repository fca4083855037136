/** The command as its users have it: a process of its own, against a real service. */
import { describe, expect, it } from "vitest"
import { z } from "zod"
import { typed } from "../cli/typed.ts"
import { commandAt } from "./command.ts"
import { soon } from "./demo-page.ts"
import { DEV_ADMIN_KEY, serviceForFile } from "./service.ts"
import { connect, enter, freshRoom } from "./wire-client.ts"

const service = serviceForFile()
const { start, rollcall } = commandAt(service)
const ESCAPE = "\u001b"

const lineSchema = z.looseObject({ at: z.number(), type: z.string() })
const linesOf = (text: string) => text.split("\n").flatMap((line) => (line === "" ? [] : [lineSchema.parse(JSON.parse(line))]))

describe("rollcall", () => {
  it("[CM2] room shows stats and members, for people and for machines", async () => {
    const room = freshRoom()
    await enter(service, { room, member: "anna" }, { x: 1, evil: `${ESCAPE}[31m` })
    await connect(service, { room, member: "watcher" })
    const people = await rollcall("room", room)
    expect(people.code).toBe(0)
    expect(people.out).toMatch(/connections +2, 1 of them observers/)
    expect(people.out).toMatch(/^anna +active +1 +\{"x":1,"evil":"\\u001b\[31m"\}$/m)
    const machine = await rollcall("room", room, "--json")
    expect(JSON.parse(machine.out)).toMatchObject({
      stats: { room, members: 1, connections: 2 },
      members: [{ member: "anna", connections: [{ data: { x: 1, evil: `${ESCAPE}[31m` } }] }],
    })
    expect((await rollcall("room", freshRoom())).out).toContain("nobody is present")
  })

  it("[CM3] send reaches everybody, or whom --to names", async () => {
    const room = freshRoom()
    const anna = await connect(service, { room, member: "anna" })
    const bert = await connect(service, { room, member: "bert" })
    expect(await rollcall("send", room, "secret", '{"n":1}', "--to", "anna")).toMatchObject({
      code: 0,
      out: `sent secret to anna in ${room}\n`,
    })
    expect(await rollcall("send", room, "hello", "--json")).toMatchObject({ code: 0, out: `{"room":"${room}","event":"hello"}\n` })
    expect(await anna.next("message")).toMatchObject({ from: null, event: "secret", data: { n: 1 } })
    expect(await bert.next("message")).toMatchObject({ event: "hello", data: null })
  })

  it("[CM3] kick ends a member, --ban keeps it out, and 0 lets it in again", async () => {
    const room = freshRoom()
    const anna = await enter(service, { room, member: "anna" })
    const { code, out } = await rollcall("kick", room, "anna", "--ban", "1h", "--json")
    expect(code).toBe(0)
    const kick = z.object({ member: z.string(), kicked: z.number(), bannedUntil: z.number() }).parse(JSON.parse(out))
    expect(kick).toMatchObject({ member: "anna", kicked: 1 })
    expect(kick.bannedUntil - Date.now()).toBeGreaterThan(3_500_000)
    expect((await anna.ended()).code).toBe(4403)
    expect((await rollcall("kick", room, "anna", "--ban", "0")).out).toBe("anna: 0 connections ended\n")
    await enter(service, { room, member: "anna" })
    expect((await rollcall("kick", room, "anna")).out).toBe("anna: 1 connection ended\n")
  })

  it("[CM3] close asks first, and where nobody can be asked it needs --yes", async () => {
    const room = freshRoom()
    const anna = await enter(service, { room, member: "anna" })
    expect(await rollcall("close", room)).toMatchObject({ code: 2, out: "", err: expect.stringContaining("--yes") })
    expect(anna.isOpen).toBe(true)
    expect(await rollcall("close", room, "--yes")).toMatchObject({ code: 0, out: `closed ${room}\n` })
    expect((await anna.ended()).code).toBe(4410)
  })

  it("[CM3] token prints a token that opens the room, with what it grants", async () => {
    const room = freshRoom()
    const { out } = await rollcall("token", "anna", "--room", room, "--can", "subscribe", "--ttl", "5m", "--info", '{"name":"Anna"}')
    const anna = await connect(service, { room, token: out.trim() })
    expect(anna.welcome.member).toBe("anna")
    expect(await anna.refused({ type: "enter", data: {} })).toBe("forbidden")
    const minted = z
      .object({ token: z.string(), expiresAt: z.number() })
      .parse(JSON.parse((await rollcall("token", "b", "--room", "*", "--json")).out))
    expect(minted.expiresAt).toBeGreaterThan(Date.now() + 3_500_000)
  })

  it("[CM4] a refusal is 1, with the service's own sentence on stderr", async () => {
    expect(await rollcall("kick", freshRoom(), "nobody")).toMatchObject({
      code: 1,
      out: "",
      err: expect.stringMatching(/never saw "nobody".*\(not_found\)\n$/),
    })
    expect(await rollcall("room", "no spaces")).toMatchObject({ code: 1, out: "", err: expect.stringContaining("a room name is") })
    expect(await rollcall("watch", "no spaces")).toMatchObject({ code: 1, out: "" })
    expect(await rollcall("room", "r", "--key", "another")).toMatchObject({
      code: 1,
      out: "",
      err: expect.stringContaining("not an admin key"),
    })
    expect(await rollcall("room", "r", "--url", "http://localhost:9")).toMatchObject({
      code: 1,
      out: "",
      err: expect.stringContaining("no answer"),
    })
  })

  it("[CM6] watch --json tells who is there, who comes, changes, speaks and goes, and nobody sees it", async () => {
    const room = freshRoom()
    const anna = await enter(service, { room, member: "anna" }, { x: 1 })
    const watch = start(["watch", room, "--json"])
    const told = () => linesOf(watch.out().slice(0, watch.out().lastIndexOf("\n") + 1))
    const types = () => told().map(({ type }) => type)
    await soon(types).toContain("enter")
    const bert = await enter(service, { room, member: "bert" }, {})
    await bert.ask({ type: "update", data: { y: 2 } })
    await bert.ask({ type: "send", event: "wave", data: { at: "anna" } })
    await bert.close(1000)
    await soon(types).toContain("leave")
    expect(told().filter(({ type }) => type !== "connection")).toMatchObject([
      { type: "enter", entry: { member: "anna", data: { x: 1 } } },
      { type: "enter", entry: { member: "bert" } },
      { type: "update", entry: { member: "bert", data: { y: 2 } } },
      { type: "message", event: "wave", member: "bert", data: { at: "anna" } },
      { type: "leave", entry: { member: "bert" }, reason: "left" },
    ])
    expect((await anna.sync()).map(({ member }) => member)).toEqual(["anna"])
    watch.child.kill("SIGINT")
    expect(await watch.ended, watch.err()).toBe(0)
    expect(watch.err()).toBe("")
  })

  it("[CM6] watch, on a terminal, is a table that is drawn anew, as wide and high as there is room, and puts back what stood there", async () => {
    const room = freshRoom()
    const pages: (readonly string[])[] = []
    const stop = new AbortController()
    let isRestored = false
    const screen = {
      columns: 70,
      rows: 7,
      show: (lines: readonly string[]) => void pages.push(lines),
      end: () => {
        isRestored = true
      },
    }
    const emphasise = (text: string) => `<${text}>`
    const watch = typed(["watch", room, "--url", service.url, "--key", DEV_ADMIN_KEY], { screen, emphasise, stop: () => stop.signal })
    const page = () => pages.at(-1) ?? []
    await soon(() => page()[0]).toBe(`<${room}: 0 members, connected>`)
    const anna = await enter(service, { room, member: `anna${ESCAPE}[2J` }, { text: "x".repeat(100) })
    await soon(() => page()[3]).toMatch(/^anna\\u001b\[2J +active +1 +\{.*…$/)
    await anna.ask({ type: "update", data: { text: "y" } })
    await soon(() => page()[3]).toContain('{"text":"y"}')
    for (let i = 0; i < 5; i++) await enter(service, { room, member: `member-${i}` })
    await soon(() => page().at(-1)).toMatch(/^… and \d+ more$/)
    for (const lines of pages) {
      expect(lines.length).toBeLessThan(screen.rows)
      for (const line of lines) expect(line.replace(/^<(.*)>$/, "$1").length, line).toBeLessThanOrEqual(screen.columns)
    }
    expect(pages.flat().join("")).not.toContain(ESCAPE)
    stop.abort()
    expect(await watch).toEqual({ code: 0, out: "", err: "" })
    expect(isRestored).toBe(true)
  })

  it("[CM6] watch, piped, is a line for each change, without a colour; a room that is closed ends it with 1", async () => {
    const room = freshRoom()
    const watch = start(["watch", room], { FORCE_COLOR: "1" })
    await soon(watch.out).toMatch(/ connection connected\n/)
    await enter(service, { room, member: `a${ESCAPE}]0;x` }, { x: 1 })
    await soon(watch.out).toMatch(/^\S+Z enter a\\u001b\]0;x \{"x":1\}$/m)
    await rollcall("close", room, "--yes")
    expect(await watch.ended).toBe(1)
    expect(watch.err()).toMatch(/^rollcall: .+\n$/)
    expect(watch.out() + watch.err()).not.toContain(ESCAPE)
  })
})
