/** The demo at `/`, and the token that it mints for whoever opens it: both are there only when DEMO is on. */
import { Hono, type MiddlewareHandler } from "hono"
import { z } from "zod"
import { mintToken } from "../token/token.ts"
import type { AppEnv } from "./app.ts"
import { bodyText } from "./body.ts"
import { unconfigured } from "./identity.ts"
import { servePage } from "./page.ts"
import { problem } from "./problem.ts"
import { RETRY_AFTER_S, tooManyConnects } from "./rate.ts"

/** The demo's rooms have names of their own: its tokens open no other. */
const DEMO_ROOMS = "demo-*"
const TOKEN_TTL_S = 3600
const MAX_BODY_BYTES = 1024

const visitorSchema = z.object({
  member: z.string().regex(/^[A-Za-z0-9_-]{1,64}$/, "1 to 64 characters of A-Z a-z 0-9 _ - are allowed"),
  name: z.string().trim().min(1).max(40),
  color: z.string().regex(/^#[0-9a-f]{6}$/i, "a colour such as #3366cc is allowed"),
})

export const demo = new Hono<AppEnv>()

/** Off, its addresses are like any other that is not there. */
const whenOn: MiddlewareHandler<AppEnv> = async (c, next) => (c.get("settings").demo ? next() : c.notFound())

demo.use("/", whenOn)
demo.use("/demo/*", whenOn)

demo.post("/demo/token", async (c) => {
  const settings = c.get("settings")
  const missing = unconfigured(settings)
  const [secret] = settings.tokenSecrets
  if (missing !== null || secret === undefined) return problem(missing ?? { code: "misconfigured", message: "set TOKEN_SECRETS" })
  // Whoever asks gets one, and each member that was seen is remembered for a while: not without a bound, where there is one.
  const tooFast = await tooManyConnects(c.env.CONNECT_RATE, c.req.raw)
  if (tooFast !== null) return problem(tooFast, { retryAfterS: RETRY_AFTER_S })
  const text = await bodyText(c.req.raw, MAX_BODY_BYTES)
  if (text === null) return problem({ code: "too_large", message: `a body is ${MAX_BODY_BYTES} bytes at most` })
  const visitor = visitorSchema.safeParse(parsed(text))
  if (!visitor.success) {
    const [issue] = visitor.error.issues
    return problem({ code: "bad_request", message: `${issue?.path.join(".") || "the body"}: ${issue?.message}` })
  }
  const { member, name, color } = visitor.data
  const exp = Math.floor(Date.now() / 1000) + TOKEN_TTL_S
  const rooms = { [DEMO_ROOMS]: ["subscribe" as const, "presence" as const, "message" as const] }
  return c.json({ token: await mintToken({ sub: member, exp, info: { name, color }, rooms }, secret) })
})

/** Null when it is no JSON: the schema refuses it. */
function parsed(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return null
  }
}

demo.get("/", (c) => servePage(c, "/demo/index.html"))
demo.get("/demo/:file{[a-z-]+\\.(?:js|css|svg)}", (c) => servePage(c, c.req.path))
