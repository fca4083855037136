import { execFileSync } from "node:child_process"
import * as react from "react"
import { afterAll, beforeAll, describe, expect, it } from "vitest"
import { type Consumer, installPackage } from "../package/consumer.ts"
import { exportsInReference, pages, REFERENCE, type Snippet, scriptsIn, snippets, snippetsIn } from "./snippets.ts"

const CODE = ["ts", "tsx", "js", "jsx", "mjs"]
const SHELL = ["sh", "bash"]
const OPTIONS = {
  module: "ESNext",
  moduleResolution: "bundler",
  jsx: "react-jsx",
  skipLibCheck: true,
  allowJs: true,
  checkJs: true,
  types: ["node"],
}

let consumer: Consumer
beforeAll(() => {
  consumer = installPackage()
}, 60_000)
afterAll(() => consumer.remove())

/** Where a compiler's complaint about a snippet's file points to on its page. */
function fileOf({ page, line, language }: Snippet): string {
  return `${page.replaceAll(/\W/g, "-")}-line-${line}.${language}`
}

function compile(all: readonly Snippet[], preludes: ReadonlyMap<Snippet, string> = new Map()): string[] {
  // The last line keeps one snippet's names out of another's.
  const files = all.map((snippet) => consumer.write(fileOf(snippet), `${snippet.text}\nexport {}\n${preludes.get(snippet) ?? ""}`))
  return files.length === 0 ? [] : consumer.compile(7, OPTIONS, files)
}

describe("snippets", { timeout: 60_000 }, () => {
  it("are found, with their page, line, language and heading", () => {
    const page = "# A\n\n```ts\nconst a = 1\n```\n\n## B\n\ntext `x`\n\n```tsx title\n<a />\n\n# no heading\n```\n"
    expect(snippetsIn("page.md", page)).toEqual([
      { page: "page.md", line: 3, language: "ts", text: "const a = 1\n", heading: "A" },
      { page: "page.md", line: 11, language: "tsx", text: "<a />\n\n# no heading\n", heading: "B" },
    ])
    expect(pages).toEqual(expect.arrayContaining(["README.md", REFERENCE, "docs/protocol.md"]))
    expect(snippets.length).toBeGreaterThan(20)
  })

  it("[DC1] compile for whoever has installed the package", () => {
    const code = snippets.filter(({ page, language }) => page !== REFERENCE && CODE.includes(language))
    expect(compile(code)).toEqual([])
  })

  it("[DC1] would be found if they did not", () => {
    const wrong = ['import { createClient } from "rollcall/client"', 'createClient({ url: "", token: "" }).room("doc-1").enter(1)']
    const complaints = compile(snippetsIn("wrong.md", `\n\`\`\`ts\n${wrong.join("\n")}\n\`\`\`\n`))
    expect(complaints).toEqual([expect.stringMatching(/^wrong-md-line-2\.ts:2 TS2345/)])
  })

  it("[DC2] compile in the reference's examples: what they do not import is Rollcall's, React's or their app's", () => {
    const examples = snippets.filter(
      ({ page, language, heading }) => page === REFERENCE && CODE.includes(language) && heading === "Example",
    )
    expect(examples.length).toBeGreaterThan(5)
    const exported = exportsInReference()
    const preludes = new Map(examples.map((example) => [example, ""]))
    for (const complaint of compile(examples)) {
      const [, file, name] = /^(\S+):\d+ TS(?:2304|2552|2503) Cannot find name(?:space)? '(\w+)'/.exec(complaint) ?? []
      const example = examples.find((one) => fileOf(one) === file)
      if (example === undefined || name === undefined) continue
      const from = exported.get(name) ?? (name in react ? "react" : null)
      const line = from === null ? `declare const ${name}: any\n` : `import { ${name} } from "${from}"\n`
      if (!preludes.get(example)?.includes(line)) preludes.set(example, `${preludes.get(example)}${line}`)
    }
    expect(compile(examples, preludes)).toEqual([])
  })

  const shell = snippets.filter(({ language }) => SHELL.includes(language))
  it.each(shell.map((snippet) => [`${snippet.page}:${snippet.line}`, snippet] as const))(
    "[DC3] are sound shell: %s",
    (_where, { text }) => {
      expect(() => execFileSync("bash", ["-n", "-c", text], { stdio: "pipe" })).not.toThrow()
      for (const script of scriptsIn(text)) {
        consumer.write("script.mjs", script)
        expect(consumer.node("--check", "script.mjs")).toBe("")
      }
    },
  )

  it("[DC3] in the shell's scripts for Node, a fault would be found", () => {
    expect(shell.flatMap(({ text }) => scriptsIn(text)).length).toBeGreaterThan(0)
    const [script = ""] = scriptsIn("npm exec -- node --input-type=module -e '\nconst a = = 1\n' anna")
    consumer.write("script.mjs", script)
    expect(() => consumer.node("--check", "script.mjs")).toThrow(/SyntaxError/)
  })
})
