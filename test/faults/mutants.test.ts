import { readFileSync } from "node:fs"
import { join } from "node:path"
import { expect, it } from "vitest"
import { MUTANTS } from "./mutants.ts"

const ROOT = join(import.meta.dirname, "../..")

it.each(MUTANTS)("[FT8] can be put in: $what", ({ file, from, to }) => {
  expect(readFileSync(join(ROOT, file), "utf8").split(from)).toHaveLength(2)
  expect(to).not.toBe(from)
})
