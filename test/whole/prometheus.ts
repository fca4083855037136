/** `/metrics` of a service, as a Prometheus parser reads it. */
import parse from "parse-prometheus-text-format"
import { expect } from "vitest"
import { z } from "zod"
import { DEV_ADMIN_KEY } from "./service.ts"
import type { Where } from "./wire-client.ts"

const familySchema = z.object({
  name: z.string(),
  help: z.string(),
  type: z.enum(["COUNTER", "GAUGE"]),
  metrics: z.array(z.object({ value: z.string().regex(/^\d+$/).transform(Number), labels: z.record(z.string(), z.string()).optional() })),
})

/** A metric with its samples. */
export type Family = z.infer<typeof familySchema>

export async function scrape(where: Where): Promise<Family[]> {
  const response = await fetch(`${where.url}/metrics`, { headers: { authorization: `Bearer ${DEV_ADMIN_KEY}` } })
  expect(response.status).toBe(200)
  expect(response.headers.get("content-type")).toBe("text/plain; version=0.0.4; charset=utf-8")
  return z.array(familySchema).parse(parse(await response.text()))
}

/** The value of a sample; NaN where there is none. */
export function sampleOf(families: readonly Family[], name: string, label?: string): number {
  const samples = families.find((family) => family.name === name)?.metrics ?? []
  const found = samples.find(({ labels = {} }) => (label === undefined ? true : Object.values(labels).includes(label)))
  return found?.value ?? Number.NaN
}
