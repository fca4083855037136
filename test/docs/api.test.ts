import { execFileSync } from "node:child_process"
import { mkdtempSync, readFileSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { expect, it } from "vitest"
import { ROOT, textOf } from "../imports-of.ts"
import { REFERENCE } from "./snippets.ts"

it("[DC4] the reference says what the docstrings say: npm run docs makes it anew", { timeout: 60_000 }, () => {
  const folder = mkdtempSync(join(tmpdir(), "rollcall-api-"))
  try {
    const made = join(folder, "api.md")
    execFileSync(process.execPath, [join(ROOT, "docs/reference/generate.ts"), made], { cwd: ROOT, stdio: "pipe" })
    expect(textOf(REFERENCE)).toBe(readFileSync(made, "utf8"))
  } finally {
    rmSync(folder, { recursive: true })
  }
})

it("[DC4] the reference links to nothing that is not on it", () => {
  const page = textOf(REFERENCE)
  const anchors = new Set(Array.from(page.matchAll(/<a id="([^"]+)">/g), ([, anchor]) => anchor))
  const links = Array.from(page.matchAll(/\]\(([^)]+)\)/g), ([, link = ""]) => link)
  expect(links.length).toBeGreaterThan(100)
  expect(links.filter((link) => !/^https?:/.test(link) && !anchors.has(link.replace(/^#/, "")))).toEqual([])
})
