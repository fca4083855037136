/** The front door: routes are put together here, and the Durable Object's class is exported for the runtime. */
import { OpenAPIHono } from "@hono/zod-openapi"
import { admin } from "./admin.ts"
import { type AppEnv, withCors, withSettings } from "./app.ts"
import { connect } from "./connect.ts"
import { operatorsPage } from "./console.ts"
import { demo } from "./demo.ts"
import { documentation } from "./docs.ts"
import { describe } from "./document.ts"
import { withSafeHeaders } from "./headers.ts"
import { metrics } from "./metrics.ts"
import { presence } from "./presence.ts"
import { problem, problemOfError } from "./problem.ts"
import { withRefusalsCounted } from "./refusals.ts"
import { deliverWebhooks } from "./webhooks.ts"

export { Directory } from "../directory/directory.ts"
export { Room } from "../room/room.ts"

const app = new OpenAPIHono<AppEnv>()

app.use(withSafeHeaders)
app.use(withSettings)
app.use(withRefusalsCounted)
app.use("/v1/rooms/*", withCors)
app.route("/v1/rooms", presence)
app.route("/v1/rooms", connect)
app.route("/v1/admin", admin)
app.route("/", metrics)
app.route("/console", operatorsPage)
app.route("/", demo)
documentation(app, describe(app))
app.notFound((c) => problem({ code: "not_found", message: `there is nothing at ${c.req.method} ${c.req.path}` }))
app.onError(problemOfError)

export default { fetch: app.fetch, queue: deliverWebhooks } satisfies ExportedHandler<Cloudflare.Env>
