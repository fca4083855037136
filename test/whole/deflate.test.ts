/** The same frames, compressed once for all who take them so. */
import { mkdtempSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { describe, expect, it } from "vitest"
import { Server } from "../../bench/server.ts"
import { prepareTarget } from "../../bench/targets.ts"
import { serviceForFile } from "./service.ts"
import { connect, enter, freshRoom, tokenFor } from "./wire-client.ts"

const service = serviceForFile()
const LONG = "Zoë 🦆 ".repeat(60)

describe.concurrent("rollcall.v1.deflate", () => {
  it("[DF1] is selected wherever it is offered", async () => {
    const client = await connect(service, { room: freshRoom(), member: "anna", deflate: true })
    expect(client.socket.protocol).toBe("rollcall.v1.deflate")
    const plain = await connect(service, { room: freshRoom(), member: "anna" })
    expect(plain.socket.protocol).toBe("rollcall.v1")
  })

  it("[DF2] [DF3] tells, byte for byte and in order, what others are told as text", async () => {
    const room = freshRoom()
    const anna = await enter(service, { room, member: "anna" }, { LONG })
    const text = await connect(service, { room, member: "watcher" })
    const deflated = await connect(service, { room, member: "watcher", deflate: true })
    expect(deflated.deflatedFrames).toBe(1)
    expect(deflated.welcome.present).toEqual(text.welcome.present)
    const from = text.texts.length
    const deflatedFrom = deflated.texts.length
    for (let i = 0; i < 20; i++) await anna.ask({ type: "update", data: i % 3 === 0 ? { i } : { i, LONG: LONG + i } })
    await anna.ask({ type: "send", event: "long", data: LONG })
    await anna.ask({ type: "send", event: "short", data: 1 })
    for (const client of [text, deflated]) {
      await client.until(() => client.all("message").length === 2, "both messages")
      client.send({ type: "sync" })
      await client.until(() => client.all("sync").length === 1, "all of it")
    }
    expect(deflated.texts.slice(deflatedFrom)).toEqual(text.texts.slice(from))
    expect(deflated.picture).toEqual(text.picture)
    expect(text.deflatedFrames).toBe(0)
    const long = deflated.texts.filter((frame) => frame.length > 300).length
    expect(deflated.deflatedFrames).toBe(long)
    expect(deflated.texts.length).toBeGreaterThan(long)
  })

  it("[DF3] what the client sends is text in any case", async () => {
    const client = await connect(service, { room: freshRoom(), member: "anna", deflate: true })
    client.socket.send(Buffer.from('{"type":"sync"}'), { binary: true })
    await client.until(() => client.all("error").length === 1, "the refusal")
    expect(client.all("error")[0]).toMatchObject({ code: "bad_frame" })
  })

  it("[DF4] a resume settles anew how the line is spoken to", async () => {
    const room = freshRoom()
    const anna = await enter(service, { room, member: "anna" }, { LONG })
    const watcher = await connect(service, { room, member: "watcher", deflate: true })
    watcher.socket.terminate()
    const again = await connect(service, { room, member: "watcher", session: watcher.welcome.session })
    expect(again.welcome).toMatchObject({ resumed: true, present: [{ ref: anna.ref }] })
    expect([again.socket.protocol, again.deflatedFrames]).toEqual(["rollcall.v1", 0])
  })
})

describe("workerd itself", () => {
  // The proxy of a development server settles compression by itself.
  it("[DF5] is offered the WebSocket's own compression in vain", async () => {
    const scratch = mkdtempSync(join(tmpdir(), "rollcall-workerd-"))
    const { launch, adapter } = await prepareTarget("rollcall", scratch)
    const server = await Server.start(launch)
    try {
      const token = await tokenFor("anna", {}, adapter.kind === "rollcall" ? adapter.secret : "")
      const client = await connect({ url: `http://127.0.0.1:${server.port}` }, { room: "r", token, perMessageDeflate: true })
      expect(client.socket.extensions).toBe("")
      client.socket.terminate()
    } finally {
      await server.stop()
      rmSync(scratch, { recursive: true })
    }
  })
})
