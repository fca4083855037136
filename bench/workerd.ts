/** A configuration for `workerd serve`: one Worker with one Durable Object class, on one port. */
import { mkdtempSync, writeFileSync } from "node:fs"
import { basename, dirname, join } from "node:path"
import { compatibilityDate, compatibilityFlags } from "./build.ts"

export type WorkerConfig = {
  /** The bundled module; the configuration is written beside it. */
  readonly module: string
  /** Under which name the environment holds the namespace of the class Room; null for a Worker without one. */
  readonly roomBinding: string | null
  readonly variables: Readonly<Record<string, string>>
  readonly v8Flags?: readonly string[]
}

/** Each run has a storage of its own, on disk: SQLite cannot be in memory. Returns the file's path. */
export function writeConfig({ module, roomBinding, variables, v8Flags = [] }: WorkerConfig, port: number): string {
  const bindings = Object.entries(variables).map(([name, text]) => `(name = ${quote(name)}, text = ${quote(text)})`)
  if (roomBinding !== null) bindings.push(`(name = ${quote(roomBinding)}, durableObjectNamespace = "Room")`)
  const namespaces = roomBinding === null ? "" : '(className = "Room", uniqueKey = "rollcall-bench-room", enableSql = true)'
  const storage = mkdtempSync(join(dirname(module), "storage-"))
  const path = `${storage}.capnp`
  writeFileSync(
    path,
    `using Workerd = import "/workerd/workerd.capnp";
const config :Workerd.Config = (
  v8Flags = [${v8Flags.map(quote).join(", ")}],
  services = [(name = "main", worker = .worker), (name = "storage", disk = (path = ${quote(storage)}, writable = true))],
  sockets = [(name = "http", address = "127.0.0.1:${port}", http = (), service = "main")],
);
const worker :Workerd.Worker = (
  modules = [(name = "index.js", esModule = embed ${quote(basename(module))})],
  compatibilityDate = ${quote(compatibilityDate())},
  compatibilityFlags = [${compatibilityFlags().map(quote).join(", ")}],
  bindings = [${bindings.join(", ")}],
  durableObjectNamespaces = [${namespaces}],
  durableObjectStorage = (localDisk = "storage"),
);
`,
  )
  return path
}

function quote(text: string): string {
  return JSON.stringify(text)
}
