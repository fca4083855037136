import { exports } from "cloudflare:workers"
import fc from "fast-check"
import { describe, expect, it, vi } from "vitest"
import { deflated, deflatedPart, withHead } from "../../src/room/deflate.ts"
import { connect, hibernate, newRoom, tokenFor } from "./room-client.ts"

function inflate(bytes: Uint8Array | ArrayBuffer): Promise<string> {
  return new Response(new Response(bytes).body?.pipeThrough(new DecompressionStream("deflate-raw"))).text()
}

describe("compressed frames", () => {
  it("[DF2] a head before a compressed text is one stream of both", async () => {
    const text = fc.string({ unit: "grapheme", maxLength: 400 })
    await fc.assert(
      fc.asyncProperty(text, text, fc.nat({ max: 60 }), async (head, body, times) => {
        const long = body.repeat(times)
        expect(await inflate(deflated(long))).toBe(long)
        expect(await inflate(withHead(head, [deflated(long)]))).toBe(head + long)
        const parts = [deflatedPart(long, false), deflatedPart(head, false), deflatedPart(long, true)]
        expect(await inflate(withHead(head, parts))).toBe(head + long + head + long)
      }),
      { numRuns: 50 },
    )
  })

  it("[DF4] come so also after hibernation", async () => {
    const room = newRoom()
    const anna = await connect(room, "anna")
    const response = await exports.default.fetch(`https://rollcall.test/v1/rooms/${room}/connect`, {
      headers: { upgrade: "websocket", "sec-websocket-protocol": `rollcall.v1, rollcall.v1.deflate, token.${await tokenFor("bert")}` },
    })
    const socket = response.webSocket
    if (socket === null) throw new Error(`refused with ${response.status}`)
    const heard: (string | ArrayBuffer)[] = []
    socket.binaryType = "arraybuffer"
    socket.addEventListener("message", ({ data }) => heard.push(data))
    socket.accept()
    await hibernate(room)
    await anna.ask({ type: "enter", data: { text: "long ".repeat(100) } })
    await vi.waitFor(() => expect(heard.at(-1)).toBeInstanceOf(ArrayBuffer))
    const last = heard.at(-1)
    if (!(last instanceof ArrayBuffer)) throw new Error("it came as text")
    expect(JSON.parse(await inflate(last))).toMatchObject({ type: "presence", enter: [{ member: "anna" }] })
    socket.close()
  })
})
