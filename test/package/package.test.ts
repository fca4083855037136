import { readFileSync } from "node:fs"
import { join, relative } from "node:path"
import { build } from "esbuild"
import { publint } from "publint"
import { formatMessage } from "publint/utils"
import { afterAll, beforeAll, describe, expect, it } from "vitest"
import { filesUnder, textOf } from "../imports-of.ts"
import { type CompilerVersion, type Consumer, installPackage } from "./consumer.ts"

let consumer: Consumer
beforeAll(() => {
  consumer = installPackage()
}, 60_000)
afterAll(() => consumer.remove())

describe("the package", { timeout: 60_000 }, () => {
  it("[PK1] has nothing that publint finds", async () => {
    const tarball = Uint8Array.from(readFileSync(consumer.tarball)).buffer
    const { messages, pkg } = await publint({ pack: { tarball }, strict: true })
    expect(messages.map((message) => `${message.type}: ${formatMessage(message, pkg, { color: false })}`)).toEqual([])
  })

  it("[PK1] has an entry with types for the client, compressed frames, React and backends, and holds nothing that no entry needs", () => {
    const { exports, files } = consumer.manifest
    expect(files).toEqual(["dist/package"])
    expect(Object.keys(exports)).toEqual(["./client", "./deflate", "./react", "./server", "./package.json"])
    const published = consumer.node("-e", LIST, consumer.installed).trim().split("\n")
    expect(published).toEqual(expect.arrayContaining(["package.json", "README.md", "LICENSE"]))
    const made = published.filter((file) => file.startsWith("dist/"))
    expect(made.filter((file) => !/^dist\/package\/(?:[a-z]+|shared-\w+)\.js$|^dist\/package\/types\/[\w/-]+\.d\.ts$/.test(file))).toEqual(
      [],
    )
    expect(published.length - made.length).toBe(3)
  })

  it("[PK2] runs in Node from each entry", () => {
    consumer.write("run.mjs", RUN)
    expect(JSON.parse(consumer.node("run.mjs"))).toEqual({
      client: expect.arrayContaining(["RollcallError", "createClient"]),
      react: expect.arrayContaining([
        "RollcallProvider",
        "RoomProvider",
        "useOthers",
        "useSelf",
        "useMembers",
        "useUpdatePresence",
        "useMessages",
        "useSend",
        "useConnectionStatus",
      ]),
      deflate: ["DeflateWebSocket"],
      server: ["RollcallError", "RollcallNetworkError", "createAdmin", "mintToken", "verifyToken", "verifyWebhook"],
      oneErrorClass: true,
      member: "anna",
    })
  })

  it("[PK8] brings the command, which runs from what is published", () => {
    expect(consumer.manifest.bin).toEqual({ rollcall: "./dist/package/cli.js" })
    const command = join(consumer.installed, consumer.manifest.bin["rollcall"] ?? "")
    expect(readFileSync(command, "utf8")).toMatch(/^#!\/usr\/bin\/env node\n/)
    expect(consumer.node(command, "--help")).toContain("watch [options] <name>")
    expect(() => consumer.node(command, "room", "doc-1", "--key", "")).toThrow("no admin key")
  })

  const bundler = { module: "ESNext", moduleResolution: "bundler" }
  const node16 = { module: "Node16", moduleResolution: "Node16" }
  const settings: [CompilerVersion, string, Readonly<Record<string, unknown>>][] = [
    [7, "bundler", bundler],
    [7, "node16", { ...node16, skipLibCheck: true }],
    [6, "node16", { ...node16, skipLibCheck: true }],
  ]
  it.each(settings)(
    "[PK3] has types that compile by themselves and refuse what is wrong: TypeScript %i, %s",
    (compiler, _name, options) => {
      consumer.write("use.tsx", USE)
      consumer.write("misuse.ts", 'import { createClient, nothing } from "rollcall/client"\ncreateClient({ url: 1 })\nexport { nothing }\n')
      const complaints = consumer.compile(compiler, { ...options, jsx: "react-jsx" }, ["use.tsx", "misuse.ts"])
      expect(complaints.map((complaint) => complaint.slice(0, "misuse.ts:1 TS2305".length))).toEqual([
        "misuse.ts:1 TS2305",
        "misuse.ts:2 TS2322",
      ])
    },
  )

  it("[PK4] has types that hold against misuse: test/types compiles against what is published", () => {
    const files = filesUnder("test/types", /\.test-d\.tsx?$/)
    expect(files.length).toBeGreaterThan(2)
    const copies = [...files, "test/types/equal.ts"].map((file) => consumer.write(relative("test", file), textOf(file)))
    expect(consumer.compile(7, { ...bundler, jsx: "react-jsx", allowImportingTsExtensions: true }, copies)).toEqual([])
  })

  it.each(["client", "deflate", "server"])("[PK5] asks no built-in of Node: %s", async (entry) => {
    const { inputs, outputs } = await bundle(entry)
    const outside = Object.values(outputs).flatMap(({ imports }) => imports.filter(({ external }) => external))
    expect(outside).toEqual([])
    expect(Object.keys(inputs).length).toBeGreaterThan(0)
  })

  it.each(["client", "deflate"])("[PK5] brings no dependency into a page's bundle, and no validator above all: %s", async (entry) => {
    const { inputs } = await bundle(entry)
    expect(
      Object.keys(inputs).filter(
        (input) => !/^(?:consumer:|node_modules\/rollcall\/dist\/package\/(?:client|deflate|shared-\w+)\.js$|<stdin>$)/.test(input),
      ),
    ).toEqual([])
  })

  it("[PK5] leaves out of a bundle what is not used", async () => {
    const { outputs } = await bundle("client", "RollcallError")
    expect(Object.values(outputs).reduce((sum, { bytes }) => sum + bytes, 0)).toBeLessThan(600)
  })
})

/** What a bundler makes of one entry for a platform that is none of Node's. */
async function bundle(entry: string, names = "*") {
  const what = names === "*" ? "*" : `{ ${names} }`
  const { metafile } = await build({
    absWorkingDir: consumer.folder,
    stdin: { contents: `export ${what} from "rollcall/${entry}"`, resolveDir: consumer.folder },
    bundle: true,
    minify: true,
    platform: "neutral",
    mainFields: ["module", "main"],
    format: "esm",
    write: false,
    metafile: true,
    outdir: "out",
  })
  return metafile
}

const LIST = `
const { readdirSync } = require("node:fs")
const { join, relative } = require("node:path")
const root = process.argv[1]
for (const entry of readdirSync(root, { recursive: true, withFileTypes: true })) {
  if (entry.isFile()) console.log(relative(root, join(entry.parentPath, entry.name)))
}`

const RUN = `
import * as client from "rollcall/client"
import * as deflate from "rollcall/deflate"
import * as react from "rollcall/react"
import * as server from "rollcall/server"
const secret = "a-secret-of-a-backend-a-secret-of-a-backend"
const token = await server.mintToken({ secret, member: "anna", rooms: { "*": ["subscribe"] } })
const { member } = await server.verifyToken(token, { secret })
const { RollcallError: again } = await import("rollcall/client")
const names = Object.fromEntries(Object.entries({ client, deflate, react, server }).map(([name, entry]) => [name, Object.keys(entry).sort()]))
console.log(JSON.stringify({ ...names, oneErrorClass: again === client.RollcallError, member }))
`

const USE = `
import { createClient, type Room } from "rollcall/client"
import { DeflateWebSocket } from "rollcall/deflate"
import { RollcallProvider, RoomProvider, useOthers } from "rollcall/react"
import { createAdmin, mintToken, type RoomStats } from "rollcall/server"

type Data = { cursor: { x: number; y: number } | null }
const client = createClient({ url: "https://presence.example.com", token: async () => "", WebSocket: DeflateWebSocket })
export const room: Room<Data, { name: string }, { wave: string }> = client.room<Data, { name: string }, { wave: string }>("doc-1")
export const stats: Promise<RoomStats> = createAdmin({ url: "https://presence.example.com", key: "key" }).stats("doc-1")
export const token: Promise<string> = mintToken({ secret: "", member: "anna", rooms: { "doc-*": ["subscribe"] }, expiresIn: "15m" })

function Others() {
  return <b>{useOthers().length}</b>
}
export function App() {
  return (
    <RollcallProvider client={client}>
      <RoomProvider room="doc-1" initial={{ cursor: null }}>
        <Others />
      </RoomProvider>
    </RollcallProvider>
  )
}
`
