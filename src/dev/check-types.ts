/** Every part of the project against the types of its own surroundings: one tsconfig per part, two compilers at a time. */
import { spawn } from "node:child_process"
import { globSync } from "node:fs"
import { createRequire } from "node:module"
import { dirname, join } from "node:path"

const AT_ONCE = 2
const tsc = join(dirname(createRequire(import.meta.url).resolve("typescript/package.json")), "bin", "tsc")
const parts = globSync("**/tsconfig.json", { exclude: (path) => /node_modules|dist|\.wrangler/.test(String(path)) }).sort()

function check(part: string): Promise<boolean> {
  return new Promise((resolve) => {
    const compiler = spawn(process.execPath, [tsc, "-p", part], { stdio: "inherit" })
    compiler.on("exit", (code) => resolve(code === 0))
  })
}

async function checkAll(): Promise<boolean[]> {
  const results: boolean[] = []
  const waiting = [...parts]
  const worker = async () => {
    for (let part = waiting.shift(); part !== undefined; part = waiting.shift()) results.push(await check(part))
  }
  await Promise.all(Array.from({ length: AT_ONCE }, worker))
  return results
}

const results = await checkAll()
if (results.length === 0 || results.includes(false)) process.exitCode = 1
