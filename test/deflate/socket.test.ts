import { deflateRawSync } from "node:zlib"
import fc from "fast-check"
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest"
import type { DeflateWebSocket as Socket } from "../../src/deflate/index.ts"
import { FakeLine } from "./fake-line.ts"

const packed = (text: string) => new Uint8Array(deflateRawSync(text))

/** Each test has the module as a page loads it: whether a frame was ever corrupt is remembered there. */
let DeflateWebSocket: typeof Socket
beforeEach(async () => {
  vi.resetModules()
  ;({ DeflateWebSocket } = await import("../../src/deflate/index.ts"))
})
afterEach(() => {
  vi.unstubAllGlobals()
  FakeLine.made.length = 0
})

type Told = string | readonly [code: number, reason: string]

/** A socket, the line below it, and what it told, in order. */
function open() {
  const socket = new DeflateWebSocket("wss://rollcall.test/", ["rollcall.v1", "token.t"], FakeLine)
  const line = FakeLine.made.at(-1)
  if (line === undefined) throw new Error("no line was made")
  const told: Told[] = []
  socket.onmessage = ({ data }) => told.push(data)
  socket.onclose = ({ code, reason }) => told.push([code, reason])
  return { socket, line, told }
}

describe("DeflateWebSocket", () => {
  it("[DF6] offers the compressed frames beside what it is given, and passes on what it is told", () => {
    const { socket, line } = open()
    const heard: unknown[] = []
    socket.onopen = (event) => heard.push(event.type)
    socket.onerror = (event) => heard.push(event.type)
    expect([line.url, line.binaryType, socket.protocol]).toEqual(["wss://rollcall.test/", "arraybuffer", "rollcall.v1.deflate"])
    expect(line.offered).toEqual(["rollcall.v1.deflate", "rollcall.v1", "token.t"])
    line.onopen?.(new Event("open"))
    line.onerror?.(new Event("error"))
    socket.send("ping")
    socket.close(4000, "why")
    expect([heard, line.sent, line.closes]).toEqual([["open", "error"], ["ping"], [[4000, "why"]]])
  })

  it("[DF6] tells text at once where nothing is before it", () => {
    const { line, told } = open()
    line.say("a")
    line.end(1006, "gone")
    expect(told).toEqual(["a", [1006, "gone"]])
  })

  it("[DF6] tells everything in the order in which it came, the end last, however long inflating takes", async () => {
    const frame = fc.record({ text: fc.string({ unit: "grapheme", maxLength: 40 }), times: fc.nat({ max: 3000 }), isPacked: fc.boolean() })
    await fc.assert(
      fc.asyncProperty(fc.array(fc.tuple(frame, fc.nat({ max: 3 })), { maxLength: 30 }), async (frames) => {
        const { line, told } = open()
        const texts = frames.map(([{ text, times }]) => text.repeat(times))
        for (const [at, [{ isPacked }, turns]] of frames.entries()) {
          const text = texts[at] ?? ""
          line.say(isPacked ? packed(text) : text)
          for (let turn = 0; turn < turns; turn++) await Promise.resolve()
        }
        line.end(4403, "kicked")
        await vi.waitFor(() => expect(told).toHaveLength(texts.length + 1))
        expect(told).toEqual([...texts, [4403, "kicked"]])
      }),
      { numRuns: 40 },
    )
  })

  it("[DF6] tells nothing more once it was closed, but the end", async () => {
    const { socket, line, told } = open()
    line.say(packed("first"))
    await vi.waitFor(() => expect(told).toEqual(["first"]))
    line.say(packed("x".repeat(1e6)))
    line.say("after it")
    socket.close(1000)
    line.say("too late")
    line.end(1000)
    await vi.waitFor(() => expect(told).toEqual(["first", [1000, ""]]))
  })

  it("[DF6] a handler's fault is its own: what comes after is told", async () => {
    const faults: unknown[] = []
    vi.stubGlobal("queueMicrotask", (task: () => void) => {
      try {
        task()
      } catch (fault) {
        faults.push(fault)
      }
    })
    const { socket, line } = open()
    const told: string[] = []
    socket.onmessage = ({ data }) => {
      told.push(data)
      if (data === "a") throw new Error("of the app")
    }
    line.say(packed("a"))
    line.say(packed("b"))
    await vi.waitFor(() => expect(told).toEqual(["a", "b"]))
    await new Promise(setImmediate)
    line.say("c")
    expect(told).toEqual(["a", "b", "c"])
    expect([faults, line.closes]).toEqual([[new Error("of the app")], []])
  })

  it("[DF6] a frame that turns out corrupt once it was closed is nobody's", async () => {
    const { socket, line, told } = open()
    line.say(new Uint8Array([7, 7, 7, 7]))
    await Promise.resolve()
    socket.close(1000)
    line.end(1000)
    await vi.waitFor(() => expect(told).toEqual([[1000, ""]]))
    expect(line.closes).toEqual([[1000, undefined]])
    expect(open().line.offered).toContain("rollcall.v1.deflate")
  })

  it("[DF6] a text is told as it is, with what may stand before it", async () => {
    const { line, told } = open()
    line.say(packed("\ufeff{}"))
    await vi.waitFor(() => expect(told).toEqual(["\ufeff{}"]))
  })

  const text = JSON.stringify({ type: "sync", present: [] }).repeat(20)
  it.each([
    ["no DEFLATE at all", new Uint8Array([7, 7, 7, 7])],
    ["empty", new Uint8Array()],
    ["cut off", packed(text).subarray(0, -3)],
    ["with something behind its end", new Uint8Array([...packed(text), 1])],
    ["no UTF-8", new Uint8Array(deflateRawSync(new Uint8Array([0xff, 0xfe])))],
    ["too much: 40 MiB of nothing", packed("\0".repeat(40 * 2 ** 20))],
  ])("[DF7] a frame that is %s ends the line with 4007, and the next lines are text", async (_what, bytes) => {
    const { line, told } = open()
    line.say("before")
    line.say(bytes)
    line.say("after")
    await vi.waitFor(() => expect(told).toHaveLength(2))
    expect(told).toEqual(["before", [4007, expect.stringMatching(/^a frame could not be inflated: /)]])
    expect(line.closes).toEqual([[4007, undefined]])
    line.end(4007)
    line.say("later")
    await new Promise(setImmediate)
    expect(told).toHaveLength(2)
    expect(open().line.offered).toEqual(["rollcall.v1", "token.t"])
  })

  it("[DF7] a frame that would become gigabytes is stopped on the way", async () => {
    const pieces: number[] = []
    class Bomb extends TransformStream<Uint8Array, Uint8Array> {
      constructor() {
        super({
          transform(piece, controller) {
            pieces.push(piece.length)
            controller.enqueue(new Uint8Array(piece.length * 1000))
          },
        })
      }
    }
    vi.stubGlobal("DecompressionStream", Bomb)
    const { line, told } = open()
    line.say(new Uint8Array(2 ** 21))
    await vi.waitFor(() => expect(told).toEqual([[4007, expect.stringContaining("more than 33554432 bytes")]]))
    expect(pieces.length).toBeLessThan(6)
    expect(Math.max(...pieces)).toBeLessThanOrEqual(16_384)
  })

  it("[DF7] a frame of the most that is let through is told", async () => {
    const { line, told } = open()
    const most = "\0".repeat(32 * 2 ** 20)
    line.say(packed(most))
    await vi.waitFor(() => expect(told).toHaveLength(1), { timeout: 5000 })
    expect(told[0] === most).toBe(true)
  })

  it.each([
    ["no DecompressionStream", undefined],
    [
      "none of the raw format",
      class {
        constructor(format: string) {
          if (format === "deflate-raw") throw new TypeError("Unsupported compression format")
        }
      },
    ],
  ])("[DF8] where there is %s, nothing is offered and text goes through", (_what, platform) => {
    vi.stubGlobal("DecompressionStream", platform)
    const { line, told } = open()
    line.say("text")
    expect([line.offered, told]).toEqual([["rollcall.v1", "token.t"], ["text"]])
  })

  it("[DF8] where there is no WebSocket, it says so when it is used, not when it is loaded", () => {
    vi.stubGlobal("WebSocket", undefined)
    expect(() => new DeflateWebSocket("wss://rollcall.test/", [])).toThrow("no WebSocket here")
  })
})
