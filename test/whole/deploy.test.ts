/** What `wrangler deploy` would send, by a dry run of the real command; and that docs/deploy.md names all that it needs. */
import { execFileSync } from "node:child_process"
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { afterAll, beforeAll, describe, expect, it } from "vitest"
import { unstable_readConfig } from "wrangler"
import { z } from "zod"
import { textOf } from "../imports-of.ts"

const ROOT = new URL("../..", import.meta.url).pathname
/** docs/deploy.md states it. Cloudflare takes 3 MB at least; what grows this much deserves a look. */
const MAX_GZIP_KIB = 320

const configSchema = z.object({
  vars: z.record(z.string(), z.unknown()),
  migrations: z.array(
    z.object({ tag: z.string(), new_classes: z.array(z.string()).optional(), new_sqlite_classes: z.array(z.string()).optional() }),
  ),
  durable_objects: z.object({ bindings: z.array(z.object({ class_name: z.string() })) }),
  queues: z.object({
    producers: z.array(z.object({ queue: z.string() })),
    consumers: z.array(z.object({ queue: z.string(), dead_letter_queue: z.string() })),
  }),
})

const page = textOf("docs/deploy.md")
const config = configSchema.parse(unstable_readConfig({ config: join(ROOT, "wrangler.toml") }))
const folder = mkdtempSync(join(tmpdir(), "rollcall-deploy-"))
let output = ""

function dryRun(...flags: string[]): string {
  return execFileSync("npx", ["wrangler", "deploy", "--dry-run", ...flags], {
    cwd: ROOT,
    encoding: "utf8",
    env: { ...process.env, NO_COLOR: "1", WRANGLER_SEND_METRICS: "false", WRANGLER_HIDE_BANNER: "true" },
  })
}

beforeAll(() => {
  output = dryRun("--outdir", folder)
})
afterAll(() => rmSync(folder, { recursive: true, force: true }))

describe("wrangler deploy --dry-run", () => {
  it("[DP4] has every binding that the Worker uses", () => {
    for (const binding of ["env.ROOM (Room)", "env.DIRECTORY (Directory)", "env.WEBHOOKS (rollcall-webhooks)", "env.ASSETS"]) {
      expect(output).toContain(binding)
    }
    expect(output).toContain("--dry-run: exiting now")
    // Secrets and switches are the deployment's own: none comes along.
    expect(config.vars).toEqual({})
  })

  it("[DP4] has those that are offered behind comment signs, once these are off, and not before", () => {
    const text = readFileSync(join(ROOT, "wrangler.toml"), "utf8")
    const uncommented = text.replaceAll(/^# (?=\[\[|\w+ = ["{])/gm, "")
    const absolute = uncommented.replaceAll(/^(main|directory) = "/gm, `$1 = "${ROOT}`).replace(/^\[build\][^[]*/m, "")
    const config = join(folder, "wrangler.toml")
    writeFileSync(config, absolute)
    const offered = ["env.ANALYTICS (rollcall)", "env.CONNECT_RATE (300 requests/10s)"]
    const sent = dryRun("--config", config)
    for (const binding of offered) {
      expect(sent).toContain(binding)
      expect(output).not.toContain(binding)
    }
  })

  it("[DP4] sends a bundle below the stated size", () => {
    const gzip = Number(/gzip: ([\d.]+) KiB/.exec(output)?.[1])
    expect(gzip).toBeGreaterThan(50)
    expect(gzip).toBeLessThan(MAX_GZIP_KIB)
    expect(page).toContain(`${MAX_GZIP_KIB} KiB`)
  })

  it("[DP4] exports each object's class, which a migration makes with SQLite, once", () => {
    const exported = /export \{([^}]*)\};?\s*(\/\/.*)?\s*$/.exec(readFileSync(join(folder, "index.js"), "utf8"))?.[1] ?? ""
    const names = exported.split(",").map((name) => name.trim().split(" as ").at(-1))
    const made = config.migrations.flatMap((migration) => migration.new_sqlite_classes ?? [])
    const bound = config.durable_objects.bindings.map((binding) => binding.class_name)
    expect(bound.length).toBeGreaterThan(1)
    expect([...made].sort()).toEqual([...bound].sort())
    for (const name of bound) expect(names).toContain(name)
    expect(new Set(config.migrations.map(({ tag }) => tag)).size).toBe(config.migrations.length)
    expect(config.migrations.map(({ new_classes }) => new_classes).filter((classes) => classes !== undefined)).toEqual([])
  })
})

describe("docs/deploy.md", () => {
  it("[DP5] creates every queue that wrangler.toml names, and puts every secret", () => {
    const { producers, consumers } = config.queues
    const queues = [...producers.map(({ queue }) => queue), ...consumers.flatMap((each) => [each.queue, each.dead_letter_queue])]
    expect(queues.length).toBeGreaterThan(2)
    for (const queue of queues) expect(page).toContain(`wrangler queues create ${queue}\n`)
    const secrets = Array.from(textOf("docs/protocol.md").matchAll(/^\| `([A-Z_]+)` \(secret\)/gm), ([, name]) => name)
    expect(secrets.length).toBeGreaterThan(2)
    for (const secret of secrets) expect(page).toContain(`wrangler secret put ${secret}\n`)
  })

  it("[DP5] names every place for which there is a setting", () => {
    for (const name of ["LOCATION_HINT", "JURISDICTION"]) expect(page).toContain(`\`${name}\``)
  })
})
