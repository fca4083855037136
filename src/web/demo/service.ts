/** What this page asks of the service itself. In an app of your own, the token comes from your backend. */
import type { Visitor } from "./visitor.ts"

export async function mintToken({ member, name, color }: Visitor): Promise<string> {
  const response = await fetch("/demo/token", {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({ member, name, color }),
  })
  const body = await bodyOf(response)
  if (response.ok && "token" in body && typeof body.token === "string") return body.token
  throw new Error(`the service gave no token: ${"detail" in body ? String(body.detail) : `status ${response.status}`}`)
}

/** The connections that the room holds for present, asked without a socket. */
export async function presentNow(room: string, token: string): Promise<string[]> {
  const response = await fetch(`/v1/rooms/${encodeURIComponent(room)}/presence`, { headers: { authorization: `Bearer ${token}` } })
  const body = await bodyOf(response)
  if (!response.ok || !("present" in body) || !Array.isArray(body.present)) throw new Error(`status ${response.status}`)
  const present: { readonly connection?: unknown }[] = body.present
  return present.map(({ connection }) => String(connection))
}

async function bodyOf(response: Response): Promise<object> {
  const body: unknown = await response.json().catch(() => null)
  return typeof body === "object" && body !== null ? body : {}
}
