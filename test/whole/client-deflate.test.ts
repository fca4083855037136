/** Compressed frames for the client as its users have it: in Node, over another socket, in a Worker and on the demo's page. */
import { inflateRawSync } from "node:zlib"
import { afterEach, describe, expect, vi } from "vitest"
import { WebSocket as PackagedWebSocket } from "ws"
import { type Client, createClient, type JsonObject } from "../../src/client/index.ts"
import { DeflateWebSocket, type LineConstructor } from "../../src/deflate/index.ts"
import { byMember } from "../client/scene.ts"
import { withWorker } from "../in-a-worker.ts"
import { itInBrowser } from "./browser.ts"
import { ANNA, BERT, freshDemoRoom, openDemo, soon } from "./demo-page.ts"
import { serviceForFile } from "./service.ts"
import { freshRoom, tokenFor } from "./wire-client.ts"

const service = serviceForFile()
const it = itInBrowser()

const clients: Client[] = []
afterEach(() => {
  for (const client of clients.splice(0)) client.close()
})

type Watched = { bytes: number; protocol: string }

/** A line that counts what comes in, frame by frame, as it comes. */
function counting(watched: Watched): LineConstructor {
  return class extends WebSocket {
    constructor(url: string, protocols: string[]) {
      super(url, protocols)
      this.addEventListener("message", ({ data }) => {
        watched.bytes += typeof data === "string" ? Buffer.byteLength(data) : data.byteLength
      })
    }
  }
}

function clientOf(member: string, room: string, WebSocket: LineConstructor | typeof DeflateWebSocket) {
  const client = createClient({ url: service.url, token: () => tokenFor(member), WebSocket })
  clients.push(client)
  return client.room<JsonObject>(room)
}

describe("a client with DeflateWebSocket", () => {
  it("[DF9] sees what one without it sees, of fewer bytes", async () => {
    const name = freshRoom()
    const packed: Watched = { bytes: 0, protocol: "" }
    const plain: Watched = { bytes: 0, protocol: "" }
    const Packed = class extends DeflateWebSocket {
      constructor(url: string, protocols: string[]) {
        super(url, protocols, counting(packed))
        this.onopen = () => {
          packed.protocol = this.protocol
        }
      }
    }
    const a = clientOf("a", name, Packed)
    const b = clientOf("b", name, counting(plain))
    const crowd = Array.from({ length: 30 }, (_, at) => clientOf(`crowd-${at}`, name, WebSocket))
    for (const [at, room] of crowd.entries()) room.enter({ cursor: { x: at, y: 0 }, name: `the ${at}th of many` })
    const texts: unknown[] = []
    a.on("message", ({ data }) => texts.push(data))
    await vi.waitFor(() => expect([a.others.length, b.others.length]).toEqual([30, 30]), 8000)
    for (let y = 1; y <= 20; y++) {
      for (const room of crowd) room.update(({ cursor }) => ({ cursor: { ...Object(cursor), y } }))
      await crowd[0]?.send("step", y)
    }
    const end = Object.fromEntries(crowd.map((_, x) => [`crowd-${x}`, { cursor: { x, y: 20 }, name: `the ${x}th of many` }]))
    await vi.waitFor(() => expect([byMember(a.others), byMember(b.others)]).toEqual([end, end]), 8000)
    expect(texts).toEqual(Array.from({ length: 20 }, (_, at) => at + 1))
    expect(packed.protocol).toBe("rollcall.v1.deflate")
    expect(packed.bytes).toBeLessThan(plain.bytes / 2)
  })

  it("[DF9] may be made of another socket than the platform's", async () => {
    const name = freshRoom()
    const spoken: string[] = []
    const OverPackage = class extends DeflateWebSocket {
      constructor(url: string, protocols: string[]) {
        super(url, protocols, PackagedWebSocket)
        this.onopen = () => spoken.push(this.protocol)
      }
    }
    const anna = clientOf("anna", name, OverPackage)
    clientOf("bert", name, WebSocket).enter({ text: "long ".repeat(100) })
    await vi.waitFor(() => expect(byMember(anna.others)).toEqual({ bert: { text: "long ".repeat(100) } }), 8000)
    expect(spoken).toEqual(["rollcall.v1.deflate"])
  })

  it("[DF9] runs in a Worker", async () => {
    const name = freshRoom()
    const text = "long ".repeat(100)
    const anna = clientOf("anna", name, WebSocket)
    anna.enter({ text })
    await vi.waitFor(() => expect(anna.members).toHaveLength(1), 8000)
    const asked = { url: service.url, token: await tokenFor("worker"), room: name }
    await withWorker(WORKER, async (ask) => {
      expect(await ask({ body: JSON.stringify(asked) })).toEqual({
        others: [["anna", { text }]],
        protocol: "rollcall.v1.deflate",
      })
    })
  })

  it("[DF9] is what the demo's page has: Chromium inflates what it hears, and a plug that is pulled in between does no harm", async ({
    browse,
  }) => {
    const context = await browse()
    const heard: (string | Buffer)[] = []
    context.on("page", (page) => page.on("websocket", (line) => line.on("framereceived", ({ payload }) => heard.push(payload))))
    const room = freshDemoRoom()
    const anna = await openDemo(context, service.url, room, ANNA)
    const bert = await openDemo(await browse(), service.url, room, BERT)
    await soon(() => anna.people()).toEqual(["Anna Berg (you)", "Brave Heron"])
    const note = "long ".repeat(40).trim()
    await bert.say(note)
    await soon(() => anna.notes()).toEqual([note])
    const packed = heard.filter((frame) => typeof frame !== "string")
    expect(packed.map((frame) => JSON.parse(inflateRawSync(frame).toString()).type)).toEqual(
      expect.arrayContaining(["presence", "message"]),
    )
    await anna.page.locator("#pull").click()
    await soon(() => anna.text("tally")).toBe("Resumed 1 of 1")
    await bert.say(`again ${note}`)
    await soon(() => anna.notes()).toEqual([note, `again ${note}`])
    expect(heard.filter((frame) => typeof frame !== "string").length).toBeGreaterThan(packed.length)
  })
})

const WORKER = `
import { createClient } from "./src/client/index.ts"
import { DeflateWebSocket } from "./src/deflate/index.ts"
export default {
  async fetch(request) {
    const { url, token, room } = await request.json()
    let protocol
    class Socket extends DeflateWebSocket {
      constructor(url, protocols) {
        super(url, protocols)
        this.onopen = () => { protocol = this.protocol }
      }
    }
    const client = createClient({ url, token, WebSocket: Socket })
    const { room: shown } = await client.acquire(room)
    const others = shown.others.map(({ member, data }) => [member, data])
    client.close()
    return Response.json({ others, protocol })
  },
}
`
