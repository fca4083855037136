/** Which files there are under a folder, and what a file of TypeScript imports: statements, types, re-exports, dynamic ones. */
import { readdirSync, readFileSync } from "node:fs"
import { dirname, join, relative } from "node:path"

export const ROOT = new URL("..", import.meta.url).pathname

/** Paths from the project's root, in order. */
export function filesUnder(folder: string, pattern: RegExp): string[] {
  return readdirSync(join(ROOT, folder), { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && pattern.test(entry.name))
    .map((entry) => relative(ROOT, join(entry.parentPath, entry.name)))
    .sort()
}

export function textOf(file: string): string {
  return readFileSync(join(ROOT, file), "utf8")
}

export type Import = {
  readonly file: string
  /** A path from the project's root (`src/core/rate.ts`), or a package's name as written. */
  readonly target: string
  readonly isLocal: boolean
  /** Nothing of it is there when the code runs. */
  readonly isType: boolean
}

const LEXEME = /\/\*[\s\S]*?\*\/|\/\/[^\n]*|"(?:[^"\\\n]|\\.)*"|'(?:[^'\\\n]|\\.)*'|`(?:[^`\\]|\\.)*`/g

/** The code without its comments, and on demand without what its strings say. */
export function withoutComments(code: string, strings: "with strings" | "without strings" = "with strings"): string {
  return code.replace(LEXEME, (lexeme) => {
    if (lexeme.startsWith("/")) return " "
    return strings === "with strings" ? lexeme : lexeme.charAt(0).repeat(2)
  })
}

const STATEMENT = /^[ \t]*(import|export)\s+(type\s+)?(?:[\w$*{}\s,]+?\bfrom\s*)?(["'])([^"'\n]+)\3/gm
const CALL = /(:\s*|\btypeof\s+|<\s*)?\bimport\s*\(\s*(["'])([^"'\n]+)\2\s*\)/g

export function importsOf(file: string, code: string): Import[] {
  const bare = withoutComments(code)
  const found = (name: string, isType: boolean): Import => {
    const isLocal = name.startsWith(".")
    return { file, target: isLocal ? join(dirname(file), name) : name, isLocal, isType }
  }
  const statements = Array.from(bare.matchAll(STATEMENT), ([, , type, , name = ""]) => found(name, type !== undefined))
  // In a type's place, import("…") is gone when the code runs.
  const calls = Array.from(bare.matchAll(CALL), ([, before, , name = ""]) => found(name, before !== undefined || file.endsWith(".d.ts")))
  return [...statements, ...calls]
}

/** Imports whose target is not written down, or that go another way. */
export function hiddenImports(code: string): string[] {
  const bare = withoutComments(code)
  return [...(bare.match(/\bimport\s*\((?!\s*["'])[^)]*\)/g) ?? []), ...(bare.match(/\brequire\s*\([^)]*\)/g) ?? [])]
}
