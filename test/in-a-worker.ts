/** Code of the package inside a Worker of its own, which has neither Node nor a page. */
import { build } from "esbuild"
import { Miniflare } from "miniflare"
import { ROOT } from "./imports-of.ts"

type Asked = { readonly body: string; readonly headers?: Record<string, string> }

/** Runs `work` while a Worker of this source lives, which imports from the project's root. `ask` POSTs to it and returns its JSON. */
export async function withWorker(source: string, work: (ask: (asked: Asked) => Promise<unknown>) => Promise<void>): Promise<void> {
  const { outputFiles } = await build({
    absWorkingDir: ROOT,
    stdin: { contents: source, resolveDir: ROOT },
    bundle: true,
    format: "esm",
    platform: "neutral",
    mainFields: ["module", "main"],
    conditions: ["workerd"],
    write: false,
  })
  const modules = { "index.js": { type: "esm" as const, contents: outputFiles[0]?.text ?? "" } }
  const miniflare = new Miniflare({
    workers: [{ config: { name: "backend", compatibilityDate: "2026-08-01", manifest: { mainModule: "index.js", modules } } }],
  })
  try {
    await work(async (asked) => {
      const answer = await miniflare.dispatchFetch("http://localhost/", { method: "POST", ...asked })
      return JSON.parse(await answer.text())
    })
  } finally {
    await miniflare.dispose()
  }
}
