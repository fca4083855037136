/** Every set of capabilities, on every frame and every HTTP call: what is not granted is neither done nor heard. */
import { exports } from "cloudflare:workers"
import { describe, expect, it, vi } from "vitest"
import { CAPABILITIES, type Capability } from "../../src/protocol/capabilities.ts"
import { connect, newRoom, type RoomClient, requestConnect, tokenFor } from "../room/room-client.ts"

const SUBSETS = Array.from({ length: 2 ** CAPABILITIES.length }, (_, bits) => CAPABILITIES.filter((_, i) => bits & (1 << i)))

async function outcomeOf(client: RoomClient, frame: Parameters<RoomClient["ask"]>[0]): Promise<string> {
  const answer = await client.ask(frame)
  return answer.type === "ack" ? "ack" : answer.code
}

async function presenceStatus(room: string, token: string, query: string): Promise<number> {
  const url = `https://rollcall.test/v1/rooms/${room}/presence${query}`
  const response = await exports.default.fetch(url, { headers: { authorization: `Bearer ${token}` } })
  await response.text()
  return response.status
}

describe("a token that grants", () => {
  it.each(SUBSETS.filter((grants) => grants.length > 0).map((grants) => ({ grants, which: grants.join(", ") })))(
    "[SE4] $which: it does and hears that alone",
    { timeout: 20_000 },
    async ({ grants }) => {
      const may = (capability: Capability) => grants.includes(capability)
      const room = newRoom()
      const bert = await connect(room, "bert")
      await bert.ask({ type: "enter", data: { secret: "before" } })
      const claims = { rooms: { [room]: grants } }
      const anna = await connect(room, "anna", { claims })
      expect(anna.welcome.present).toHaveLength(may("subscribe") ? 1 : 0)

      expect(await outcomeOf(anna, { type: "enter", data: {} })).toBe(may("presence") ? "ack" : "forbidden")
      expect(await outcomeOf(anna, { type: "update", data: { x: 1 } })).toBe(may("presence") ? "ack" : "forbidden")
      expect(await outcomeOf(anna, { type: "send", event: "e", to: ["bert"] })).toBe(may("message") ? "ack" : "forbidden")
      expect(await outcomeOf(anna, { type: "pong" })).toBe("ack")
      expect(await outcomeOf(anna, { type: "auth", token: await tokenFor("anna", claims) })).toBe("ack")
      expect(await anna.sync()).toHaveLength(may("subscribe") ? (may("presence") ? 2 : 1) : 0)
      expect(await outcomeOf(anna, { type: "leave" })).toBe(may("presence") ? "ack" : "not_entered")

      await bert.ask({ type: "update", data: { secret: "after" } })
      await bert.ask({ type: "send", event: "told", data: "to all" })
      await bert.ask({ type: "send", event: "told", data: "to anna", to: ["anna"] })
      await vi.waitFor(() => expect(bert.frames.filter((frame) => frame.type === "message" && frame.event === "told")).toHaveLength(1))
      expect(await outcomeOf(anna, { type: "pong" })).toBe("ack")
      const heard = anna.frames.filter(({ type }) => type === "presence" || type === "message")
      if (may("subscribe")) {
        await vi.waitFor(() => expect(anna.frames.filter(({ type }) => type === "message")).toHaveLength(2))
        expect([...anna.picture.values()]).toMatchObject([{ member: "bert", data: { secret: "after" } }])
      } else expect(heard).toEqual([])
      const seen = bert.frames.flatMap((frame) => (frame.type === "presence" ? (frame.enter ?? []) : []))
      expect(seen.some(({ member }) => member === "anna")).toBe(may("presence"))
      expect(bert.frames.some((frame) => frame.type === "message" && frame.member === "anna")).toBe(may("message"))

      const token = await tokenFor("anna", claims)
      for (const query of ["", "?view=all", "?view=count"]) {
        expect(await presenceStatus(room, token, query)).toBe(may("subscribe") ? 200 : 403)
      }
      for (const client of [anna, bert]) client.close(1000)
    },
  )

  it("[SE4] nothing opens no room, by socket or without", async () => {
    const room = newRoom()
    for (const rooms of [{}, { [room]: [] }, { "*": [...CAPABILITIES], [room]: [] }, { [`${room}x`]: [...CAPABILITIES] }]) {
      const token = await tokenFor("anna", { rooms })
      const refused = await requestConnect(room, token)
      expect(refused.status).toBe(403)
      await refused.text()
      for (const query of ["", "?view=count"]) expect(await presenceStatus(room, token, query)).toBe(403)
    }
  })
})
