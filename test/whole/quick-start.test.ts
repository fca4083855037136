import { type ChildProcess, execFileSync, spawn } from "node:child_process"
import { afterAll, describe, expect, it } from "vitest"
import { roomStatsSchema } from "../../src/protocol/admin.ts"
import { snippets } from "../docs/snippets.ts"
import { ROOT } from "../imports-of.ts"
import { serviceForFile } from "./service.ts"

const service = serviceForFile()
const PORT = /localhost:8787/g

/** The README's shell snippet that holds this, spoken to the service of this file. */
function snippetWith(part: string): string {
  const snippet = snippets.find(({ page, language, text }) => page === "README.md" && language === "sh" && text.includes(part))
  if (snippet === undefined) throw new Error(`no snippet of the README holds ${part}`)
  expect(snippet.text).toMatch(PORT)
  return snippet.text.replaceAll(PORT, new URL(service.url).host)
}

const running: ChildProcess[] = []
afterAll(() => {
  for (const { pid } of running) if (pid !== undefined) process.kill(-pid, "SIGKILL")
})

/** What a snippet that goes on prints, until it holds what is awaited. */
function started(shell: string): { until(part: string): Promise<void> } {
  const child = spawn("bash", ["-c", shell], { cwd: ROOT, detached: true, stdio: ["ignore", "pipe", "pipe"] })
  running.push(child)
  let printed = ""
  const until = (part: string) =>
    new Promise<void>((resolve, reject) => {
      const look = () => {
        if (printed.includes(part)) resolve()
      }
      child.once("exit", () => reject(new Error(`it ended without ${part}: ${printed}`)))
      for (const stream of [child.stdout, child.stderr]) stream.on("data", look)
      look()
    })
  for (const stream of [child.stdout, child.stderr]) {
    stream.on("data", (chunk: Buffer) => {
      printed += chunk.toString()
    })
  }
  return { until }
}

describe("the README's way in", () => {
  it("[DC5] works as it stands there: two terminals see each other, and the operator sees both", async () => {
    const join = snippetWith("node --input-type=module")
    const anna = started(join)
    await anna.until('"member":"anna"')
    await anna.until('"cursor":{"x":1,"y":2}')
    expect(join).toMatch(/' anna\n$/)
    const bert = started(join.replace(/' anna\n$/, "' bert\n"))
    await bert.until('"member":"anna","info":{"name":"anna"}')
    await anna.until('"member":"bert","info":{"name":"bert"}')
    const printed = execFileSync("bash", ["-c", snippetWith("curl")], { encoding: "utf8", stdio: ["ignore", "pipe", "ignore"] })
    expect(roomStatsSchema.parse(JSON.parse(printed))).toMatchObject({ room: "doc-1", members: 2, connections: 2 })
  })
})
