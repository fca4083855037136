/** The console at `/console`: a page without a secret, on unless CONSOLE is off. What it shows, an admin key opens. */
import { Hono } from "hono"
import type { AppEnv } from "./app.ts"
import { servePage } from "./page.ts"

export const operatorsPage = new Hono<AppEnv>()

/** Off, its addresses are like any other that is not there. */
operatorsPage.use(async (c, next) => (c.get("settings").console ? next() : c.notFound()))
operatorsPage.get("/", (c) => servePage(c, "/console/index.html"))
operatorsPage.get("/:file{[a-z-]+\\.(?:js|css)}", (c) => servePage(c, c.req.path))
