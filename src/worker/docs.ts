/** `/docs`: the OpenAPI document and the socket's frames as one page, without a script and without the internet. */
import type { OpenAPIHono } from "@hono/zod-openapi"
import { html } from "hono/html"
import { z } from "zod"
import { clientFrames, roomFrames } from "../protocol/frames.ts"
import type { AppEnv } from "./app.ts"
import { servePage, underPolicy } from "./page.ts"
import { schemaSchema, shapeOf } from "./shape.ts"

const contentSchema = z.record(z.string(), z.object({ schema: schemaSchema })).default({})
const operationSchema = z.object({
  operationId: z.string(),
  summary: z.string().default(""),
  description: z.string().default(""),
  tags: z.array(z.string()),
  security: z.array(z.record(z.string(), z.unknown())).default([]),
  parameters: z
    .array(
      z.object({
        name: z.string(),
        in: z.string(),
        required: z.boolean().default(false),
        schema: schemaSchema,
        description: z.string().default(""),
      }),
    )
    .default([]),
  requestBody: z.object({ content: contentSchema }).optional(),
  responses: z.record(z.string(), z.object({ description: z.string(), content: contentSchema })),
})
const documentSchema = z.object({
  info: z.object({ title: z.string(), description: z.string() }),
  tags: z.array(z.object({ name: z.string(), description: z.string() })),
  paths: z.record(z.string(), z.record(z.string(), operationSchema)),
})

type Operation = z.infer<typeof operationSchema> & { readonly path: string; readonly method: string }
type Markup = ReturnType<typeof html>

/** Made when it is first asked for, as the document is. */
export function documentation(app: OpenAPIHono<AppEnv>, document: () => unknown): void {
  let page: Promise<string> | null = null
  app.get("/docs", async (c) => {
    page ??= Promise.resolve(pageOf(document())).then(String)
    return underPolicy(c.html(await page))
  })
  app.get("/docs/docs.css", (c) => servePage(c, "/docs/docs.css"))
}

function pageOf(document: unknown): Markup {
  const { info, tags, paths } = documentSchema.parse(document)
  const operations = Object.entries(paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, operation]): Operation => ({ ...operation, path, method: method.toUpperCase() })),
  )
  const groups = tags.map((tag) => ({ ...tag, calls: operations.filter((operation) => operation.tags.includes(tag.name)) }))
  return html`<!doctype html>
<html lang="en">
  <head>
    <meta charset="utf-8" />
    <meta name="viewport" content="width=device-width, initial-scale=1" />
    <title>${info.title}: the API</title>
    <link rel="icon" href="data:," />
    <link rel="stylesheet" href="/docs/docs.css" />
  </head>
  <body>
    <a class="skip" href="#calls">Skip to the calls</a>
    <header>
      <h1>${info.title}: the API</h1>
      <p>${info.description}</p>
      <p>For programs: <a href="/openapi.json">openapi.json</a>, OpenAPI 3.1.</p>
    </header>
    <nav aria-label="Calls">
      ${groups.map(({ calls }) => html`<ul>${calls.map(({ operationId, method, path }) => html`<li><a href="#${operationId}"><b>${method}</b> ${path}</a></li>`)}</ul>`)}
      <ul><li><a href="#frames">Frames of the socket</a></li></ul>
    </nav>
    <main id="calls" tabindex="-1">
      ${groups.map(({ name, description, calls }) => html`<section aria-labelledby="tag-${name}"><h2 id="tag-${name}">${name}</h2><p>${description}</p>${calls.map(callOf)}</section>`)}
      <section aria-labelledby="frames">
        <h2 id="frames">Frames of the socket</h2>
        <p>JSON as text, each an object with a <code>type</code>. A <code>?</code> marks what may be left out.</p>
        ${framesOf("From the client to the room", clientFrames)}
        ${framesOf("From the room to the client", roomFrames)}
      </section>
    </main>
  </body>
</html>`
}

function callOf({ operationId, method, path, summary, description, security, parameters, requestBody, responses }: Operation): Markup {
  const keys = security.flatMap((one) => Object.keys(one))
  return html`<article aria-labelledby="${operationId}">
    <h3 id="${operationId}"><code><b class="method ${method.toLowerCase()}">${method}</b> ${path}</code></h3>
    <p>${summary}.${description === "" ? "" : ` ${description}`}</p>
    <p class="key">${keys.length === 0 ? "No key." : `Authorization: Bearer, ${keys.map((key) => KEY_NAMES[key] ?? key).join(" or ")}.`}</p>
    ${
      parameters.length === 0
        ? ""
        : html`<h4>Parameters</h4><dl>${parameters.map(
            (one) =>
              html`<dt><code>${one.name}</code> <small>${one.in}${one.required ? "" : ", optional"}</small></dt><dd><code>${shapeOf(one.schema)}</code> ${one.description}</dd>`,
          )}</dl>`
    }
    ${requestBody === undefined ? "" : html`<h4>Body</h4>${bodyOf(requestBody.content)}`}
    <h4>Answers</h4>
    <dl>${Object.entries(responses).map(([status, one]) => html`<dt><code>${status}</code></dt><dd>${one.description}${bodyOf(one.content)}</dd>`)}</dl>
  </article>`
}

const KEY_NAMES: Readonly<Record<string, string>> = { adminKey: "an admin key", memberToken: "a member's token" }

/** A problem has one shape, whatever the status. */
function bodyOf(content: z.infer<typeof contentSchema>): Markup {
  const bodies = Object.entries(content).filter(([type]) => type === "application/json")
  return html`${bodies.map(([, { schema }]) => html`<pre><code>${shapeOf(schema)}</code></pre>`)}`
}

function framesOf(title: string, frames: Readonly<Record<string, z.ZodType>>): Markup {
  const rows = Object.entries(frames).map(([type, schema]) => ({
    type,
    shape: shapeOf(schemaSchema.parse(z.toJSONSchema(schema, { io: "input" }))),
  }))
  return html`<h3>${title}</h3>
    <table>
      <thead><tr><th scope="col">type</th><th scope="col">frame</th></tr></thead>
      <tbody>${rows.map(({ type, shape }) => html`<tr><th scope="row"><code>${type}</code></th><td><code>${shape}</code></td></tr>`)}</tbody>
    </table>`
}
