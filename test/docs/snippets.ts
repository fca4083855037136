/** The fenced snippets of the project's pages. */
import { filesUnder, textOf } from "../imports-of.ts"

export type Snippet = {
  readonly page: string
  /** Of the fence, from 1. */
  readonly line: number
  readonly language: string
  readonly text: string
  /** The last heading above it. */
  readonly heading: string
}

const FENCE_OR_HEADING = /^(#+) (.*)$|^ *(```+)(\w*)[^\n]*\n([\s\S]*?)^ *\3 *$/gm

export function snippetsIn(page: string, text: string): Snippet[] {
  const found: Snippet[] = []
  let heading = ""
  for (const { index, 1: hashes, 2: title = "", 4: language = "", 5: body = "" } of text.matchAll(FENCE_OR_HEADING)) {
    if (hashes !== undefined) heading = title
    else found.push({ page, line: text.slice(0, index).split("\n").length, language, text: body, heading })
  }
  return found
}

export const pages = ["README.md", ...filesUnder("docs", /\.md$/).filter((page) => !page.includes("node_modules/"))]

export const snippets = pages.flatMap((page) => snippetsIn(page, textOf(page)))

/** The reference: what its headings name can be imported from the entry in whose section they stand. */
export const REFERENCE = "docs/api.md"

/** From what the entries export, types included, to the entry. */
export function exportsInReference(): Map<string, string> {
  const exported = new Map<string, string>()
  let entry = ""
  for (const [, section, name] of textOf(REFERENCE).matchAll(/^## (rollcall\/\w+)$|^### (\w+)/gm)) {
    if (section !== undefined) entry = section
    if (name !== undefined && !exported.has(name)) exported.set(name, entry)
  }
  return exported
}

/** Scripts that are given to Node within a shell snippet: node … -e '…'. */
export function scriptsIn(shell: string): string[] {
  return Array.from(shell.matchAll(/\bnode\b[^'"\n]*\s-e '([^']*)'/g), ([, script = ""]) => script)
}
