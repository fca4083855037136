/** What an HTTP request, or an upgrade that is refused, is answered by; every refusal must be a well-formed problem. */
import { expect } from "vitest"
import { type Asking, dial, tokenFor, type Where } from "./wire-client.ts"
import { type Problem, problemSchema } from "./wire-frames.ts"

export type Refused = {
  readonly status: number
  /** What `type` ends in. */
  readonly code: string
  readonly problem: Problem
  readonly headers: Headers
}

/** The answer to an upgrade that is expected to be refused. */
export async function refusedUpgrade(where: Where, asking: Asking): Promise<Refused> {
  const socket = await dial(where, asking)
  const response = await new Promise<Response>((resolve, reject) => {
    socket.once("open", () => {
      socket.terminate()
      reject(new Error("the upgrade was not refused"))
    })
    socket.once("error", reject)
    socket.once("unexpected-response", async (_, incoming) => {
      const chunks: Buffer[] = []
      for await (const chunk of incoming) chunks.push(Buffer.from(chunk))
      const headers = Object.entries(incoming.headers).map(([name, value]): [string, string] => [name, String(value)])
      resolve(new Response(Buffer.concat(chunks), { status: incoming.statusCode ?? 0, headers }))
    })
  })
  socket.on("error", () => {})
  socket.terminate()
  return refusal(response)
}

/** The same address asked plainly, with the token in `Authorization`. */
export async function askedPlainly(where: Where, asking: Asking): Promise<Refused> {
  const token = asking.token === undefined ? await tokenFor(asking.member ?? "anna", asking.claims) : asking.token
  const headers = { ...(token === null ? {} : { authorization: `Bearer ${token}` }), ...asking.headers }
  const query = new URLSearchParams(asking.query)
  return refusal(await fetch(`${where.url}/v1/rooms/${asking.room}/connect?${query}`, { headers }))
}

/** Reads a problem, and checks all that the contract and RFC 9457 say of its form. */
export async function refusal(response: Response): Promise<Refused> {
  const body = await response.text()
  expect(response.headers.get("content-type"), body).toMatch(/^application\/problem\+json\b/)
  const problem = problemSchema.parse(JSON.parse(body))
  expect(problem.status).toBe(response.status)
  expect(problem.title).not.toBe("")
  expect(problem.detail).not.toBe("")
  return { status: response.status, code: /[a-z_]+$/.exec(problem.type)?.[0] ?? "", problem, headers: response.headers }
}
