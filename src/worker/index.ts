/** The front door: routes are put together here, and the Durable Object's class is exported for the runtime. */
import { Hono } from "hono"
import { admin } from "./admin.ts"
import { type AppEnv, withSettings } from "./app.ts"
import { connect } from "./connect.ts"
import { internalProblem, problem } from "./problem.ts"

export { Room } from "../room/room.ts"

const app = new Hono<AppEnv>()

app.use(withSettings)
app.get("/healthz", (c) => c.json({ status: "ok" }))
app.route("/v1/rooms", connect)
app.route("/v1/admin", admin)
app.notFound((c) => problem({ code: "not_found", message: `there is nothing at ${c.req.method} ${c.req.path}` }))
app.onError(internalProblem)

export default app
