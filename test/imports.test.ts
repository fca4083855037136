import { existsSync } from "node:fs"
import { join } from "node:path"
import { describe, expect, it } from "vitest"
import { filesUnder, hiddenImports, type Import, importsOf, ROOT, textOf, withoutComments } from "./imports-of.ts"

/** What each folder of src may import: folders or single files (of which types alone, where it says so), and packages. */
type Allowed = { readonly values: readonly string[]; readonly types?: readonly string[]; readonly packages: readonly string[] }

const TABLE: Record<string, Allowed> = {
  protocol: { values: ["protocol"], packages: ["zod"] },
  core: { values: ["protocol", "core"], packages: [] },
  cache: { values: ["cache"], packages: [] },
  placement: { values: ["placement"], packages: [] },
  log: { values: ["log"], packages: [] },
  config: { values: ["protocol", "core", "placement", "config"], packages: [] },
  token: { values: ["protocol", "core", "token"], packages: ["jose", "zod"] },
  directory: { values: ["protocol", "directory"], packages: ["cloudflare:workers", "zod"] },
  room: {
    values: ["protocol", "core", "cache", "config", "token", "placement", "log", "room", "directory/shard.ts"],
    types: ["directory/directory.ts"],
    packages: ["cloudflare:workers", "node:zlib", "zod"],
  },
  webhook: { values: ["protocol", "config", "log", "webhook"], packages: ["standardwebhooks"] },
  worker: {
    values: ["protocol", "core", "config", "token", "webhook", "placement", "log", "worker", "room/admission.ts", "directory/shard.ts"],
    types: ["room", "directory"],
    packages: ["hono", "hono/body-limit", "hono/cors", "hono/html", "hono/route", "hono/utils/buffer", "@hono/zod-openapi", "zod"],
  },
  client: { values: ["core/patch.ts", "client"], types: ["protocol"], packages: [] },
  deflate: { values: ["protocol/names.ts", "deflate"], packages: [] },
  react: { values: ["client/index.ts", "react"], packages: ["react"] },
  server: { values: ["protocol", "token", "server"], packages: ["zod", "standardwebhooks"] },
  web: { values: ["client/index.ts", "deflate/index.ts", "web"], types: ["protocol"], packages: [] },
  cli: {
    values: ["client/index.ts", "server/index.ts", "protocol/capabilities.ts", "cli"],
    packages: ["commander", "node:readline/promises", "node:util"],
  },
  dev: { values: ["dev"], packages: ["node:child_process", "node:fs", "node:module", "node:path"] },
}

/** Packages of which types alone may be imported, by anybody of that folder. */
const TYPE_PACKAGES: Record<string, readonly string[]> = { client: ["@standard-schema/spec"] }

/** Single files that may more than their folder. */
const EXCEPTIONS: Record<string, Allowed> = {
  "src/worker/index.ts": { values: ["room/room.ts", "directory/directory.ts"], packages: [] },
  "src/env.d.ts": { values: [], types: ["room/room.ts", "directory/directory.ts", "worker/index.ts"], packages: [] },
  "src/dev/package.ts": { values: [], packages: ["esbuild"] },
  "src/web/build.ts": { values: [], packages: ["esbuild", "node:fs", "node:path"] },
}

const CODE = /\.[cm]?[jt]sx?$/
const files = filesUnder("src", CODE)
const imports = files.flatMap((file) => importsOf(file, textOf(file)))

function folderOf(file: string): string {
  return file.split("/").length > 2 ? (file.split("/")[1] ?? "") : ""
}

function covers(places: readonly string[], target: string): boolean {
  return places.some((place) => target === `src/${place}` || target.startsWith(`src/${place}/`))
}

function isAllowed({ file, target, isLocal, isType }: Import): boolean {
  const folder = folderOf(file)
  return [TABLE[folder], EXCEPTIONS[file]].some((allowed) => {
    if (allowed === undefined) return false
    if (!isLocal) return allowed.packages.includes(target) || (isType && (TYPE_PACKAGES[folder] ?? []).includes(target))
    return covers(allowed.values, target) || (isType && covers(allowed.types ?? [], target))
  })
}

describe("imports", () => {
  it("are found: a scan that finds nothing allows everything", () => {
    const code = `
      // import { a } from "./comment.ts"
      import { b, type C } from "./value.ts"
      import type { D } from "./type.ts"
      import "./effect.ts"
      import E, * as F from "./namespace.ts"
      export * from "./all.ts"
      export type { G } from './some.ts'
      import {
        h,
      } from "./lines.ts"
      const lazy = await import("./lazy.ts")
      type I = typeof import("./typeof.ts")
      const text = "import { x } from './text.ts'"
      import z from "zod"
    `
    const found = importsOf("src/core/x.ts", code).map(({ target, isType }) => [target, isType])
    expect(found).toEqual([
      ["src/core/value.ts", false],
      ["src/core/type.ts", true],
      ["src/core/effect.ts", false],
      ["src/core/namespace.ts", false],
      ["src/core/all.ts", false],
      ["src/core/some.ts", true],
      ["src/core/lines.ts", false],
      ["zod", false],
      ["src/core/lazy.ts", false],
      ["src/core/typeof.ts", true],
    ])
    expect(hiddenImports('const a = import(name); const b = require("x") // require("y")')).toEqual(["import(name)", 'require("x")'])
    expect(files.length).toBeGreaterThan(30)
    expect(imports.length).toBeGreaterThan(100)
  })

  it("stand only in folders that the table knows", () => {
    const unknown = files.filter((file) => !Object.hasOwn(TABLE, folderOf(file)) && !Object.hasOwn(EXCEPTIONS, file))
    expect(unknown).toEqual([])
  })

  it("point one way, as the table has it", () => {
    const forbidden = imports
      .filter((one) => !isAllowed(one))
      .map(({ file, target, isType }) => `${file} → ${isType ? "type " : ""}${target}`)
    expect(forbidden).toEqual([])
  })

  it("name files that exist, with their extension, and none outside of src", () => {
    const bad = imports.filter(
      ({ target, isLocal }) => isLocal && !(target.startsWith("src/") && existsSync(join(ROOT, target)) && CODE.test(target)),
    )
    expect(bad.map(({ file, target }) => `${file} → ${target}`)).toEqual([])
  })

  it("are all written down", () => {
    expect(files.flatMap((file) => hiddenImports(textOf(file)).map((hidden) => `${file}: ${hidden}`))).toEqual([])
  })

  it("make no circle of files that need each other, be it for a type", () => {
    const needs = new Map(
      files.map((file) => [file, imports.filter((one) => one.file === file && one.isLocal).map(({ target }) => target)]),
    )
    const circles: string[] = []
    const visit = (file: string, path: readonly string[]): void => {
      const at = path.indexOf(file)
      if (at >= 0) {
        circles.push([...path.slice(at), file].join(" → "))
        return
      }
      for (const next of needs.get(file) ?? []) visit(next, [...path, file])
      needs.set(file, [])
    }
    for (const file of files) visit(file, [])
    expect(circles).toEqual([])
  })
})

describe("the pure parts", () => {
  const PLATFORM = [
    /\bDate\s*\.\s*now\b/,
    /\bnew\s+Date\b/,
    /\bMath\s*\.\s*random\b/,
    /\b(set|clear)(Timeout|Interval|Immediate)\b/,
    /\bqueueMicrotask\b/,
    /\b(crypto|performance|console|process|navigator|globalThis|WebSocket|WebSocketPair|fetch|Request|Response|URL|TextEncoder|Buffer)\b\s*[.([]/,
    /\bnew\s+(WebSocket|WebSocketPair|Request|Response|URL|TextEncoder|TextDecoder)\b/,
  ]

  it.each(files.filter((file) => ["core", "cache"].includes(folderOf(file))))("know no clock, no chance and no platform: %s", (file) => {
    const code = withoutComments(textOf(file), "without strings")
    expect(PLATFORM.flatMap((global) => code.match(global)?.[0] ?? [])).toEqual([])
  })

  it("would be caught knowing one", () => {
    for (const code of [
      "Date.now()",
      "new Date(1)",
      "Math.random()",
      "setTimeout(f, 1)",
      "crypto.subtle",
      "console.log(1)",
      "new WebSocket(u)",
      "fetch(u)",
    ]) {
      expect(PLATFORM.some((global) => global.test(code))).toBe(true)
    }
    expect(withoutComments('f("Date.now()") // Math.random()', "without strings")).toBe('f("")  ')
  })
})
