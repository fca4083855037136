/** Bundles the pages that the Worker serves into dist/web; wrangler runs it before it serves or deploys. */
import { mkdirSync, readFileSync, renameSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { build } from "esbuild"

const sources = import.meta.dirname
const out = join(sources, "..", "..", "dist", "web")
const pages = ["demo", "console"]
/** Of pages that the Worker writes itself. */
const styles = ["docs"]

/** Nothing is touched that did not change: other servers on this machine watch the same files. */
function put(path: string, contents: Uint8Array): void {
  try {
    if (readFileSync(path).equals(contents)) return
  } catch {
    // Not there yet.
  }
  const draft = `${path}.${process.pid}`
  writeFileSync(draft, contents)
  renameSync(draft, path)
}

for (const page of pages) {
  const from = join(sources, page)
  const to = join(out, page)
  mkdirSync(to, { recursive: true })
  put(join(to, "index.html"), readFileSync(join(from, "index.html")))
  const bundled = await build({
    entryPoints: [join(from, `${page}.ts`), join(from, `${page}.css`)],
    outdir: to,
    bundle: true,
    minify: true,
    format: "esm",
    target: "es2022",
    write: false,
    logLevel: "warning",
  })
  for (const { path, contents } of bundled.outputFiles) put(path, contents)
}

for (const style of styles) {
  const entry = join(sources, style, `${style}.css`)
  const { outputFiles } = await build({
    entryPoints: [entry],
    outdir: join(out, style),
    bundle: true,
    minify: true,
    write: false,
    logLevel: "warning",
  })
  mkdirSync(join(out, style), { recursive: true })
  for (const { path, contents } of outputFiles) put(path, contents)
}
