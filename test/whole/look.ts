/** What a page looks like: to eyes, as a picture that stays behind, and to axe. */
import { mkdirSync, readFileSync } from "node:fs"
import { createRequire } from "node:module"
import { join } from "node:path"
import type { AxeResults } from "axe-core"
import type { Page } from "playwright-core"
import { expect } from "vitest"

const SCREENSHOTS = new URL("screenshots", import.meta.url).pathname
const AXE = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8")

type Found = Pick<AxeResults, "violations" | "passes">

export async function shoot(page: Page, name: string): Promise<void> {
  mkdirSync(SCREENSHOTS, { recursive: true })
  await page.screenshot({ path: join(SCREENSHOTS, `${name}.png`) })
}

/** All that axe finds, as short sentences. It must have passed more than `atLeast` rules: one that looked at nothing finds nothing. */
export async function faults(page: Page, atLeast: number): Promise<string[]> {
  return sentences(await look(page, atLeast))
}

/** As `faults`, of those that are serious or worse. */
export async function seriousFaults(page: Page, atLeast: number): Promise<string[]> {
  const violations = await look(page, atLeast)
  return sentences(violations.filter(({ impact }) => impact === "serious" || impact === "critical"))
}

async function look(page: Page, atLeast: number): Promise<Found["violations"]> {
  await page.evaluate(AXE)
  const { violations, passes } = await page.evaluate(async (): Promise<Found> => {
    const { axe } = globalThis as unknown as { axe: { run(): Promise<AxeResults> } }
    return axe.run()
  })
  expect(passes.length, "axe looked at something").toBeGreaterThan(atLeast)
  return violations
}

function sentences(violations: Found["violations"]): string[] {
  return violations.flatMap(({ id, nodes }) => nodes.map(({ target, failureSummary }) => `${id}: ${target.join(" ")}: ${failureSummary}`))
}
