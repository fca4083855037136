/** `npm run docs`: docs/api.md, made of the docstrings of what the entries export; or the file that is given. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join, resolve } from "node:path"
import { Application, Converter, ReflectionKind } from "typedoc"
import { Concise } from "./theme.ts"

const here = import.meta.dirname
const root = join(here, "..", "..")
const out = resolve(process.argv[2] ?? join(root, "docs", "api.md"))

const ENTRIES = ["client", "deflate", "react", "server"]

const app = await Application.bootstrapWithPlugins({
  plugin: ["typedoc-plugin-markdown"],
  tsconfig: join(here, "entries.json"),
  entryPoints: ["client/index.ts", "deflate/index.ts", "react/index.tsx", "server/index.ts"].map((entry) => join(root, "src", entry)),
  basePath: join(root, "src"),
  // Another version of the compiler checks the code.
  skipErrorChecking: true,
  readme: "none",
  disableSources: true,
  hideGenerator: true,
  excludeInternal: true,
  excludePrivate: true,
  excludeExternals: true,
  sort: ["source-order"],
  groupOrder: ["Functions", "Interfaces", "Classes", "Type Aliases", "Variables"],
  logLevel: "Warn",
  validation: { notExported: true, invalidLink: true, notDocumented: false },
})
for (const [name, value] of Object.entries({
  router: "module",
  theme: "concise",
  hideBreadcrumbs: true,
  hidePageHeader: true,
  hidePageTitle: true,
  hideGroupHeadings: true,
  useCodeBlocks: true,
  useHTMLAnchors: true,
  expandParameters: true,
  parametersFormat: "none",
  interfacePropertiesFormat: "table",
  classPropertiesFormat: "table",
  typeAliasPropertiesFormat: "table",
  typeDeclarationFormat: "table",
  propertyMembersFormat: "table",
})) {
  app.options.setValue(name, value)
}
app.renderer.defineTheme("concise", Concise)
app.converter.on(Converter.EVENT_RESOLVE_BEGIN, ({ project }) => {
  const ofClasses = project.getReflectionsByKind(ReflectionKind.Constructor | ReflectionKind.Property)
  // Nobody but Rollcall makes its errors, and every error has a name.
  for (const one of ofClasses)
    if (one.parent?.kind === ReflectionKind.Class && /^(constructor|name)$/.test(one.name)) project.removeReflection(one)
})

const project = await app.convert()
if (project === undefined) throw new Error("the sources could not be read")
app.validate(project)
const draft = mkdtempSync(join(tmpdir(), "rollcall-reference-"))
app.options.setValue("outputs", [{ name: "markdown", path: draft }])
await app.generateOutputs(project)
const pages = ENTRIES.map((entry) => partOf(entry, readFileSync(join(draft, `${entry}.md`), "utf8")))
rmSync(draft, { recursive: true })
writeFileSync(out, `# API\n\nMade of the docstrings by \`npm run docs\`; a test holds it to them.\n\n${pages.join("\n\n")}\n`)

/** One page of the entries: its anchors and headings as they have to be on a page with the others. */
function partOf(entry: string, page: string): string {
  const linked = new Set(Array.from(page.matchAll(/\]\((?:\w+\.md)?#([^)]+)\)/g), ([, anchor]) => anchor))
  const text = page
    .replaceAll(/<a id="(property-[^"]+)"><\/a> /g, (whole, anchor) => (linked.has(anchor) ? whole : ""))
    .replaceAll("__namedParameters", "props")
    .replaceAll(/<a id="([^"]+)">/g, `<a id="${entry}-$1">`)
    .replaceAll(/\]\(#([^)]+)\)/g, `](#${entry}-$1)`)
    .replaceAll(/\]\((\w+)\.md#([^)]+)\)/g, "](#$1-$2)")
    .replaceAll(/^(#+) /gm, "#$1 ")
    .replaceAll(/\n\*\*\*\n/g, "")
    .replaceAll(/(?:^\|.*\n)+/gm, withoutModifiers)
    .replaceAll(/[ \t]+$/gm, "")
    .replaceAll(/\n{3,}/g, "\n\n")
    .trim()
  const names = Array.from(text.matchAll(/<a id="([^"]+)"><\/a>\n\n### (.+)/g), ([, anchor, name]) => `[${name}](#${anchor})`)
  return `## rollcall/${entry}\n\n${names.join(" · ")}\n\n${text}`
}

/** Everything is readonly: a column for that says nothing. */
function withoutModifiers(table: string): string {
  if (!/^\| \w+ \| Modifier \|/.test(table)) return table
  return table.replaceAll(/^\|((?:[^|\\]|\\.)*)\|(?:[^|\\]|\\.)*\|/gm, "|$1|")
}
