/** A configuration for `workerd serve`: one Worker with its Durable Object classes, on one port. */
import { mkdtempSync, writeFileSync } from "node:fs"
import { basename, dirname, join } from "node:path"
import { compatibilityDate, compatibilityFlags } from "./build.ts"

export type WorkerConfig = {
  /** The bundled module; the configuration is written beside it. */
  readonly module: string
  /** The Durable Object classes, by the names under which the environment holds their namespaces. */
  readonly objects: Readonly<Record<string, string>>
  readonly variables: Readonly<Record<string, string>>
  readonly v8Flags?: readonly string[]
  /** The text of a module that is run in place of the Worker's, and imports it. */
  readonly around?: (module: string) => string
}

/** Each run has a storage of its own, on disk: SQLite cannot be in memory. Returns the file's path. */
export function writeConfig({ module, objects, variables, v8Flags = [], around }: WorkerConfig, port: number): string {
  const bindings = Object.entries(variables).map(([name, text]) => `(name = ${quote(name)}, text = ${quote(text)})`)
  const namespaces: string[] = []
  for (const [name, className] of Object.entries(objects)) {
    bindings.push(`(name = ${quote(name)}, durableObjectNamespace = ${quote(className)})`)
    namespaces.push(`(className = ${quote(className)}, uniqueKey = ${quote(`rollcall-bench-${className}`)}, enableSql = true)`)
  }
  const storage = mkdtempSync(join(dirname(module), "storage-"))
  const path = `${storage}.capnp`
  const own = `(name = "index.js", esModule = embed ${quote(basename(module))})`
  const modules = around === undefined ? [own] : [`(name = "around.js", esModule = ${quote(around("index.js"))})`, own]
  writeFileSync(
    path,
    `using Workerd = import "/workerd/workerd.capnp";
const config :Workerd.Config = (
  v8Flags = [${v8Flags.map(quote).join(", ")}],
  services = [(name = "main", worker = .worker), (name = "storage", disk = (path = ${quote(storage)}, writable = true))],
  sockets = [(name = "http", address = "127.0.0.1:${port}", http = (), service = "main")],
);
const worker :Workerd.Worker = (
  modules = [${modules.join(", ")}],
  compatibilityDate = ${quote(compatibilityDate())},
  compatibilityFlags = [${compatibilityFlags().map(quote).join(", ")}],
  bindings = [${bindings.join(", ")}],
  durableObjectNamespaces = [${namespaces.join(", ")}],
  durableObjectStorage = (localDisk = "storage"),
);
`,
  )
  return path
}

function quote(text: string): string {
  return JSON.stringify(text)
}
