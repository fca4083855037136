import { describe, expect, it } from "vitest"
import { typed } from "./typed.ts"

const KEY = ["--key", "a-very-secret-key"]
const token = (...more: string[]) => ["token", "anna", "--room", "doc-*", ...more, ...KEY]

describe("what was typed", () => {
  it.each([
    ["no command", []],
    ["an unknown command", ["romos", ...KEY]],
    ["a missing name", ["room", ...KEY]],
    ["one name too many", ["room", "a", "b", ...KEY]],
    ["an unknown option", ["rooms", "--jsn", ...KEY]],
    ["no key", ["rooms", "--key", ""]],
    ["an address that is none", ["rooms", "--url", "localhost", ...KEY]],
    ["a ban that is no time", ["kick", "r", "anna", "--ban", "soon", ...KEY]],
    ["data that is no JSON", ["send", "r", "e", "hello", ...KEY]],
    ["no room for a token", ["token", "anna", ...KEY]],
    ["an unknown capability", token("--can", "subscribe,fly")],
    ["a lifetime that is none", token("--ttl", "1y")],
    ["info that is no object", token("--info", "[]")],
    ["a close that nobody can be asked about", ["close", "r", ...KEY]],
  ])("[CM4] is refused with 2, a sentence on stderr, and nothing on stdout: %s", async (_what, argv) => {
    const { code, out, err } = await typed(argv)
    expect([code, out]).toEqual([2, ""])
    expect(err).not.toBe("")
    expect(err).not.toContain("a-very-secret-key")
  })

  it("[CM4] help is no failure, says the exit codes, and shows no key", async () => {
    const { code, out } = await typed(["--help"])
    expect(code).toBe(0)
    for (const name of ["rooms", "room", "watch", "send", "kick", "close", "token", "Exit codes"]) expect(out).toContain(name)
    const of = await typed(["rooms", "--help"])
    expect(of.out).toContain("ROLLCALL_ADMIN_KEY")
  })

  it("[CM3] a close that is not confirmed closes nothing", async () => {
    const asked: string[] = []
    const { code, err } = await typed(["close", "r\u001b[2J", ...KEY], { confirm: async (question) => asked.push(question) === 0 })
    expect([code, err]).toEqual([2, "rollcall: nothing was closed"])
    expect(asked).toEqual([expect.stringContaining("r\\u001b[2J")])
  })
})
