/** Writes what was measured into a page of docs/, between two markers; the prose around them is left alone. */
import { readFileSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { ROOT } from "./build.ts"

export function writeSection(page: string, section: string, content: string): void {
  const path = join(ROOT, "docs", page)
  const begin = `<!-- ${section}: begin, written by the benchmark -->`
  const end = `<!-- ${section}: end -->`
  const text = readFileSync(path, "utf8")
  const from = text.indexOf(begin)
  const to = text.indexOf(end)
  if (from < 0 || to < from) throw new Error(`docs/${page} has no markers "${begin}" and "${end}"`)
  writeFileSync(path, `${text.slice(0, from + begin.length)}\n\n${content.trim()}\n\n${text.slice(to)}`)
}

/** A picture beside the pages of docs/. */
export function writePicture(file: string, svg: string): void {
  writeFileSync(join(ROOT, "docs", file), svg)
}
