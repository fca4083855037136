#!/usr/bin/env node
/** The command `rollcall`: this process's streams and signals, and nothing else. */
import { createInterface } from "node:readline/promises"
import { styleText } from "node:util"
import { run } from "./run.ts"
import type { Screen, Terminal } from "./terminal.ts"

const { stdin, stdout, stderr, env } = process
const HIDDEN = "\u001b[?1049h\u001b[?25l"
const RESTORED = "\u001b[?25h\u001b[?1049l"
const HOME = "\u001b[H"
const CLEAR_LINE = "\u001b[K"
const CLEAR_REST = "\u001b[J"

const stopped = new AbortController()
// Whoever read has had enough (head, say): that is no failure.
stdout.on("error", (error) => {
  if (!("code" in error) || error.code !== "EPIPE") throw error
  process.exit(0)
})

/** A terminal that does not say its size says 0. The page is of its own, so that what stood in the window is there again afterwards. */
function screenOf(): Screen {
  let isOpen = false
  return {
    get columns() {
      return stdout.columns || 80
    },
    get rows() {
      return stdout.rows || 24
    },
    show(lines) {
      stdout.write(`${isOpen ? "" : HIDDEN}${HOME}${lines.map((line) => `${line}${CLEAR_LINE}\n`).join("")}${CLEAR_REST}`)
      isOpen = true
    },
    end() {
      if (isOpen) stdout.write(RESTORED)
      isOpen = false
    },
  }
}

async function confirm(question: string): Promise<boolean> {
  const lines = createInterface({ input: stdin, output: stderr })
  try {
    return /^y(es)?$/i.test((await lines.question(question)).trim())
  } catch (error) {
    // Who ends the question (Ctrl-C, Ctrl-D) has not said yes.
    if (!(error instanceof Error && error.name === "AbortError")) throw error
    stderr.write("\n")
    return false
  } finally {
    lines.close()
  }
}

const hasColor = stdout.isTTY === true && (env["NO_COLOR"] ?? "") === ""

const terminal: Terminal = {
  print: (line) => void stdout.write(`${line}\n`),
  complain: (line) => void stderr.write(`${line}\n`),
  screen: stdout.isTTY === true ? screenOf() : null,
  emphasise: (text) => (hasColor ? styleText("bold", text, { validateStream: false }) : text),
  confirm: stdin.isTTY === true && stderr.isTTY === true ? confirm : null,
  stop() {
    for (const signal of ["SIGINT", "SIGTERM"] as const) process.once(signal, () => stopped.abort())
    return stopped.signal
  },
  now: Date.now,
}

const code = await run(process.argv.slice(2), terminal)
// A socket that is slow to end must not keep the prompt; what was printed is out first.
stdout.write("", () => process.exit(code))
