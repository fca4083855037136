/** `npm run dev`: the Worker in local workerd. Flags pass through to `wrangler dev`. Asks nothing and needs no network. */
import { spawn } from "node:child_process"
import { linkSync, unlinkSync, writeFileSync } from "node:fs"
import { createRequire } from "node:module"
import { dirname, join } from "node:path"

const DEV_VARS = ".dev.vars"
const SECRETS = `# Written once by npm run dev, for this machine alone. A deployed Worker has no such defaults.
TOKEN_SECRETS=dev-token-secret-dev-token-secret
ADMIN_KEYS=dev-admin-key
`

/** Whole or not at all, and never over an existing one: two servers may start at once, and wrangler watches the file. */
function writeDevVars(): void {
  const draft = `${DEV_VARS}.${process.pid}`
  writeFileSync(draft, SECRETS, { mode: 0o600 })
  try {
    linkSync(draft, DEV_VARS)
  } catch (error) {
    if (!(error instanceof Error && "code" in error && error.code === "EEXIST")) throw error
  } finally {
    unlinkSync(draft)
  }
}

const QUIET = {
  // Wrangler would keep every address that was asked for on disk, and with it the tokens and sessions in it.
  X_LOCAL_OBSERVABILITY: "false",
  WRANGLER_SEND_METRICS: "false",
  WRANGLER_SEND_ERROR_REPORTS: "false",
  CLOUDFLARE_CF_FETCH_ENABLED: "false",
  WRANGLER_HIDE_BANNER: "true",
}

function named(flag: string): string | undefined {
  return flag.split("=")[0]
}

writeDevVars()
const wrangler = join(dirname(createRequire(import.meta.url).resolve("wrangler/package.json")), "bin", "wrangler.js")
// A deployed Worker has the demo only when it is switched on there.
const DEMO = ["--var", "DEMO:on"]
const given = process.argv.slice(2)
// Wrangler takes none of these twice.
const defaults = ["--show-interactive-dev-session=false", "--inspector-port=0"].filter(
  (flag) => !given.some((one) => named(one) === named(flag)),
)
const child = spawn(process.execPath, [wrangler, "dev", ...DEMO, ...defaults, ...given], {
  stdio: "inherit",
  env: { ...QUIET, ...process.env },
})
for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) process.on(signal, () => child.kill(signal))
// npm's shell does not hand a signal on: when whoever started this is gone, the service goes too.
const parent = process.ppid
const orphaned = setInterval(() => {
  if (process.ppid !== parent) child.kill("SIGTERM")
}, 500)
child.on("exit", (code, signal) => {
  clearInterval(orphaned)
  process.exitCode = code ?? (signal === null ? 1 : 128)
})
