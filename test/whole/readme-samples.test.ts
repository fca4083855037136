/** The README's samples, run as they stand there: a backend that mints, two pages that see each other's cursors, an operator who kicks. */
import { type ChildProcess, spawn } from "node:child_process"
import { once } from "node:events"
import { createServer, type Server } from "node:http"
import { join } from "node:path"
import { build } from "esbuild"
import type { Page } from "playwright-core"
import { afterAll, beforeAll, describe, expect } from "vitest"
import { snippets } from "../docs/snippets.ts"
import { type Consumer, installPackage } from "../package/consumer.ts"
import { itInBrowser } from "./browser.ts"
import { soon } from "./demo-page.ts"
import { serviceForFile } from "./service.ts"

const service = serviceForFile()
const it = itInBrowser()

let consumer: Consumer
let backend: ChildProcess
let backendPort = 0
const sites: Server[] = []

beforeAll(async () => {
  consumer = installPackage()
  const free = createServer().listen(0, "127.0.0.1")
  backendPort = await portOf(free)
  free.close()
  consumer.write("backend.ts", sample("createServer"))
  backend = spawn(process.execPath, [join(consumer.folder, "backend.ts")], { stdio: ["ignore", "ignore", "inherit"] })
}, 60_000)
afterAll(async () => {
  for (const site of sites) site.close()
  if (backend.exitCode === null) {
    backend.kill()
    await once(backend, "exit")
  }
  consumer.remove()
})

/** The README's sample that holds this, spoken to the service and the backend of this file. */
function sample(part: string): string {
  const found = snippets.filter(({ page, language, text }) => page === "README.md" && /^tsx?$/.test(language) && text.includes(part))
  const [one] = found
  if (one === undefined || found.length > 1) throw new Error(`${found.length} samples of the README hold ${part}`)
  return one.text
    .replaceAll("http://localhost:8787", service.url)
    .replaceAll("http://localhost:3000", `http://localhost:${backendPort}`)
    .replaceAll("listen(3000)", `listen(${backendPort})`)
}

async function portOf(server: Server): Promise<number> {
  if (!server.listening) await once(server, "listening")
  const address = server.address()
  if (address === null || typeof address === "string") throw new Error("no port")
  return address.port
}

/** A site with this sample alone, on an origin of its own; its address. */
async function siteOf(code: string): Promise<string> {
  const { outputFiles } = await build({
    stdin: { contents: code, loader: "tsx", resolveDir: consumer.folder },
    bundle: true,
    format: "esm",
    jsx: "automatic",
    define: { "process.env.NODE_ENV": '"production"' },
    write: false,
    // What a user would have installed beside the package.
    nodePaths: [join(import.meta.dirname, "../../node_modules")],
  })
  const script = outputFiles[0]?.text ?? ""
  const site = createServer((request, response) => {
    response.setHeader("content-type", request.url === "/app.js" ? "text/javascript" : "text/html")
    response.end(
      request.url === "/app.js" ? script : '<!doctype html><body><div id="root"></div><script type="module" src="/app.js"></script>',
    )
  }).listen(0, "127.0.0.1")
  sites.push(site)
  return `http://localhost:${await portOf(site)}/`
}

/** Where the only other's cursor is drawn, and what it says; null: nowhere. */
function cursorOn(page: Page): Promise<string | null> {
  return page.evaluate(() => {
    const label = document.querySelector("b")
    return label === null ? null : `${label.textContent} ${label.style.left} ${label.style.top}`
  })
}

describe("the README's samples", () => {
  it("[DC6] work as they stand there: cursors in React and in plain DOM, from the tokens of the backend, and the operator's", async ({
    browse,
  }) => {
    const react = `${sample("export const App")}
      import { createRoot } from "react-dom/client"
      createRoot(document.getElementById("root")).render(<App />)`
    const [reactSite, domSite] = await Promise.all([siteOf(react), siteOf(sample("replaceChildren"))])
    const context = await browse()
    const one = await context.newPage()
    const other = await context.newPage()
    await one.goto(reactSite)
    await other.goto(domSite)
    await soon(async () => {
      await one.mouse.move(110, 120 + Math.random())
      return cursorOn(other)
    }).toMatch(/^Anna 110px 12\d/)
    await other.mouse.move(210, 220)
    await soon(() => cursorOn(one)).toBe("Anna 210px 220px")
    consumer.write("operate.ts", sample("memberPages"))
    expect(consumer.node("operate.ts")).toBe("[ 'anna' ]\n")
    // Both pages are Anna's. Who was kicked stays away, and the sample bears that nobody is there.
    expect(consumer.node("operate.ts")).toBe("[]\n")
  })
})
