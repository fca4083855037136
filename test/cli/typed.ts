import { run } from "../../src/cli/run.ts"
import type { Terminal } from "../../src/cli/terminal.ts"

/** What a command said, and its exit code; piped, and with nobody to ask, unless `more` gives it a screen or somebody. */
export async function typed(argv: readonly string[], more: Partial<Terminal> = {}) {
  const out: string[] = []
  const err: string[] = []
  const terminal: Terminal = {
    print: (line) => void out.push(line),
    complain: (line) => void err.push(line),
    screen: null,
    emphasise: (text) => text,
    confirm: null,
    stop: () => new AbortController().signal,
    now: () => 100_000,
    ...more,
  }
  return { code: await run(argv, terminal), out: out.join("\n"), err: err.join("\n") }
}
