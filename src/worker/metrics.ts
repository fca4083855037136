/** `GET /metrics`: the totals in the Prometheus text format 0.0.4. */
import { createRoute, z } from "@hono/zod-openapi"
import type { Totals } from "../protocol/admin.ts"
import { COUNTERS, LABELLED } from "../protocol/counters.ts"
import { withAdminKey } from "./admin-key.ts"
import { totalsOf } from "./directory.ts"
import { ADMIN_KEY, describedApp, problems } from "./openapi.ts"

export const metrics = describedApp()

const FORMAT = "text/plain; version=0.0.4; charset=utf-8"

metrics.use("/metrics", withAdminKey)
metrics.openapi(
  createRoute({
    method: "get",
    path: "/metrics",
    operationId: "getMetrics",
    tags: ["admin"],
    security: ADMIN_KEY,
    summary: "The totals, in the Prometheus text format",
    responses: { 200: { description: "the metrics", content: { "text/plain": { schema: z.string() } } }, ...problems(401, 503) },
  }),
  async (c) => c.text(metricsText(await totalsOf(c)), 200, { "content-type": FORMAT }),
)

const GAUGES = {
  rooms: "Rooms with somebody in them.",
  members: "Members present, counted in each of their rooms.",
  connections: "Connections, observers included.",
  observers: "Connections that have not entered.",
} as const

export function metricsText({ counters, ...gauges }: Totals): string {
  const lines: string[] = []
  const metric = (name: string, type: "gauge" | "counter", help: string, samples: readonly string[]) =>
    lines.push(`# HELP ${name} ${help}`, `# TYPE ${name} ${type}`, ...samples)
  for (const name of keysOf(GAUGES)) metric(`rollcall_${name}`, "gauge", GAUGES[name], [`rollcall_${name} ${gauges[name]}`])
  for (const name of keysOf(COUNTERS)) {
    const full = `rollcall_${snakeCase(name)}_total`
    metric(full, "counter", COUNTERS[name], [`${full} ${counters[name] ?? 0}`])
  }
  for (const name of keysOf(LABELLED)) {
    const full = `rollcall_${name}_total`
    const { label, values, help } = LABELLED[name]
    const samples = values.map((value) => `${full}{${label}="${value}"} ${counters[`${name}.${value}`] ?? 0}`)
    metric(full, "counter", help, samples)
  }
  return `${lines.join("\n")}\n`
}

function snakeCase(name: string): string {
  return name.replaceAll(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`)
}

function keysOf<K extends string>(object: Readonly<Record<K, unknown>>): K[] {
  return Object.keys(object).filter((key): key is K => key in object)
}
