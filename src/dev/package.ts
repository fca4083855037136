/** `npm run build:package`: what npm users install, made of src into dist/package, or into the folder that is given. */
import { execFileSync } from "node:child_process"
import { mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs"
import { createRequire } from "node:module"
import { dirname, join, relative, resolve } from "node:path"
import { build } from "esbuild"

const here = import.meta.dirname
const root = join(here, "..", "..")
const out = resolve(process.argv[2] ?? join(root, "dist", "package"))

const ENTRIES = ["client/index.ts", "deflate/index.ts", "react/index.tsx", "server/index.ts"]

/** In a declaration, the import of a neighbour; its extension is the source's. */
const NEIGHBOUR = /(\bfrom |\bimport\(|\bimport )"(\.{1,2}\/[^"]+)\.tsx?"/g

/** For every platform. What entries have in common they share, so that one class has one identity. */
async function emitCode(): Promise<void> {
  await build({
    absWorkingDir: root,
    entryPoints: ENTRIES.map((entry) => ({ in: `src/${entry}`, out: dirname(entry) })),
    outdir: out,
    chunkNames: "shared-[hash]",
    bundle: true,
    splitting: true,
    packages: "external",
    platform: "neutral",
    format: "esm",
    target: "es2022",
    jsx: "automatic",
    logLevel: "warning",
  })
}

/** The command, in a file of its own: what it shares with the entries must not change how they are cut. */
async function emitCommand(): Promise<void> {
  await build({
    absWorkingDir: root,
    entryPoints: { cli: "src/cli/main.ts" },
    outdir: out,
    bundle: true,
    packages: "external",
    platform: "node",
    format: "esm",
    target: "node20",
    logLevel: "warning",
  })
}

/** The declarations that the entries reach, and no others. */
function emitDeclarations(): void {
  const draft = join(out, "draft")
  const tsc = join(dirname(createRequire(import.meta.url).resolve("typescript/package.json")), "bin", "tsc")
  execFileSync(process.execPath, [tsc, "-p", join(here, "declarations.json"), "--outDir", draft], { stdio: "inherit" })
  const reached = new Set(ENTRIES.map((entry) => join(draft, entry.replace(/\.tsx?$/, ".d.ts"))))
  // A set gives what is added to it on the way as well.
  for (const file of reached) {
    const text = readFileSync(file, "utf8")
    for (const [, , neighbour] of text.matchAll(NEIGHBOUR)) reached.add(join(dirname(file), `${neighbour}.d.ts`))
    const target = join(out, "types", relative(draft, file))
    mkdirSync(dirname(target), { recursive: true })
    // Every version and every setting of the compiler finds the declaration beside a ".js" that is not there.
    const portable = text.replaceAll(NEIGHBOUR, '$1"$2.js"')
    writeFileSync(target, text.includes("Symbol.dispose") ? `/// <reference lib="esnext.disposable" />\n${portable}` : portable)
  }
  rmSync(draft, { recursive: true })
}

rmSync(out, { recursive: true, force: true })
await emitCode()
await emitCommand()
emitDeclarations()
