/** The pages of rooms, as the contract has them, from a server over real HTTP. */
import { createServer } from "node:http"
import { afterAll, beforeAll, describe, expect, it } from "vitest"
import { typed } from "./typed.ts"

const summary = (room: string) => ({ room, members: 2, connections: 3, observers: 1, since: 40_000 })
const asked: string[] = []
const server = createServer((request, response) => {
  const { pathname, searchParams } = new URL(request.url ?? "/", "http://localhost")
  asked.push(`${request.method} ${pathname}`)
  const all = ["doc-1", "doc-2", "doc-3", "other"].filter((room) => room.startsWith(searchParams.get("prefix") ?? ""))
  const at = Number(searchParams.get("cursor") ?? 0)
  response.end(JSON.stringify({ rooms: all.slice(at, at + 2).map(summary), cursor: at + 2 < all.length ? String(at + 2) : null }))
})
let url = ""
beforeAll(async () => {
  await new Promise<void>((resolve) => server.listen(0, "localhost", resolve))
  const address = server.address()
  url = `http://localhost:${typeof address === "object" ? address?.port : 0}`
})
afterAll(() => new Promise((resolve) => server.close(resolve)))

const rooms = (...more: string[]) => typed(["rooms", "--url", url, "--key", "key", ...more])

describe("rooms", () => {
  it("[CM1] lists the rooms of every page as a table", async () => {
    const { code, out } = await rooms("--prefix", "doc-")
    expect(code).toBe(0)
    expect(out.split("\n")).toEqual([
      "ROOM   MEMBERS  CONNECTIONS  OBSERVERS  AGE",
      ...["doc-1", "doc-2", "doc-3"].map((room) => `${room}  2        3            1          1m`),
    ])
    expect(asked).toEqual(["GET /v1/admin/rooms", "GET /v1/admin/rooms"])
  })

  it("[CM1] is a room a line for machines, and a sentence when there is none", async () => {
    expect((await rooms("--json")).out.split("\n").map((line) => JSON.parse(line))).toEqual(
      ["doc-1", "doc-2", "doc-3", "other"].map(summary),
    )
    expect((await rooms("--prefix", "x")).out).toBe("nobody is in any room")
    expect((await rooms("--prefix", "x", "--json")).out).toBe("")
  })
})
