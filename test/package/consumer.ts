/** A stranger's project that has installed Rollcall: what `npm pack` would publish, beside the packages that it declares and no others. */
import { execFileSync } from "node:child_process"
import { cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, realpathSync, rmSync, symlinkSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { dirname, join } from "node:path"
import { z } from "zod"

const ROOT = new URL("../..", import.meta.url).pathname

const manifestSchema = z.object({
  name: z.string(),
  version: z.string(),
  files: z.array(z.string()),
  bin: z.record(z.string(), z.string()),
  exports: z.record(z.string(), z.union([z.string(), z.object({ types: z.string(), default: z.string() })])),
  dependencies: z.record(z.string(), z.string()),
  peerDependencies: z.record(z.string(), z.string()),
})

/** What the project of whoever uses the React adapter or Node has of its own. */
const OWN_TYPES = ["@types/react", "@types/node", "csstype", "undici-types"]

export type Consumer = {
  readonly folder: string
  /** The tarball, as npm would publish it. */
  readonly tarball: string
  /** The installed package's folder. */
  readonly installed: string
  readonly manifest: z.infer<typeof manifestSchema>
  write(path: string, text: string): string
  /** What a script prints; an error with its output when it fails. */
  node(...args: string[]): string
  /** What the compiler has to complain of, as "file:line TS1234 why", strict and with the libraries' own types looked at unless told otherwise. */
  compile(version: CompilerVersion, options: Readonly<Record<string, unknown>>, files: readonly string[]): string[]
  remove(): void
}

const COMPILERS = { 7: "node_modules/typescript", 6: "docs/reference/node_modules/typescript" } as const
const COMPLAINT = /([\w@./-]+)\((\d+),\d+\): error (TS\d+): (.*)/g
export type CompilerVersion = keyof typeof COMPILERS

/** Builds, packs and installs; takes a second or two, and needs no network. */
export function installPackage(): Consumer {
  const folder = realpathSync(mkdtempSync(join(tmpdir(), "rollcall-package-")))
  const stage = join(folder, "stage")
  for (const file of ["package.json", "README.md", "LICENSE"]) cpSync(join(ROOT, file), join(stage, file))
  run(process.execPath, [join(ROOT, "src/dev/package.ts"), join(stage, "dist/package")], ROOT)
  run("npm", ["pack", "--ignore-scripts", "--offline", "--pack-destination", folder], stage)
  const manifest = manifestSchema.parse(JSON.parse(readFileSync(join(stage, "package.json"), "utf8")))
  const tarball = join(folder, `${manifest.name}-${manifest.version}.tgz`)
  const installed = join(folder, "node_modules", "rollcall")
  mkdirSync(installed, { recursive: true })
  run("tar", ["-xzf", tarball, "-C", installed, "--strip-components=1"], folder)
  rmSync(stage, { recursive: true })
  for (const name of [...Object.keys(manifest.dependencies), ...Object.keys(manifest.peerDependencies), ...OWN_TYPES]) link(folder, name)
  const write = (path: string, text: string) => {
    mkdirSync(dirname(join(folder, path)), { recursive: true })
    writeFileSync(join(folder, path), text)
    return path
  }
  write("package.json", JSON.stringify({ name: "consumer", private: true, type: "module" }))
  return {
    folder,
    tarball,
    installed,
    manifest,
    write,
    node: (...args) => run(process.execPath, args, folder),
    compile(version, options, files) {
      const compilerOptions = { strict: true, noEmit: true, target: "ES2022", lib: ["ES2022", "DOM"], types: [], ...options }
      write("tsconfig.json", JSON.stringify({ compilerOptions, files }))
      try {
        run(process.execPath, [join(ROOT, COMPILERS[version], "bin/tsc"), "-p", folder, "--pretty", "false"], folder)
        return []
      } catch (error) {
        const complaints = Array.from(String(error).matchAll(COMPLAINT), ([, file, line, code, why]) => `${file}:${line} ${code} ${why}`)
        if (complaints.length === 0) throw error
        return complaints
      }
    },
    remove: () => rmSync(folder, { recursive: true, force: true }),
  }
}

function link(folder: string, name: string): void {
  const target = join(ROOT, "node_modules", name)
  if (!existsSync(target)) return
  const place = join(folder, "node_modules", name)
  mkdirSync(dirname(place), { recursive: true })
  symlinkSync(target, place, "dir")
}

function run(command: string, args: readonly string[], cwd: string): string {
  try {
    return execFileSync(command, args, { cwd, encoding: "utf8", stdio: ["ignore", "pipe", "pipe"] })
  } catch (error) {
    if (!(error instanceof Error && "stdout" in error && "stderr" in error)) throw error
    throw new Error(`${command} ${args[0]}: ${String(error.stdout)}${String(error.stderr)}`)
  }
}
