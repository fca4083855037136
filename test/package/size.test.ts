import { gzipSync } from "node:zlib"
import { build } from "esbuild"
import { expect, it } from "vitest"
import { ROOT } from "../imports-of.ts"

/** What a visitor of an app pays for presence, and for compressed frames on top, dependencies included. */
const BUDGETS_BYTES = [
  ["client", 8000],
  ["deflate", 1000],
] as const

it.each(BUDGETS_BYTES)("[PK6] rollcall/%s is %i bytes at most, minified and compressed, with all that it needs", async (entry, budget) => {
  const { outputFiles, metafile } = await build({
    absWorkingDir: ROOT,
    entryPoints: [`src/${entry}/index.ts`],
    bundle: true,
    minify: true,
    format: "esm",
    target: "es2022",
    write: false,
    metafile: true,
    outdir: "out",
  })
  const bytes = outputFiles.reduce((sum, { contents }) => sum + gzipSync(contents, { level: 9 }).length, 0)
  const parts = Object.values(metafile.outputs).flatMap(({ inputs }) =>
    Object.entries(inputs).map(([file, { bytesInOutput }]) => ({ file, bytesInOutput })),
  )
  const largest = parts.sort((a, b) => b.bytesInOutput - a.bytesInOutput).slice(0, 8)
  const told = largest.map(({ file, bytesInOutput }) => `${bytesInOutput} ${file}`).join(", ")
  const excess = `rollcall/${entry} is ${bytes} bytes min+gzip, ${bytes - budget} over; the largest before gzip: ${told}`
  expect(bytes, excess).toBeLessThanOrEqual(budget)
})
