/** Bodies that do not say how long they are. */
import { createExecutionContext } from "cloudflare:test"
import { env } from "cloudflare:workers"
import { describe, expect, it } from "vitest"
import { bodyText } from "../../src/worker/body.ts"
import app from "../../src/worker/index.ts"

const KEY = { authorization: "Bearer test-admin-key" }
const PART = new Uint8Array(65_536).fill(0x20)

/** So many bytes of blanks, in parts, without a length; `left` counts what was not asked for. */
function endless(bytes: number): { readonly body: ReadableStream<Uint8Array>; readonly left: () => number } {
  let left = bytes
  const body = new ReadableStream<Uint8Array>({
    pull(controller) {
      const part = PART.subarray(0, Math.min(left, PART.length))
      left -= part.length
      if (part.length > 0) controller.enqueue(part)
      else controller.close()
    },
  })
  return { body, left: () => left }
}

describe("a body", () => {
  it("[SE10] that is too long is refused, with or without a length", async () => {
    for (const [method, path] of [
      ["POST", "/v1/admin/rooms/r/messages"],
      ["PUT", "/v1/admin/rooms/r/members/a"],
      ["POST", "/v1/admin/tokens"],
      ["POST", "/demo/token"],
    ] as const) {
      const { body, left } = endless(20_000_000)
      for (const sent of [body, " ".repeat(20_000)]) {
        const request = new Request(`https://rollcall.test${path}`, { method, headers: KEY, body: sent })
        const response = await app.fetch(request, { ...env, DEMO: "on" }, createExecutionContext())
        expect([path, response.status, await response.text()]).toEqual([path, 413, expect.stringContaining("too_large")])
      }
      expect(left()).toBe(0)
    }
  })

  it("[SE10] is as long as it may be, to the byte, whatever its parts", async () => {
    for (const parts of [["é", "é"], ["éé"], ["\u00e9".repeat(2), ""]]) {
      const request = () => new Request("https://rollcall.test/", { method: "POST", body: new Blob(parts).stream() })
      expect(await bodyText(request(), 4)).toBe("éé")
      expect(await bodyText(request(), 3)).toBeNull()
    }
    const split = new ReadableStream({
      start(controller) {
        for (const byte of new TextEncoder().encode("é")) controller.enqueue(Uint8Array.of(byte))
        controller.close()
      },
    })
    expect(await bodyText(new Request("https://rollcall.test/", { method: "POST", body: split }), 2)).toBe("é")
    expect(await bodyText(new Request("https://rollcall.test/", { method: "POST" }), 2)).toBe("")
  })
})
