/** A real Chromium: the system's where there is one, else the one inside an npm package, unpacked once per installation. */
import { execFileSync, spawnSync } from "node:child_process"
import { accessSync, constants, existsSync, mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs"
import { createRequire } from "node:module"
import { dirname, join } from "node:path"
import { type Browser, chromium } from "playwright-core"

const SYSTEM = ["/usr/bin/chromium", "/usr/bin/chromium-browser", "/usr/bin/google-chrome"]
const FLAGS = [
  "--no-sandbox",
  "--disable-gpu",
  "--disable-quic",
  "--no-first-run",
  "--no-zygote",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
]
/** Where the package unpacks its shared libraries and fonts, below the folder that it is given. */
const LIBRARIES = join("al2023", "lib")
const UNPACK = `import("@sparticuz/chromium").then(({ default: chromium }) => chromium.executablePath())`
const FONTS = (folder: string) => `<?xml version="1.0"?>
<!DOCTYPE fontconfig SYSTEM "fonts.dtd">
<fontconfig><dir>${folder}</dir><dir>/usr/share/fonts</dir><cachedir>${join(folder, "cache")}</cachedir></fontconfig>
`

type Program = { readonly path: string; readonly env: Readonly<Record<string, string>> }

export async function launchChromium(): Promise<Browser> {
  const { path, env } = findChromium()
  return await chromium.launch({ executablePath: path, headless: true, args: FLAGS, env: { ...process.env, ...env } })
}

function findChromium(): Program {
  const system = SYSTEM.find(existsSync)
  if (system !== undefined) return { path: system, env: {} }
  const folder = unpacked()
  const path = join(folder, "chromium")
  const fonts = { FONTCONFIG_FILE: join(folder, "fonts", "rollcall.conf") }
  if (starts({ path, env: fonts })) return { path, env: fonts }
  // A machine without the libraries that it wants: the package brings them along.
  const LD_LIBRARY_PATH = [join(folder, LIBRARIES), process.env["LD_LIBRARY_PATH"]].filter(Boolean).join(":")
  const program = { path, env: { ...fonts, LD_LIBRARY_PATH } }
  if (starts(program)) return program
  const missing = spawnSync("ldd", [path], { encoding: "utf8" }).stdout
  throw new Error(`Chromium does not start here, with or without its own libraries; install one as ${SYSTEM[0]}. ldd says:\n${missing}`)
}

function starts({ path, env }: Program): boolean {
  return spawnSync(path, ["--version", "--no-sandbox"], { env: { ...process.env, ...env }, timeout: 20_000 }).status === 0
}

/** The unpacked package, next to the packages themselves. It appears whole or not at all: test files run side by side. */
function unpacked(): string {
  const require = createRequire(import.meta.url)
  const own = dirname(dirname(require.resolve("@sparticuz/chromium")))
  const version = versionOf(readFileSync(join(own, "package.json"), "utf8"))
  const cache = join(own, "..", "..", ".cache")
  const folder = join(cache, `rollcall-chromium-${version}`)
  if (existsSync(folder)) return folder
  mkdirSync(cache, { recursive: true })
  const draft = mkdtempSync(join(cache, "draft-"))
  try {
    // It unpacks to the temporary folder, and its libraries only where it takes the machine for Amazon's.
    const env = { ...process.env, TMPDIR: draft, AWS_EXECUTION_ENV: "AWS_Lambda_nodejs24.x" }
    execFileSync(process.execPath, ["--input-type=module", "-e", UNPACK], { cwd: own, env, stdio: ["ignore", "ignore", "pipe"] })
    accessSync(join(draft, "chromium"), constants.X_OK)
    writeFileSync(join(draft, "fonts", "rollcall.conf"), FONTS(join(folder, "fonts")))
    renameSync(draft, folder)
  } catch (error) {
    rmSync(draft, { recursive: true, force: true })
    // Another file was first.
    if (!existsSync(folder)) throw error
  }
  return folder
}

function versionOf(packageJson: string): string {
  const read: unknown = JSON.parse(packageJson)
  return typeof read === "object" && read !== null && "version" in read ? String(read.version) : "unknown"
}
