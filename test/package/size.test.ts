import { gzipSync } from "node:zlib"
import { build } from "esbuild"
import { expect, it } from "vitest"
import { ROOT } from "../imports-of.ts"

/** What a visitor of an app pays for presence, dependencies included. */
const CLIENT_BUDGET_BYTES = 8000

it(`[PK6] rollcall/client is ${CLIENT_BUDGET_BYTES} bytes at most, minified and compressed, with all that it needs`, async () => {
  const { outputFiles, metafile } = await build({
    absWorkingDir: ROOT,
    entryPoints: ["src/client/index.ts"],
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
  expect(
    bytes,
    `rollcall/client is ${bytes} bytes min+gzip, ${bytes - CLIENT_BUDGET_BYTES} over; the largest before gzip: ${told}`,
  ).toBeLessThanOrEqual(CLIENT_BUDGET_BYTES)
})
