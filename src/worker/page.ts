/** Pages that the Worker serves itself: built files, under a policy that lets them load nothing from elsewhere. */
import type { Context } from "hono"
import type { AppEnv } from "./app.ts"
import { problem } from "./problem.ts"

const CONTENT_SECURITY_POLICY = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "img-src 'self' data:",
  "connect-src 'self'",
  "worker-src 'self'",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
].join("; ")

export async function servePage(c: Context<AppEnv>, path: string): Promise<Response> {
  const { ASSETS } = c.env
  if (ASSETS === undefined) return problem({ code: "not_found", message: "this deployment holds no pages" })
  const asset = await ASSETS.fetch(new URL(path, c.req.url))
  return underPolicy(new Response(asset.body, asset))
}

/** For pages that are made here. */
export function underPolicy(response: Response): Response {
  response.headers.set("content-security-policy", CONTENT_SECURITY_POLICY)
  response.headers.set("cross-origin-opener-policy", "same-origin")
  return response
}
