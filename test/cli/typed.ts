import { run } from "../../src/cli/run.ts"
import type { Terminal } from "../../src/cli/terminal.ts"

/** What a command said, and its exit code; piped, and with nobody to ask unless `confirm` is given. */
export async function typed(argv: readonly string[], confirm: Terminal["confirm"] = null) {
  const out: string[] = []
  const err: string[] = []
  const terminal: Terminal = {
    print: (line) => void out.push(line),
    complain: (line) => void err.push(line),
    screen: null,
    emphasise: (text) => text,
    confirm,
    stop: () => new AbortController().signal,
    now: () => 100_000,
  }
  return { code: await run(argv, terminal), out: out.join("\n"), err: err.join("\n") }
}
