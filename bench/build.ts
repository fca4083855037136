/** What is measured, built: Rollcall as it would be deployed, the peers' Workers by esbuild. */
import { spawnSync } from "node:child_process"
import { existsSync, readFileSync } from "node:fs"
import { createRequire } from "node:module"
import { dirname, join } from "node:path"
import { fileURLToPath } from "node:url"
import { build } from "esbuild"

export const BENCH = dirname(fileURLToPath(import.meta.url))
export const ROOT = dirname(BENCH)

const require = createRequire(import.meta.url)

const QUIET = {
  WRANGLER_SEND_METRICS: "false",
  WRANGLER_SEND_ERROR_REPORTS: "false",
  CLOUDFLARE_CF_FETCH_ENABLED: "false",
  WRANGLER_HIDE_BANNER: "true",
}

/** The peers' packages, when they are absent: the root's install does without them. */
export function installPeers(): void {
  if (existsSync(join(BENCH, "node_modules", "partyserver"))) return
  console.error("installing the peers of the benchmark (npm ci --prefix bench)")
  run("npm", ["ci", "--prefix", BENCH])
}

/** Bundles the Worker of wrangler.toml into `directory` and returns the module's path. */
export function buildRollcall(directory: string): string {
  const wrangler = join(dirname(require.resolve("wrangler/package.json")), "bin", "wrangler.js")
  run(process.execPath, [wrangler, "deploy", "--dry-run", "--outdir", directory])
  return join(directory, "index.js")
}

/** Bundles one of our own Workers, given its path below bench/. */
export async function buildWorker(source: string, directory: string): Promise<string> {
  const outfile = join(directory, "index.js")
  await build({
    entryPoints: [join(BENCH, source)],
    outfile,
    bundle: true,
    format: "esm",
    target: "es2024",
    external: ["cloudflare:*", "node:*"],
    conditions: ["workerd", "worker", "browser"],
    logLevel: "error",
  })
  return outfile
}

/** The date that wrangler.toml names: the peers are run with the same. */
export function compatibilityFlags(): string[] {
  const list = /^compatibility_flags *= *\[(.*)\]/m.exec(readFileSync(join(ROOT, "wrangler.toml"), "utf8"))?.[1] ?? ""
  return [...list.matchAll(/"(.+?)"/g)].map(([, flag]) => flag ?? "")
}

export function compatibilityDate(): string {
  const date = /^compatibility_date *= *"(.+)"/m.exec(readFileSync(join(ROOT, "wrangler.toml"), "utf8"))?.[1]
  if (date === undefined) throw new Error("wrangler.toml names no compatibility_date")
  return date
}

/** The runtime that wrangler brings along. */
export function workerdBinary(): string {
  const workerd: { default: string } = createRequire(require.resolve("wrangler/package.json"))("workerd")
  return workerd.default
}

export function installedVersion(name: string): string {
  for (const directory of [BENCH, ROOT]) {
    const manifest = join(directory, "node_modules", name, "package.json")
    if (existsSync(manifest)) return String(JSON.parse(readFileSync(manifest, "utf8")).version)
  }
  return "absent"
}

/** Its output is shown only when it fails. */
function run(command: string, args: readonly string[]): void {
  const { status, stdout, stderr, error } = spawnSync(command, args, { cwd: ROOT, encoding: "utf8", env: { ...process.env, ...QUIET } })
  if (status !== 0) throw new Error(`${command} ${args.join(" ")} failed: ${error?.message ?? `${stdout}${stderr}`}`)
}
