/** `npm run bench -- browser`: what a crowd that moves costs one page that watches it, in a real Chromium, with text and with compressed frames. */
import { mkdtempSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { setTimeout as sleep } from "node:timers/promises"
import { build } from "esbuild"
import type { Browser, BrowserContext, CDPSession, Page } from "playwright-core"
import { z } from "zod"
import { mintToken } from "../src/token/token.ts"
import { launchChromium } from "../test/whole/chromium.ts"
import { BENCH } from "./build.ts"
import { describeMachine } from "./machine.ts"
import { writeSection } from "./page.ts"
import { markdown } from "./report/markdown.ts"
import { generate } from "./rounds.ts"
import { Server } from "./server.ts"
import { format, median } from "./statistics.ts"
import { prepareTarget, type Target } from "./targets.ts"

const MEMBERS = 200
const RATE = 10
const ROUNDS = 3
const WARM_S = 2
const MEASURE_S = 8
const CROWD_LIMIT_MS = 15_000
/** The crowd moves on until the page has been measured, also on a busy machine. */
const SPARE_S = 4

const MODES = ["text", "compressed"] as const
type Mode = (typeof MODES)[number]

const counts = z.object({ changes: z.number(), frames: z.number(), bytes: z.number(), others: z.number(), reason: z.unknown() })
const metrics = z.object({ metrics: z.array(z.object({ name: z.string(), value: z.number() })) })

type Reading = z.infer<typeof counts> & { readonly taskS: number; readonly at: number }

/** Per second of the measured stretch. */
type Measured = {
  readonly mode: Mode
  readonly taskMs: number
  readonly kilobytes: number
  readonly frames: number
  readonly changes: number
  readonly heapMb: number
}

const COLUMNS: readonly (readonly [head: string, pick: (measured: Measured) => number])[] = [
  ["main thread ms/s", ({ taskMs }) => taskMs],
  ["kB/s received", ({ kilobytes }) => kilobytes],
  ["frames/s", ({ frames }) => frames],
  ["changes/s", ({ changes }) => changes],
  ["JS heap MB", ({ heapMb }) => heapMb],
]

export async function benchBrowser(write: boolean): Promise<void> {
  const scratch = mkdtempSync(join(tmpdir(), "rollcall-bench-"))
  process.on("exit", () => rmSync(scratch, { recursive: true, force: true }))
  const target = await prepareTarget("rollcall", scratch)
  const script = await bundled()
  const browser = await launchChromium()
  const all: Measured[] = []
  try {
    for (let round = 0; round < ROUNDS; round++) {
      for (const mode of round % 2 === 0 ? MODES : MODES.toReversed()) {
        const measured = await measure(browser, target, script, mode)
        console.error(`${mode}: ${COLUMNS.map(([head, pick]) => `${format(pick(measured))} ${head}`).join(", ")}`)
        all.push(measured)
      }
    }
  } finally {
    await browser.close()
  }
  const rows = MODES.map((mode) => {
    const runs = all.filter((measured) => measured.mode === mode)
    return [mode, ...COLUMNS.map(([, pick]) => format(median(runs.map(pick))))]
  })
  const report = [
    `Made by \`npm run bench -- browser\`: one page among ${MEMBERS} members who move ${RATE} times a second each; ${ROUNDS} rounds of ${MEASURE_S} s, medians, each on a fresh server and a fresh page. Chromium ${browser.version()}, headless.`,
    describeMachine(["workerd"]),
    markdown(["frames", ...COLUMNS.map(([head]) => head)].join("|"), rows),
  ].join("\n\n")
  console.log(report)
  if (write) writeSection("performance.md", "browser", report)
}

async function bundled(): Promise<string> {
  const { outputFiles } = await build({
    entryPoints: [join(BENCH, "browser", "page.ts")],
    bundle: true,
    minify: true,
    format: "iife",
    target: "es2022",
    write: false,
    logLevel: "error",
  })
  return outputFiles[0]?.text ?? ""
}

async function measure(browser: Browser, target: Target, script: string, mode: Mode): Promise<Measured> {
  const server = await Server.start(target.launch)
  const context = await browser.newContext({ bypassCSP: true })
  try {
    const page = await pageOf(context, server.port, script)
    const token = await tokenOf(target)
    // The generator's only room is r0.
    const asked = { url: `http://127.0.0.1:${server.port}`, token, room: "r0", deflate: mode === "compressed" }
    await page.evaluate(`watchCrowd(${JSON.stringify(asked)})`)
    const devtools = await context.newCDPSession(page)
    const scenario = { kind: "storm", rooms: 1, perRoom: MEMBERS, rate: RATE, warmS: WARM_S, measureS: MEASURE_S + SPARE_S } as const
    const crowd = generate({ adapter: target.adapter, port: server.port, pid: server.pid, scenario })
    // Together, so that neither's fault is lost while the other goes on.
    const [measured] = await Promise.all([watch(page, devtools, mode), crowd])
    return measured
  } finally {
    await context.close()
    await server.stop()
  }
}

async function tokenOf({ adapter }: Target): Promise<string> {
  if (adapter.kind !== "rollcall") throw new Error("only Rollcall has tokens")
  const exp = Math.floor(Date.now() / 1000) + 3600
  return await mintToken({ sub: "page", exp, info: {}, rooms: { "*": ["subscribe"] } }, adapter.secret)
}

/** On a page of the service, since a made-up one may not speak to this machine; its policy is put aside. */
async function pageOf(context: BrowserContext, port: number, script: string): Promise<Page> {
  const page = await context.newPage()
  await page.goto(`http://127.0.0.1:${port}/v1/health`)
  await page.evaluate(script)
  return page
}

/** The stretch begins once the page sees the whole crowd and has seen it move for a while. */
async function watch(page: Page, devtools: CDPSession, mode: Mode): Promise<Measured> {
  await devtools.send("Performance.enable")
  const limit = Date.now() + CROWD_LIMIT_MS
  let still = await read(page, devtools)
  for (; still.others < MEMBERS; still = await read(page, devtools)) {
    if (Date.now() > limit) throw new Error(`the page sees ${still.others} of ${MEMBERS}: ${JSON.stringify(still.reason)}`)
    await sleep(50)
  }
  while ((await read(page, devtools)).changes < still.changes + 2 * RATE) await sleep(50)
  const before = await read(page, devtools)
  await sleep(MEASURE_S * 1000)
  const after = await read(page, devtools)
  await sleep(500)
  if ((await read(page, devtools)).changes === after.changes) throw new Error("the crowd stood still before the page was measured")
  const seconds = after.at - before.at
  const heap = metric(metrics.parse(await devtools.send("Performance.getMetrics")), "JSHeapUsedSize")
  return {
    mode,
    taskMs: ((after.taskS - before.taskS) * 1000) / seconds,
    kilobytes: (after.bytes - before.bytes) / 1000 / seconds,
    frames: (after.frames - before.frames) / seconds,
    changes: (after.changes - before.changes) / seconds,
    heapMb: heap / 1e6,
  }
}

async function read(page: Page, devtools: CDPSession): Promise<Reading> {
  const counted = counts.parse(await page.evaluate("counted()"))
  const measured = metrics.parse(await devtools.send("Performance.getMetrics"))
  return {
    ...counted,
    taskS: metric(measured, "TaskDuration"),
    at: metric(measured, "Timestamp"),
  }
}

function metric({ metrics: all }: z.infer<typeof metrics>, wanted: string): number {
  const found = all.find(({ name }) => name === wanted)
  if (found === undefined) throw new Error(`Chromium tells no ${wanted}`)
  return found.value
}
