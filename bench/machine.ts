/** What the figures were taken on, and with. */
import { cpus, totalmem } from "node:os"
import { compatibilityDate, installedVersion } from "./build.ts"

export function describeMachine(packages: readonly string[]): string {
  const cores = cpus()
  const memory = `${Math.round(totalmem() / 1024 ** 3)} GB`
  const model = cores[0]?.model.trim() ?? "unknown CPU"
  const versions = packages.map((name) => `${name} ${installedVersion(name)}`).join(", ")
  const day = new Date().toISOString().slice(0, 10)
  return [
    `- ${cores.length} cores (${model}), ${memory}, ${process.platform} ${process.arch}; server and generator share them, over loopback, without TLS`,
    `- Node ${process.version.slice(1)}, ${versions}, compatibility date ${compatibilityDate()}`,
    `- ${day}`,
  ].join("\n")
}
