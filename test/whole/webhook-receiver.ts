/** A backend that hears webhooks: a real HTTP server on this machine, which verifies each with the specification's own library. */
import { createServer, type ServerResponse } from "node:http"
import { Webhook } from "standardwebhooks"
import { type Webhook as Payload, webhookSchema } from "../../src/protocol/webhooks.ts"

export const WEBHOOK_SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"

export type Heard = { readonly id: string; readonly event: Payload; readonly status: number; readonly signatures: number }
type Answer = (heard: Omit<Heard, "status">, response: ServerResponse) => number

export type Receiver = {
  readonly url: string
  /** Every delivery, also those that were refused. */
  readonly heard: Heard[]
  /** What did not verify. */
  readonly faults: string[]
  /** 200 until it is set. */
  answer: Answer
  /** Accepted events of a room in the order in which they came, each id once, as `type member reason`. */
  story(room: string): string[]
  accepted(room: string): Heard[]
  until(fits: () => boolean, what: string, limitMs?: number): Promise<void>
  close(): Promise<void>
}

export async function startReceiver(secret = WEBHOOK_SECRET): Promise<Receiver> {
  const heard: Heard[] = []
  const faults: string[] = []
  const server = createServer((request, response) => {
    let body = ""
    request.on("data", (chunk: Buffer) => {
      body += chunk.toString()
    })
    request.on("end", () => {
      const headers = Object.fromEntries(Object.entries(request.headers).map(([name, value]) => [name, String(value)]))
      let status = 400
      try {
        const event = webhookSchema.parse(new Webhook(secret).verify(body, headers))
        const delivery = { id: headers["webhook-id"] ?? "", event, signatures: (headers["webhook-signature"] ?? "").split(" ").length }
        status = receiver.answer(delivery, response)
        heard.push({ ...delivery, status })
      } catch (error) {
        faults.push(String(error))
      }
      response.writeHead(status).end()
    })
  })
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve))
  const address = server.address()
  if (address === null || typeof address === "string") throw new Error("the receiver has no port")
  const accepted = (room: string) => {
    const ids = new Set<string>()
    return heard.filter(({ id, event, status }) => {
      if (event.data.room !== room || status !== 200 || ids.has(id)) return false
      ids.add(id)
      return true
    })
  }
  const receiver: Receiver = {
    url: `http://127.0.0.1:${address.port}/hooks`,
    heard,
    faults,
    answer: () => 200,
    accepted,
    story: (room) =>
      accepted(room).map(({ event }) => {
        const { type, data } = event
        return [type, ...("member" in data ? [data.member] : []), ...("reason" in data ? [data.reason] : [])].join(" ")
      }),
    async until(fits, what, limitMs = 20_000) {
      const end = Date.now() + limitMs
      while (!fits()) {
        if (Date.now() > end)
          throw new Error(`not within ${limitMs} ms: ${what}; heard ${JSON.stringify(heard.slice(-20))} ${faults.join("; ")}`)
        await new Promise((resolve) => setTimeout(resolve, 20))
      }
    },
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve())
        server.closeAllConnections()
      }),
  }
  return receiver
}
