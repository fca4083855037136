/**
 * `npm run soak`: half an hour of 500 connections that come and go; memory and latency over time, a plot and a verdict on growth.
 */
import { randomBytes } from "node:crypto"
import { appendFileSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { dirname, join } from "node:path"
import { setTimeout as sleep } from "node:timers/promises"
import { parseArgs } from "node:util"
import { buildRollcall, ROOT } from "./build.ts"
import { describeMachine } from "./machine.ts"
import { writeSection } from "./page.ts"
import { Server } from "./server.ts"
import { Load } from "./soak/load.ts"
import { soakPage, soakPlot } from "./soak/report.ts"
import { sampleSchema } from "./soak/sample.ts"
import { Sampler } from "./soak/sampler.ts"
import { inWorkerd, ROLLCALL_OBJECTS } from "./targets.ts"

const USAGE = `npm run soak -- [options]
  --minutes 30        how long the load goes on
  --connections 500   how many are connected
  --rooms 10          over so many rooms
  --rate 0.1          updates a second of each connection
  --life 60           seconds until something happens to a connection, on average
  --every 10          seconds between two samples
  --samples file      where the samples go, one JSON object a line
  --from file         no run: the report of the samples of an earlier one
  --write             puts the report into docs/soak.md and docs/soak.svg`

const { values } = parseArgs({
  options: {
    minutes: { type: "string", default: "30" },
    connections: { type: "string", default: "500" },
    rooms: { type: "string", default: "10" },
    rate: { type: "string", default: "0.1" },
    life: { type: "string", default: "60" },
    every: { type: "string", default: "10" },
    samples: { type: "string", default: join(ROOT, "dist", "soak", "samples.ndjson") },
    from: { type: "string" },
    write: { type: "boolean", default: false },
    help: { type: "boolean", default: false },
  },
})

/** After the load ends, so long until nobody may be left over: the grace, and a little. */
const SETTLE_MS = 15_000

const plan = {
  connections: Number(values.connections),
  rooms: Number(values.rooms),
  rate: Number(values.rate),
  lifeS: Number(values.life),
}

if (values.help) console.log(USAGE)
else {
  if (values.from === undefined) await run()
  report(values.from ?? values.samples)
}

async function run(): Promise<void> {
  const scratch = mkdtempSync(join(tmpdir(), "rollcall-soak-"))
  process.on("exit", () => rmSync(scratch, { recursive: true, force: true }))
  const secret = randomBytes(32).toString("hex")
  const adminKey = randomBytes(16).toString("hex")
  const module = buildRollcall(scratch)
  const variables = { TOKEN_SECRETS: secret, ADMIN_KEYS: adminKey }
  const server = await Server.start(inWorkerd({ module, objects: ROLLCALL_OBJECTS, variables }))
  mkdirSync(dirname(values.samples), { recursive: true })
  rmSync(values.samples, { force: true })
  const load = new Load(server.port, secret, plan)
  await load.begin()
  const sampler = new Sampler({ port: server.port, pid: server.pid, adminKey, directory: scratch, load })
  const endsAt = Date.now() + Number(values.minutes) * 60_000
  while (Date.now() < endsAt) {
    await sleep(Number(values.every) * 1000)
    await record(sampler)
  }
  load.pause()
  await sleep(SETTLE_MS)
  await record(sampler)
  load.end()
  await server.stop()
}

async function record(sampler: Sampler): Promise<void> {
  const line = JSON.stringify(await sampler.take())
  appendFileSync(values.samples, `${line}\n`)
  console.error(line)
}

function report(file: string): void {
  const samples = readFileSync(file, "utf8")
    .trim()
    .split("\n")
    .map((line) => sampleSchema.parse(JSON.parse(line)))
  const soak = { plan, machine: describeMachine(["wrangler", "workerd"]), samples }
  console.log(soakPage(soak))
  if (!values.write) return
  writeSection("soak.md", "soak", soakPage(soak))
  writeFileSync(join(ROOT, "docs", "soak.svg"), soakPlot(soak))
}
