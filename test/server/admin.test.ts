import { describe, expect, it } from "vitest"
import { type AdminOptions, createAdmin } from "../../src/server/admin.ts"
import { RollcallNetworkError } from "../../src/server/error.ts"
import { refusal } from "./refusal.ts"

type Asked = { readonly url: string; readonly init: RequestInit }

const problem = { type: "urn:rollcall:error:too_large", title: "Too large", status: 413, detail: "info: 4096 bytes at most" }

/** An admin whose service gives these answers in turn, and what it was asked. */
function adminOf(...answers: (Response | Error)[]) {
  const asked: Asked[] = []
  const fetch: AdminOptions["fetch"] = async (url, init) => {
    asked.push({ url, init })
    const answer = answers[asked.length - 1]
    if (answer === undefined) throw new Error("no answer is left")
    if (answer instanceof Error) throw answer
    return answer
  }
  return { admin: createAdmin({ url: "https://presence.example.com/", key: "the-key", fetch }), asked }
}

function authorizationOf({ init }: Asked): string | null {
  return new Headers(init.headers).get("authorization")
}

const nobody = { members: [], cursor: null }
const memberNamed = (member: string) => ({ member, info: {}, connections: [] })

describe("createAdmin", () => {
  it("[SV5] asks with the key, at an address in which every name is escaped", async () => {
    const { admin, asked } = adminOf(Response.json({ member: "a/b ü?", kicked: 1, bannedUntil: 5 }))
    expect(await admin.ban("doc-1", "a/b ü?", 5000)).toEqual({ member: "a/b ü?", kicked: 1, bannedUntil: 5 })
    expect(asked[0]).toMatchObject({
      url: "https://presence.example.com/v1/admin/rooms/doc-1/members/a%2Fb%20%C3%BC%3F?ban=5000",
      init: { method: "DELETE" },
    })
    expect(asked.map(authorizationOf)).toEqual(["Bearer the-key"])
  })

  it("[SV5] keeps a path in front of the service", async () => {
    const { asked } = adminOf()
    const fetch = async (url: string, init: RequestInit) => {
      asked.push({ url, init })
      return Response.json(nobody)
    }
    const admin = createAdmin({ url: "http://localhost:8787/presence//", key: "the-key", fetch })
    await admin.members("doc-1", { limit: 5, cursor: "b" })
    expect(asked[0]?.url).toBe("http://localhost:8787/presence/v1/admin/rooms/doc-1/members?cursor=b&limit=5")
  })

  it.each(["", ".", ".."])("[SV5] sends nothing for a name that no address can hold: %j", async (name) => {
    const { admin, asked } = adminOf()
    expect(await refusal(admin.member("doc-1", name))).toMatchObject({ code: "bad_request" })
    expect(await refusal(admin.close(name))).toMatchObject({ code: "bad_request" })
    expect(asked).toEqual([])
  })

  it("[SV5] sees a room with a member's token, never with the key", async () => {
    const occupancy = { room: "doc-1", members: 1, connections: 2 }
    const { admin, asked } = adminOf(Response.json({ room: "doc-1", present: [] }), Response.json(occupancy))
    await admin.presence("doc-1", "a.token")
    expect(await admin.occupancy("doc-1", "a.token")).toEqual(occupancy)
    expect(asked.map(authorizationOf)).toEqual(["Bearer a.token", "Bearer a.token"])
    expect(asked.map(({ url }) => url.slice(-15))).toEqual(
      ["doc-1/presence", "ence?view=count"].map((end) => expect.stringContaining(end.slice(-14))),
    )
  })

  it("[SV6] gives the pages of members one after the other, and fetches none before it is asked for", async () => {
    const { admin, asked } = adminOf(
      Response.json({ members: [memberNamed("a"), memberNamed("b")], cursor: "b" }),
      Response.json({ members: [memberNamed("c")], cursor: null }),
    )
    const names: string[] = []
    const fetched: number[] = []
    for await (const { members } of admin.memberPages("doc-1", { limit: 2 })) {
      fetched.push(asked.length)
      names.push(...members.map(({ member }) => member))
    }
    expect(names).toEqual(["a", "b", "c"])
    expect(fetched).toEqual([1, 2])
    expect(asked.map(({ url }) => new URL(url).search)).toEqual(
      ["?limit=2", "?limit=2&cursor=b"].map((query) => expect.toSatisfy(sameQuery(query))),
    )
  })

  it("[SV6] asks for the last signs of life where they are wanted, and for nothing else", async () => {
    const heard = { c1: 5 }
    const { admin, asked } = adminOf(
      ...[{ ...nobody, heard }, { ...nobody, heard, cursor: "b" }, { ...nobody, heard }, nobody, nobody].map((page) => Response.json(page)),
    )
    expect(await admin.members("doc-1", { heard: true })).toEqual({ ...nobody, heard })
    for await (const page of admin.memberPages("doc-1", { heard: true, limit: 1 })) expect(page.heard).toEqual(heard)
    expect(await admin.members("doc-1", { heard: false })).toEqual(nobody)
    expect(await admin.members("doc-1")).toEqual(nobody)
    expect(asked.map(({ url }) => new URL(url).search)).toEqual(
      ["?heard=1", "?heard=1&limit=1", "?heard=1&limit=1&cursor=b", "", ""].map((query) => expect.toSatisfy(sameQuery(query))),
    )
  })

  it("[SV6] gives the pages of rooms as well, by prefix", async () => {
    const summary = (room: string) => ({ room, members: 1, connections: 2, observers: 1, since: 5 })
    const { admin, asked } = adminOf(
      Response.json({ rooms: [summary("doc-1")], cursor: "next" }),
      Response.json({ rooms: [summary("doc-2")], cursor: null }),
    )
    const names: string[] = []
    for await (const { rooms } of admin.roomPages({ prefix: "doc-", limit: 1 })) names.push(...rooms.map(({ room }) => room))
    expect(names).toEqual(["doc-1", "doc-2"])
    expect(asked.map(({ url }) => new URL(url).pathname)).toEqual(["/v1/admin/rooms", "/v1/admin/rooms"])
    expect(asked.map(({ url }) => new URL(url).search)).toEqual(
      ["?prefix=doc-&limit=1", "?prefix=doc-&limit=1&cursor=next"].map((query) => expect.toSatisfy(sameQuery(query))),
    )
    expect(asked.map(authorizationOf)).toEqual(["Bearer the-key", "Bearer the-key"])
  })

  it("[SV7] a problem is a RollcallError with the code, the status and the detail", async () => {
    const { admin } = adminOf(Response.json(problem, { status: 413, headers: { "content-type": "application/problem+json" } }))
    const error = await refusal(admin.place("doc-1", "bot"))
    expect(error).toMatchObject({ code: "too_large", status: 413, detail: problem.detail })
  })

  it.each([
    ["a proxy's page", new Response("<h1>Bad gateway</h1>", { status: 502 }), 502],
    ["a code that is not known", Response.json({ ...problem, type: "urn:rollcall:error:tired" }, { status: 418 }), 418],
    ["a code that every object has", Response.json({ ...problem, type: "urn:rollcall:error:toString" }, { status: 400 }), 400],
    ["another service's answer", Response.json({ hello: "world" }), 200],
    ["no JSON", new Response("hello"), 200],
  ])("[SV7] %s is a bad_answer", async (_what, answer, status) => {
    const { admin } = adminOf(answer)
    expect(await refusal(admin.members("doc-1"))).toMatchObject({ code: "bad_answer", status })
  })

  it("[SV8] no answer is a RollcallNetworkError with its cause, and tells no key", async () => {
    const cause = new TypeError("fetch failed")
    const { admin } = adminOf(cause)
    const error: unknown = await admin.stats("doc-1").catch((error: unknown) => error)
    expect(error).toBeInstanceOf(RollcallNetworkError)
    expect(error).toMatchObject({ cause, message: "GET https://presence.example.com/v1/admin/rooms/doc-1: no answer" })
  })

  /** Answers never, and honours the signal as fetch does. */
  const silent: AdminOptions["fetch"] = (_url, { signal }) =>
    new Promise((_resolve, reject) => signal?.addEventListener("abort", () => reject(signal.reason)))

  it("[SV8] no answer in time is a RollcallNetworkError too", async () => {
    const admin = createAdmin({ url: "https://presence.example.com", key: "the-key", fetch: silent, timeoutMs: 20 })
    await expect(admin.health()).rejects.toThrow("no answer within 20 ms")
    await expect(admin.health()).rejects.toBeInstanceOf(RollcallNetworkError)
  })

  it("[SV8] a call that its caller ends rejects with the caller's reason", async () => {
    const admin = createAdmin({ url: "https://presence.example.com", key: "the-key", fetch: silent })
    const reason = new Error("the user went away")
    const abort = new AbortController()
    const calls = [admin.close("doc-1", { signal: abort.signal }), admin.members("doc-1", { signal: abort.signal })]
    abort.abort(reason)
    for (const call of calls) await expect(call).rejects.toBe(reason)
  })

  it.each([
    ["url", { url: "presence.example.com", key: "the-key" }],
    ["url", { url: "ftp://presence.example.com", key: "the-key" }],
    ["key", { url: "https://presence.example.com", key: "" }],
    ["key", { url: "https://presence.example.com", key: "se cret" }],
  ])("[SV9] is not made with a bad %s", (field, options) => {
    expect(() => createAdmin(options)).toThrow(new RegExp(`^bad_request \\(400\\): ${field}: (?!.*se cret)`))
  })
})

function sameQuery(expected: string): (actual: string) => boolean {
  const sorted = (query: string) => JSON.stringify([...new URLSearchParams(query)].sort())
  return (actual) => sorted(actual) === sorted(expected)
}
